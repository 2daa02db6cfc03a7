"""What is asked of a pod."""

import pytest

from picok8s.node import pods
from tests.node.test_step import pod


def needs(limits=None, requests=None, **more) -> dict:
    return {"name": more.pop("name", "c"), "resources": {"limits": limits or {}, "requests": requests or {}}, **more}


@pytest.mark.parametrize(
    "container, qos",
    [
        (needs(), "BestEffort"),
        (needs(requests={"cpu": "1"}), "Burstable"),
        (needs({"cpu": "1", "memory": "1Gi"}), "Guaranteed"),
        (needs({"cpu": "1", "memory": "1Gi"}, {"cpu": "1000m", "memory": "1Gi"}), "Guaranteed"),
        (needs({"cpu": "1", "memory": "1Gi"}, {"cpu": "500m", "memory": "1Gi"}), "Burstable"),
        (needs({"cpu": "1"}), "Burstable"),
    ],
)
def test_quality_of_service(container, qos):
    assert pods.qos_class(pod(container)) == qos


def test_a_pod_asks_for_the_most_that_it_needs_at_a_time():
    one, two = needs(requests={"cpu": "1"}), needs(requests={"cpu": "2"}, name="d")
    assert pods.requests(pod(one, two), "cpu") == 3.0
    assert pods.requests(pod(one, inits=(needs(requests={"cpu": "5"}),)), "cpu") == 5.0
    side = needs(requests={"cpu": "1"}, restartPolicy="Always", name="s")
    assert pods.requests(pod(one, inits=(side, needs(requests={"cpu": "5"}))), "cpu") == 6.0
    assert pods.requests(pod(one, inits=(side,), overhead={"cpu": "250m"}), "cpu") == 2.25


def test_the_deletion_has_the_last_word_about_the_grace():
    assert pods.grace_seconds(pod()) == 30
    assert pods.grace_seconds(pod(terminationGracePeriodSeconds=0)) == 0
    assert pods.grace_seconds(pod(terminationGracePeriodSeconds=9, meta={"deletionGracePeriodSeconds": 2})) == 2


def test_where_a_container_stands():
    two = pod({"name": "c"}, inits=({"name": "i"},))
    assert pods.field_path(two, "i") == "spec.initContainers{i}" and pods.field_path(two, "c") == "spec.containers{c}"
