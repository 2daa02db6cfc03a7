"""Decisions: which node a pod gets, and what is said when there is none."""

import pytest

from picok8s.scheduler import podinfo
from picok8s.scheduler.decide import Memory, decide
from picok8s.scheduler.snapshot import Snapshot
from tests.make import node, pod

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


def cluster(*nodes, placed=()):
    snapshot = Snapshot()
    for one in nodes:
        snapshot.set_node(one)
    for one in placed:
        snapshot.set_pod(one)
    return snapshot


def ask(snapshot, one, memory=None):
    return decide(podinfo.read(one), snapshot, memory or Memory())


def zoned(name, zone):
    return node(name, labels={HOST: name, ZONE: zone})


def anti(weight=None):
    term = {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app": "web"}}}
    if weight is None:
        return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    row = [{"weight": weight, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": row}}


def near():
    term = {"topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": "web"}}}
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


WEB = {"labels": {"app": "web"}}


def test_the_message_counts_each_reason():
    taint = {"key": "k", "effect": "NoSchedule"}
    snapshot = cluster(node("a", cpu="1"), node("b", taints=[taint]), node("c", unschedulable=True))
    made = ask(snapshot, pod("p", cpu="2"))
    assert made.message() == (
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable."
    )


def test_no_nodes_at_all():
    assert ask(cluster(), pod("p")).message() == "no nodes available to schedule pods"


def test_the_emptier_node_wins():
    snapshot = cluster(node("full"), node("empty"), placed=[pod("x", node="full", cpu="3")])
    assert ask(snapshot, pod("p", cpu="500m")).node == "empty"


def test_remembered_answers_follow_the_nodes():
    snapshot, memory = cluster(node("a", cpu="1"), node("b", cpu="1")), Memory()
    for name in ("p", "q"):
        one = podinfo.read(pod(name, cpu="900m"))
        snapshot.assume(one, decide(one, snapshot, memory).node)
    assert {snapshot.where["p-uid"], snapshot.where["q-uid"]} == {"a", "b"}
    assert ask(snapshot, pod("r", cpu="900m"), memory).node == ""
    snapshot.drop_pod(pod("p", node=snapshot.where["p-uid"]))
    assert ask(snapshot, pod("r", cpu="900m"), memory).node


@pytest.mark.parametrize(
    "spec, reason",
    [
        ({"nodeSelector": {"disk": "fast"}}, "node(s) didn't match Pod's node affinity/selector"),
        ({"affinity": near()}, "node(s) didn't match pod affinity rules"),
        ({"affinity": anti()}, "node(s) didn't match pod anti-affinity rules"),
        (
            {"containers": [{"name": "c", "ports": [{"containerPort": 1, "hostPort": 80}]}]},
            "node(s) didn't have free ports for the requested pod ports",
        ),
    ],
)
def test_objections(spec, reason):
    taken = {"containers": [{"name": "c", "ports": [{"containerPort": 1, "hostPort": 80}]}]}
    snapshot = cluster(node("n", labels={HOST: "n"}), placed=[pod("x", node="n", **WEB, **taken)])
    assert ask(snapshot, pod("p", **spec)).objections == {"n": (reason,)}


def test_a_placed_pod_keeps_others_away():
    snapshot = cluster(zoned("a", "1"), placed=[pod("x", node="a", affinity=anti())])
    assert ask(snapshot, pod("p", **WEB)).objections == {
        "a": ("node(s) didn't satisfy existing pods anti-affinity rules",)
    }


def test_the_first_of_its_kind_may_start_anywhere():
    snapshot = cluster(zoned("a", "1"), zoned("b", "2"))
    first = podinfo.read(pod("p", affinity=near(), **WEB))
    at = decide(first, snapshot, Memory()).node
    snapshot.assume(first, at)
    assert ask(snapshot, pod("q", affinity=near(), **WEB)).node == at


def test_soft_anti_affinity_spreads():
    snapshot = cluster(zoned("a", "1"), zoned("b", "2"), placed=[pod("x", node="a", **WEB)])
    assert ask(snapshot, pod("p", affinity=anti(100), **WEB)).node == "b"


def test_a_skew_is_not_exceeded():
    rule = {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}
    rule["labelSelector"] = {"matchLabels": {"app": "web"}}
    snapshot = cluster(zoned("a", "1"), zoned("b", "2"), placed=[pod("x", node="a", **WEB)])
    made = ask(snapshot, pod("p", topologySpreadConstraints=[rule], nodeSelector={ZONE: "1"}, **WEB))
    assert made.node == "a"  # Only zone 1 counts for a pod that can run nowhere else.
    made = ask(snapshot, pod("p", topologySpreadConstraints=[rule], **WEB))
    assert made.node == "b"


def test_init_containers_count_at_their_turn_and_sidecars_all_the_time():
    init = [
        {"name": "side", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}},
        {"name": "init", "resources": {"requests": {"cpu": "2"}}},
    ]
    assert podinfo.read(pod("p", cpu="1500m", initContainers=init)).requests == {"cpu": 3000}
