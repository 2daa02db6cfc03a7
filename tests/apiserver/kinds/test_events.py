"""Events of the core group."""

from tests.apiserver.kinds import play


def test_an_event_is_in_the_namespace_of_what_it_is_about():
    event = {"metadata": {"namespace": "n"}, "involvedObject": {"namespace": "m"}}
    assert play.refused("events", event) == [
        'involvedObject.namespace: Invalid value: "m": does not match event.namespace'
    ]
    assert play.refused("events", {"metadata": {"namespace": "default"}, "involvedObject": {"kind": "Node"}}) == []


def test_a_timed_event_says_who_tells():
    event = {
        "metadata": {"namespace": "n"},
        "involvedObject": {"namespace": "n"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
    }
    found = play.refused("events", event)
    assert found[0] == "reportingComponent: Required value" and found[-1] == "reason: Required value"


def test_fields():
    fields = play.kind("events").behaviour.fields
    event = {"involvedObject": {"name": "p"}, "reportingComponent": "c", "type": "Normal"}
    assert fields["involvedObject.name"](event) == "p" and fields["source"](event) == "c"
