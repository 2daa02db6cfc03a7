"""Probes and hooks."""

from picok8s.apiserver.kinds.pods_defaults import default_probe
from picok8s.apiserver.kinds.probes import validate_lifecycle, validate_probe


def check(kind, probe, grace=30):
    default_probe(probe)
    return [str(error) for error in validate_probe(kind, probe, "p", grace)]


def test_one_action():
    assert check("livenessProbe", {}) == ["p: Required value: must specify a handler type"]
    assert check("livenessProbe", {"exec": {"command": ["a"]}, "grpc": {"port": 1}}) == [
        "p.grpc: Forbidden: may not specify more than 1 handler type"
    ]


def test_one_success_is_enough_but_for_readiness():
    probe = {"tcpSocket": {"port": "http"}, "successThreshold": 2}
    assert check("livenessProbe", dict(probe)) == ["p.successThreshold: Invalid value: 2: must be 1"]
    assert check("readinessProbe", dict(probe)) == []


def test_the_grace_of_a_probe():
    probe = {"grpc": {"port": 1}, "terminationGracePeriodSeconds": 0}
    assert check("startupProbe", probe) == ["p.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0"]


def test_a_sleep_ends_before_the_pod_does():
    hook = {"preStop": {"sleep": {"seconds": 31}}}
    assert [str(error) for error in validate_lifecycle(hook, "l", 30)] == [
        "l.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"
    ]
    assert validate_lifecycle(hook, "l", None) == []
