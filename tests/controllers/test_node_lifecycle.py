"""Node lifecycle: silence becomes Unknown, Unknown becomes taints."""

from picok8s.api import moment
from picok8s.controllers import node_lifecycle
from picok8s.reconcile.writes import Again, Patch, Status
from tests import play
from tests.make import node, of, pod


def lease(renewed):
    spec = {"renewTime": moment.micro(renewed)}
    return of("coordination.k8s.io/v1", "Lease", "n1", spec, namespace="kube-node-lease")


def test_a_node_gets_its_whole_grace_after_a_start():
    made = play.run(node_lifecycle.controller(), node("n1"), leases=[lease(1)], now=1000)
    assert made.of(Again) == [Again(40)]


def test_a_silent_node_is_unknown_and_tainted():
    controller = node_lifecycle.controller()
    play.run(controller, node("n1"), leases=[lease(1)], now=1000)
    ready = pod("p", node="n1", ready=5)
    made = play.run(controller, node("n1"), leases=[lease(1)], pods=[ready], now=1041)
    assert {c["status"] for c in made.status["conditions"]} == {"Unknown"}
    taints = made.of(Patch)[0].patch["spec"]["taints"]
    assert {(t["key"], t["effect"]) for t in taints} == {
        ("node.kubernetes.io/unreachable", "NoSchedule"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
    }
    assert made.of(Patch)[1].patch["status"]["conditions"][0]["status"] == "False"


def test_a_renewed_lease_is_a_sign_of_life():
    controller = node_lifecycle.controller()
    play.run(controller, node("n1"), leases=[lease(1)], now=1000)
    made = play.run(controller, node("n1"), leases=[lease(30)], now=1041)
    assert not made.of(Status)
    assert made.of(Again) == [Again(40)]


def test_taints_go_when_the_node_is_ready_and_those_of_users_stay():
    mine = {"key": "mine", "effect": "NoSchedule"}
    taints = [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}, mine]
    made = play.run(node_lifecycle.controller(), node("n1", taints=taints), leases=[])
    assert made.of(Patch)[0].patch["spec"]["taints"] == [mine]
