"""A node writes only what is its own."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver import users
from picok8s.apiserver.admission import node_restriction
from tests.apiserver.shelf import MASTER, Cluster, Shelf, call, named, pod

NODE = users.user("system:node:n", groups=("system:nodes",))


def why(resource, new, old=None, shelf=None, user=NODE, **more) -> str:
    try:
        node_restriction.judge(Cluster(shelf or Shelf()), call(resource, user=user, **more), new, old)
    except ApiError as error:
        return error.message
    return ""


def node(name="n", labels=None, **spec) -> dict:
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": spec}


@pytest.mark.parametrize(
    "new, old, told",
    [
        (node(), None, ""),
        (node("m"), None, 'node "n" is not allowed to modify node "m"'),
        (node(labels={"node-restriction.kubernetes.io/x": "y"}), None, "not allowed to set the following labels"),
        (node(labels={"kubernetes.io/hostname": "h", "mine": "y"}), None, ""),
        (node(labels={"node-role.kubernetes.io/control-plane": ""}), node(), "is not allowed to modify labels"),
        (node(taints=[{"key": "a"}]), node(), 'node "n" is not allowed to modify taints'),
    ],
)
def test_its_own_node(new, old, told):
    found = why("nodes", new, old)
    assert (told in found) if told else found == ""


def mirror(**owner) -> dict:
    new = pod("a", nodeName="n")
    reference = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "uid-n", "controller": True, **owner}
    new["metadata"] |= {"annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": [reference]}
    return new


def test_mirror_pods_only():
    shelf = Shelf(nodes=[named("n")])
    assert why("pods", mirror(), shelf=shelf) == ""
    assert "can only create mirror pods" in why("pods", pod(nodeName="n"), shelf=shelf)
    assert "UID mismatch" in why("pods", mirror(uid="other"), shelf=shelf)
    assert "controller owner reference" in why("pods", mirror(controller=False), shelf=shelf)


def test_status_and_deletion_of_its_own_pods():
    mine, other = pod(nodeName="n"), pod(nodeName="m")
    assert why("pods", mine, mine, subresource="status") == ""
    assert "can only update pod status" in why("pods", other, other, subresource="status")
    assert why("pods", None, mine) == ""
    assert "can only delete pods" in why("pods", None, other)


def test_tokens_for_pods_that_it_runs():
    sources = [{"serviceAccountToken": {"path": "t"}}]
    shelf = Shelf(
        pods=[
            pod("a", nodeName="n", volumes=[{"name": "v", "projected": {"sources": sources}}]),
            pod("b", nodeName="m"),
        ]
    )

    def asked(name: str, **spec) -> str:
        reference = {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": f"uid-{name}"}
        request = {"metadata": {}, "spec": {"boundObjectRef": reference, **spec}}
        return why("serviceaccounts", request, None, shelf, subresource="token", name="default")

    assert asked("a") == ""
    assert "scheduled on a different node" in asked("b")
    assert "is not authorized to request tokens for audience" in asked("a", audiences=["other"])
    unbound = {"metadata": {}, "spec": {}}
    assert "not bound to a pod" in why("serviceaccounts", unbound, None, shelf, subresource="token", name="default")


def test_leases_of_its_name():
    assert why("leases.coordination.k8s.io", named("n"), namespace="kube-node-lease") == ""
    assert "same name" in why("leases.coordination.k8s.io", named("m"), namespace="kube-node-lease")
    assert "system namespace" in why("leases.coordination.k8s.io", named("n"), namespace="x")


def test_others_are_not_restricted():
    assert why("nodes", node("m"), user=MASTER) == ""
