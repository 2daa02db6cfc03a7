"""Probes: results in a row make a verdict."""

from picok8s.node.probes import counted, first, is_fatal


def after(kind: str, probe: dict, *results: bool):
    tally = first(kind)
    for result in results:
        tally = counted(tally, result, probe)
    return tally


def test_one_success_makes_ready_and_three_failures_take_it_back():
    assert not first("readiness").verdict
    assert after("readiness", {}, True).verdict
    assert after("readiness", {}, True, False, False).verdict
    assert not after("readiness", {}, True, False, False, False).verdict


def test_successes_in_a_row_may_be_asked_for():
    assert not after("readiness", {"successThreshold": 2}, True, False, True).verdict
    assert after("readiness", {"successThreshold": 2}, True, False, True, True).verdict


def test_liveness_kills_after_its_failures_and_readiness_never_does():
    two = {"failureThreshold": 2}
    assert not is_fatal("liveness", after("liveness", two, False, True, False), two)
    assert is_fatal("liveness", after("liveness", two, False, False), two)
    assert not is_fatal("readiness", after("readiness", two, False, False, False), two)
