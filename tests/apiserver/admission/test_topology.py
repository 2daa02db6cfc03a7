"""Pods carry their node's zone and region."""

from picok8s.apiserver.admission import node_taint, protection, topology
from tests.apiserver.shelf import Cluster, Shelf, call, named, pod


def cluster() -> Cluster:
    found = named("n")
    found["metadata"]["labels"] = {"topology.kubernetes.io/zone": "z", "other": "o"}
    return Cluster(Shelf(nodes=[found]))


def test_a_binding_takes_the_zone():
    binding = {"metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n"}}
    topology.complete(cluster(), call("pods", subresource="binding"), binding, None)
    assert binding["metadata"]["labels"] == {"topology.kubernetes.io/zone": "z"}


def test_a_pod_without_a_node_is_left_alone():
    new = pod()
    topology.complete(cluster(), call("pods"), new, None)
    assert "labels" not in new["metadata"]


def test_a_new_node_is_tainted_once():
    new = {"metadata": {"name": "n"}}
    for _ in range(2):
        node_taint.complete(cluster(), call("nodes"), new, None)
    assert new["spec"]["taints"] == [node_taint.TAINT]


def test_a_new_claim_is_protected_once():
    new = named("c", "x")
    for _ in range(2):
        protection.complete(cluster(), call("persistentvolumeclaims"), new, None)
    assert new["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
