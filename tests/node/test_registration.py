"""The Node object: conditions and what counts as a change."""

from picok8s.node import registration

FINE = {"MemoryPressure": False, "DiskPressure": False, "PIDPressure": False}


def test_ready_when_nothing_is_wrong():
    rows = registration.conditions(FINE, [], [], 1000.0)
    assert [(row["type"], row["status"]) for row in rows] == [
        ("MemoryPressure", "False"),
        ("DiskPressure", "False"),
        ("PIDPressure", "False"),
        ("Ready", "True"),
    ]


def test_troubles_are_told_and_times_kept():
    old = registration.conditions(FINE, [], [], 1000.0)
    rows = registration.conditions({**FINE, "DiskPressure": True}, ["no network"], old, 2000.0)
    by_type = {row["type"]: row for row in rows}
    assert (
        by_type["Ready"]["message"] == "no network" and by_type["Ready"]["lastTransitionTime"] == "1970-01-01T00:33:20Z"
    )
    assert by_type["DiskPressure"]["reason"] == "KubeletHasDiskPressure"
    assert by_type["PIDPressure"]["lastTransitionTime"] == "1970-01-01T00:16:40Z"


def test_a_heartbeat_alone_is_no_change():
    one = {"conditions": registration.conditions(FINE, [], [], 1000.0)}
    two = {"conditions": registration.conditions(FINE, [], one["conditions"], 2000.0)}
    assert registration.is_same(one, two)
    assert not registration.is_same(
        one, {"conditions": registration.conditions(FINE, ["x"], one["conditions"], 2000.0)}
    )
