"""Preemption: whom a pod of higher priority pushes out, and when it may not."""

from picok8s.scheduler import podinfo
from picok8s.scheduler.decide import Memory, decide
from picok8s.scheduler.preempt import preempt
from picok8s.scheduler.snapshot import Snapshot
from tests.make import node, of, pod


def push(one, *nodes, placed, budgets=()):
    snapshot = Snapshot()
    for each in nodes:
        snapshot.set_node(each)
    for each in placed:
        snapshot.set_pod(each)
    info = podinfo.read(one)
    decision = decide(info, snapshot, Memory())
    assert not decision.node
    return preempt(info, decision, snapshot, budgets)


def names(found):
    return [victim.name for victim in found.victims]


def test_takes_no_more_than_it_needs():
    low = [pod("a", node="n", cpu="1", priority=1), pod("b", node="n", cpu="2", priority=2)]
    found = push(pod("p", cpu="1", priority=9), node("n", cpu="3"), placed=low)
    assert (found.node, names(found)) == ("n", ["a"])


def test_takes_the_node_whose_victims_matter_least():
    placed = [pod("a", node="n1", cpu="3", priority=5), pod("b", node="n2", cpu="3", priority=1)]
    found = push(pod("p", cpu="2", priority=9), node("n1"), node("n2"), placed=placed)
    assert found.node == "n2"


def test_spares_pods_that_a_budget_protects():
    low = [pod("a", node="n", cpu="1", labels={"app": "kept"}), pod("b", node="n", cpu="1")]
    budget = of("policy/v1", "PodDisruptionBudget", "kept", {"selector": {"matchLabels": {"app": "kept"}}})
    found = push(pod("p", cpu="1", priority=9), node("n", cpu="2"), placed=low, budgets=[budget])
    assert names(found) == ["b"]


def test_equals_are_no_victims():
    found = push(pod("p", cpu="2"), node("n", cpu="2"), placed=[pod("a", node="n", cpu="1")])
    assert found.message == (" preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.")


def test_no_one_is_pushed_out_where_it_would_not_help():
    found = push(pod("p", cpu="9", priority=9), node("n", cpu="2"), placed=[pod("a", node="n", cpu="1")])
    assert found.message == " preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."


def test_a_pod_may_choose_never_to_push():
    polite = pod("p", cpu="2", priority=9, preemptionPolicy="Never")
    found = push(polite, node("n", cpu="2"), placed=[pod("a", node="n", cpu="1")])
    assert found.message == " preemption: not eligible due to preemptionPolicy=Never."
