"""The node authorizer: a node reads what its pods use, and nothing else."""

import pytest

from picok8s.apiserver import users
from picok8s.apiserver.node_rights import NodeRights
from picok8s.apiserver.rbac import Attributes
from tests.apiserver.shelf import Shelf, named, pod

NODE = users.user("system:node:n", groups=("system:nodes",))
UNRELATED = "no relationship found between node 'n' and this object"


def cluster() -> Shelf:
    volumes = [
        {"name": "s", "secret": {"secretName": "mounted"}},
        {"name": "p", "persistentVolumeClaim": {"claimName": "claim"}},
        {"name": "k", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}},
    ]
    env = [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "read", "key": "k"}}}]
    mine = pod("mine", nodeName="n", serviceAccountName="robot", volumes=volumes)
    mine["spec"]["containers"] = [{"name": "c", "env": env}]
    other = pod("other", nodeName="m", volumes=[{"name": "s", "secret": {"secretName": "theirs"}}])
    claim = named("claim", "x", spec={"volumeName": "pv"})
    volume = named(
        "pv",
        spec={
            "claimRef": {"namespace": "x", "name": "claim"},
            "csi": {"nodeStageSecretRef": {"name": "key", "namespace": "k"}},
        },
    )
    return Shelf(pods=[mine, other], persistentvolumeclaims=[claim], persistentvolumes=[volume])


@pytest.mark.parametrize(
    "wanted, allowed",
    [
        (("get", "", "v1", "secrets", "", "x", "mounted"), True),
        (("watch", "", "v1", "secrets", "", "x", "read"), True),
        (("get", "", "v1", "secrets", "", "x", "theirs"), False),
        (("get", "", "v1", "secrets", "", "k", "key"), True),
        (("get", "", "v1", "configmaps", "", "x", "kube-root-ca.crt"), True),
        (("get", "", "v1", "persistentvolumeclaims", "", "x", "claim"), True),
        (("get", "", "v1", "persistentvolumes", "", "", "pv"), True),
        (("create", "", "v1", "serviceaccounts", "token", "x", "robot"), True),
        (("create", "", "v1", "serviceaccounts", "token", "x", "default"), False),
        (("get", "", "v1", "nodes", "", "", "n"), True),
        (("get", "", "v1", "nodes", "", "", "m"), False),
        (("get", "coordination.k8s.io", "v1", "leases", "", "kube-node-lease", "n"), True),
        (("get", "coordination.k8s.io", "v1", "leases", "", "kube-node-lease", "m"), False),
        (("get", "storage.k8s.io", "v1", "csinodes", "", "", "n"), True),
        (("list", "", "v1", "services", "", "", ""), True),
        (("list", "apps", "v1", "deployments", "", "x", ""), False),
        (("get", "", "v1", "pods", "", "x", "mine"), True),
        (("get", "", "v1", "pods", "", "x", "other"), False),
    ],
)
def test_a_node_may(wanted, allowed):
    assert NodeRights(cluster()).decide(Attributes(NODE, *wanted))[0] is allowed


def test_refusals_say_why():
    rights = NodeRights(Shelf())
    assert rights.decide(Attributes(NODE, "list", resource="secrets", namespace="x"))[1] == "No Object name found"
    assert rights.decide(Attributes(NODE, "get", resource="secrets", namespace="x", name="s"))[1] == UNRELATED
    listing = Attributes(NODE, "list", resource="pods", fields=(("spec.nodeName", "m"),))
    assert rights.decide(listing)[1] == "can only list/watch pods with spec.nodeName field selector"


def test_a_node_lists_its_pods_by_selector():
    wanted = Attributes(NODE, "list", resource="pods", fields=(("spec.nodeName", "n"),))
    assert NodeRights(Shelf()).decide(wanted) == (True, "")


def test_a_new_pod_brings_new_rights():
    shelf = cluster()
    rights = NodeRights(shelf)
    wanted = Attributes(NODE, "get", resource="secrets", namespace="x", name="late")
    assert not rights.decide(wanted)[0]
    shelf.put("pods", pod("late", nodeName="n", imagePullSecrets=[{"name": "late"}]))
    assert rights.decide(wanted)[0]


def test_who_is_no_node_is_not_judged():
    assert NodeRights(Shelf()).decide(Attributes(users.user("system:node:n"), "get", resource="nodes")) == (False, "")
    nameless = users.user("system:node:", groups=("system:nodes",))
    assert (
        NodeRights(Shelf()).decide(Attributes(nameless, "get", resource="nodes"))[1]
        == 'unknown node for user "system:node:"'
    )
