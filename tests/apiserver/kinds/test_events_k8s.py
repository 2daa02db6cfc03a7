"""events.k8s.io: the core group's events in another form."""

from picok8s.apiserver.kinds.events_k8s import decode, encode
from tests.apiserver.kinds import play

NAME = "events.events.k8s.io"
EVENT = {
    "apiVersion": "events.k8s.io/v1",
    "metadata": {"name": "a", "namespace": "n"},
    "eventTime": "2024-01-01T00:00:00.123456Z",
    "reportingController": "example.com/c",
    "reportingInstance": "i",
    "action": "Did",
    "reason": "Why",
    "note": "text",
    "type": "Normal",
    "regarding": {"kind": "Pod", "namespace": "n", "name": "p"},
}


def test_a_core_event_is_shown_by_new_names():
    core = {
        "apiVersion": "v1",
        "metadata": {"name": "a"},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "message": "m",
        "source": {"component": "kubelet"},
        "firstTimestamp": "2024-01-01T00:00:00Z",
        "lastTimestamp": None,
        "count": 3,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    }
    shown = decode(core)
    assert shown["regarding"]["name"] == "p" and shown["note"] == "m" and shown["deprecatedCount"] == 3
    assert "reportingController" not in shown and encode(shown) == core


def test_a_series_may_change_and_the_rest_not():
    made, errors = play.create(NAME, EVENT)
    assert not errors
    series = {"count": 2, "lastObservedTime": "2024-01-01T00:00:09.000000Z"}
    assert play.update(NAME, made, {"series": series})[1] == []
    assert play.update(NAME, made, {"note": "other", "series": {"count": 1}})[1] == [
        'series.count: Invalid value: "": should be at least 2',
        "series.lastObservedTime: Required value",
        'message: Invalid value: "other": field is immutable',
    ]


def test_fields_are_read_in_either_form():
    read = play.kind(NAME).behaviour.fields["regarding.name"]
    assert read(EVENT) == read(encode(EVENT)) == "p"
