"""ReplicaSet: the pods that it makes, the pods that it gives up, the status that it reports."""

import pytest

from picok8s.controllers.replicaset import CONTROLLER, REPLICATION_CONTROLLER, victims
from picok8s.reconcile.writes import Again, Create, Delete, Patch
from tests import play
from tests.make import of, pod, replicaset

OWNED = {"owner": ("ReplicaSet", "web", "rs-uid"), "labels": {"app": "web"}}


def test_makes_the_missing_pods():
    made = play.run(CONTROLLER, replicaset(replicas=3), pods=[pod("a", **OWNED)])
    assert [write.obj["metadata"]["generateName"] for write in made.of(Create)] == ["web-", "web-"]
    assert made.reasons == ["SuccessfulCreate", "SuccessfulCreate"]


def test_adopts_an_orphan_before_it_counts():
    made = play.run(CONTROLLER, replicaset(replicas=1), pods=[pod("orphan", labels={"app": "web"})])
    assert made.kinds == ["Patch", "Status"]


def test_releases_a_pod_that_no_longer_matches():
    lost = pod("lost", owner=OWNED["owner"], labels={"app": "debug"})
    made = play.run(CONTROLLER, replicaset(replicas=1), pods=[lost])
    assert made.kinds == ["Patch", "Create", "Status"]
    assert made.of(Patch)[0].patch["metadata"]["ownerReferences"] == [{"$patch": "delete", "uid": "rs-uid"}]


def test_stops_at_the_first_refusal_and_reports_it():
    made = play.run(CONTROLLER, replicaset(replicas=9), refuse={Create: "exceeded quota"})
    assert len(made.of(Create)) == 1
    assert made.status["conditions"][0]["message"] == "exceeded quota"


def test_leaves_pods_alone_while_it_is_deleted():
    made = play.run(CONTROLLER, replicaset(replicas=0, deleted=True), pods=[pod("a", **OWNED)])
    assert not made.of(Delete) and not made.of(Patch)


def test_comes_back_when_a_ready_pod_becomes_available():
    young = pod("a", ready=95, **OWNED)
    made = play.run(CONTROLLER, replicaset(replicas=1, minReadySeconds=10), pods=[young], now=100)
    assert made.status["availableReplicas"] == 0
    assert made.of(Again) == [Again(5)]


def test_a_replication_controller_selects_by_a_plain_map():
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}
    spec = {"replicas": 1, "selector": {"app": "web"}, "template": template}
    made = play.run(REPLICATION_CONTROLLER, of("v1", "ReplicationController", "old", spec))
    assert made.kinds == ["Create", "Status"]
    assert "terminatingReplicas" not in made.status


@pytest.mark.parametrize(
    "cheap, dear",
    [
        pytest.param({}, {"node": "n1"}, id="unassigned-first"),
        pytest.param({"node": "n1"}, {"node": "n1", "phase": "Running"}, id="pending-first"),
        pytest.param({"phase": "Running"}, {"phase": "Running", "ready": 1}, id="not-ready-first"),
        pytest.param({"ready": 1, "cost": -5}, {"ready": 1}, id="low-deletion-cost-first"),
        pytest.param({"ready": 900}, {"ready": 1}, id="ready-most-recently-first"),
        pytest.param({"ready": 1, "restarts": 2}, {"ready": 1}, id="restarted-most-first"),
        pytest.param({"created": 999}, {"created": 9}, id="youngest-first"),
    ],
)
def test_victims(cheap, dear):
    (lost,) = victims([pod("dear", **dear), pod("cheap", **cheap)], 1, now=1000)
    assert lost["metadata"]["name"] == "cheap"
