"""Sums over a pod, and its quality of service."""

import pytest

from picok8s.apiserver.kinds.pod_resources import aggregate, default_pod_level, qos_class, validate_consistency


def container(limits=None, requests=None, **more):
    return {"resources": {"limits": limits or {}, "requests": requests or {}}, **more}


def test_sidecars_run_beside_all_that_comes_after_them():
    spec = {
        "containers": [container(requests={"cpu": "1"}), container(requests={"cpu": "500m"})],
        "initContainers": [
            container(requests={"cpu": "100m"}, restartPolicy="Always"),
            container(requests={"cpu": "3"}),
        ],
    }
    assert aggregate(spec, "requests") == {"cpu": "3100m"}
    spec["initContainers"].pop()
    assert aggregate(spec, "requests") == {"cpu": "1600m"}


FULL = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("spec", "quality"),
    [
        ({"containers": [container()]}, "BestEffort"),
        ({"containers": [container(FULL, FULL)]}, "Guaranteed"),
        ({"containers": [container(FULL, FULL)], "initContainers": [container()]}, "Burstable"),
        ({"containers": [container({}, {"cpu": "0"})]}, "BestEffort"),
        ({"containers": [container()], "resources": {"limits": FULL, "requests": FULL}}, "Guaranteed"),
        ({"containers": [container(FULL, FULL)], "resources": {"limits": FULL, "requests": {"cpu": "1"}}}, "Burstable"),
    ],
)
def test_quality_of_service(spec, quality):
    assert qos_class(spec) == quality


def test_a_pods_own_requests_come_from_its_containers_and_its_limits():
    spec = {"containers": [container(requests={"cpu": "100m"})], "resources": {"limits": dict(FULL)}}
    default_pod_level(spec)
    assert spec["resources"]["requests"] == {"cpu": "100m", "memory": "1Gi"}


def test_containers_fit_into_their_pod():
    own = {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}
    found = validate_consistency({"containers": [container({"cpu": "3"}, {"cpu": "2"})]}, own, "r")
    assert [str(error) for error in found] == [
        'r.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
        'r.containers[0][cpu].limits: Invalid value: "3": must be less than or equal to pod limits of 1',
    ]
