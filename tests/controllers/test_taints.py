"""Taints: which pods they drive away, and when."""

from picok8s.api import moment
from picok8s.controllers.taints import CONTROLLER, leaves_at, with_taints
from picok8s.reconcile.writes import Again, Delete
from tests import play
from tests.make import node, pod

TAINT = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": moment.time(900)}
PATIENT = {"key": TAINT["key"], "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}


def test_a_pod_that_does_not_tolerate_goes_at_once():
    made = play.run(CONTROLLER, pod("a", node="n1"), nodes=[node("n1", taints=[TAINT])], now=1000)
    assert made.kinds == ["Patch", "Delete"]
    assert made.reasons == ["TaintManagerEviction"]


def test_a_patient_pod_stays_for_its_time():
    nodes = [node("n1", taints=[TAINT])]
    made = play.run(CONTROLLER, pod("a", node="n1", tolerations=[PATIENT]), nodes=nodes, now=1000)
    assert made.writes == [Again(200)]
    made = play.run(CONTROLLER, pod("a", node="n1", tolerations=[PATIENT]), nodes=nodes, now=1200)
    assert made.of(Delete)


def test_a_pod_that_tolerates_for_ever_stays():
    assert leaves_at(pod("a", tolerations=[{"operator": "Exists"}]), [TAINT]) is None


def test_a_cordoned_node_is_tainted():
    (taint,) = with_taints(node("n1", unschedulable=True), 5)
    assert (taint["key"], taint["effect"]) == ("node.kubernetes.io/unschedulable", "NoSchedule")
