"""What a node may do: its own Node, lease and CSINode, and what the pods that are bound to it use.

The relation of a node to secrets, config maps, claims, volumes, accounts and slices is worked out from the pods of the
node, once for each state of the pods and of what they refer to.
"""

from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources as files
from typing import Any

import orjson

from picok8s.apiserver.lookup import Lookup
from picok8s.apiserver.rbac import Attributes, rules_allow
from picok8s.apiserver.users import node_of

Object = dict[str, Any]
Answer = tuple[bool, str]
Thing = tuple[str, str, str]  # storage, namespace, name

YES: Answer = (True, "")
NO: Answer = (False, "")
CLAIMS = "resourceclaims.resource.k8s.io"
SLICES = "resourceslices.resource.k8s.io"
ATTACHMENTS = "volumeattachments.storage.k8s.io"
CERTIFICATES = "podcertificaterequests.certificates.k8s.io"
LEASES = "leases.coordination.k8s.io"
CSI_NODES = "csinodes.storage.k8s.io"
NODE_LEASES = "kube-node-lease"
# A change of one of these may change what a node is related to.
WATCHED = ("pods", "persistentvolumeclaims", "persistentvolumes", ATTACHMENTS, CLAIMS, SLICES, CERTIFICATES, "nodes")


@cache
def node_rules() -> list[Object]:
    """The rules that hold for every node: those of the ClusterRole system:node of a fresh cluster."""
    data = orjson.loads(files.files("picok8s.api").joinpath("data/bootstrap.json").read_bytes())
    roles = data["/apis/rbac.authorization.k8s.io/v1/clusterroles"]
    return next(role["rules"] for role in roles if role["metadata"]["name"] == "system:node")


class NodeRights:
    """The node authorizer."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._related: dict[str, frozenset[Thing]] = {}
        self._revisions: tuple[int, ...] = ()

    def decide(self, wanted: Attributes) -> Answer:
        node = node_of(wanted.user)
        if node is None:
            return NO
        if not node:
            return False, f'unknown node for user "{wanted.user.name}"'
        if not wanted.path:
            storage = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
            judge = JUDGES.get(storage)
            if judge is not None:
                return judge(self, node, wanted, storage)
        return (True, "") if rules_allow(node_rules(), wanted) else NO

    def related(self, node: str, wanted: Attributes, storage: str) -> Answer:
        """Whether a pod of the node leads to the object."""
        if not wanted.name:
            return False, "No Object name found"
        thing = (storage, wanted.namespace, wanted.name)
        if thing in self._things(node):
            return YES
        return False, f"no relationship found between node '{node}' and this object"

    def _things(self, node: str) -> frozenset[Thing]:
        revisions = tuple(self._lookup.revision_of(storage) for storage in WATCHED)
        if revisions != self._revisions:
            self._related.clear()
            self._revisions = revisions
        known = self._related.get(node)
        if known is None:
            known = self._related[node] = frozenset(related_things(self._lookup, node))
        return known


def related_things(lookup: Lookup, node: str) -> Iterator[Thing]:
    """Everything that the pods of a node, or the node itself, lead to."""
    for pod in lookup.list("pods"):
        if (pod.get("spec") or {}).get("nodeName") == node:
            yield ("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
            if "kubernetes.io/config.mirror" not in (pod["metadata"].get("annotations") or {}):
                yield from pod_things(lookup, pod)
    for attachment in lookup.list(ATTACHMENTS):
        if attachment["spec"].get("nodeName") == node:
            yield (ATTACHMENTS, "", attachment["metadata"]["name"])
    for resource_slice in lookup.list(SLICES):
        if resource_slice["spec"].get("nodeName") == node:
            yield (SLICES, "", resource_slice["metadata"]["name"])
    for request in lookup.list(CERTIFICATES):
        if request["spec"].get("nodeName") == node:
            yield (CERTIFICATES, request["metadata"]["namespace"], request["metadata"]["name"])


def pod_things(lookup: Lookup, pod: Object) -> Iterator[Thing]:
    """What one pod uses, and what its claims lead to."""
    namespace, name, spec = pod["metadata"]["namespace"], pod["metadata"]["name"], pod["spec"]
    if spec.get("serviceAccountName"):
        yield ("serviceaccounts", namespace, spec["serviceAccountName"])
    for secret in spec.get("imagePullSecrets") or []:
        yield ("secrets", namespace, secret.get("name", ""))
    for container in containers(spec):
        for storage, used in container_references(container):
            yield (storage, namespace, used)
    for volume in spec.get("volumes") or []:
        for storage, home, used in volume_references(volume, namespace, name):
            yield (storage, home, used)
            if storage == "persistentvolumeclaims":
                yield from claim_things(lookup, home, used)
    generated = {s["name"]: s.get("resourceClaimName") for s in _status(pod).get("resourceClaimStatuses") or []}
    for claim in spec.get("resourceClaims") or []:
        named = claim.get("resourceClaimName") or generated.get(claim["name"])
        if named:
            yield (CLAIMS, namespace, named)
    extended = _status(pod).get("extendedResourceClaimStatus") or {}
    if extended.get("resourceClaimName"):
        yield (CLAIMS, namespace, extended["resourceClaimName"])


def _status(pod: Object) -> Object:
    return pod.get("status") or {}


def containers(spec: Object) -> list[Object]:
    """All containers of a pod: initial, main and ephemeral."""
    return [c for key in ("initContainers", "containers", "ephemeralContainers") for c in spec.get(key) or []]


def container_references(container: Object) -> Iterator[tuple[str, str]]:
    """(storage, name) of the secrets and config maps that a container's environment reads."""
    for source in container.get("envFrom") or []:
        if source.get("secretRef"):
            yield "secrets", source["secretRef"].get("name", "")
        if source.get("configMapRef"):
            yield "configmaps", source["configMapRef"].get("name", "")
    for variable in container.get("env") or []:
        source = variable.get("valueFrom") or {}
        if source.get("secretKeyRef"):
            yield "secrets", source["secretKeyRef"].get("name", "")
        if source.get("configMapKeyRef"):
            yield "configmaps", source["configMapKeyRef"].get("name", "")


# Volume sources that name a secret: source -> how its reference is called.
SECRET_OF = {
    "azureFile": "secretName",
    "cephfs": "secretRef",
    "cinder": "secretRef",
    "csi": "nodePublishSecretRef",
    "flexVolume": "secretRef",
    "iscsi": "secretRef",
    "rbd": "secretRef",
    "scaleIO": "secretRef",
    "secret": "secretName",
    "storageos": "secretRef",
}


def volume_references(volume: Object, namespace: str, pod: str) -> Iterator[Thing]:
    """What a pod's volume reads."""
    for source, key in SECRET_OF.items():
        named = (volume.get(source) or {}).get(key)
        if named:
            yield ("secrets", namespace, named.get("name", "") if isinstance(named, dict) else named)
    if volume.get("configMap"):
        yield ("configmaps", namespace, volume["configMap"].get("name", ""))
    for source in (volume.get("projected") or {}).get("sources") or []:
        if source.get("secret"):
            yield ("secrets", namespace, source["secret"].get("name", ""))
        if source.get("configMap"):
            yield ("configmaps", namespace, source["configMap"].get("name", ""))
    if volume.get("persistentVolumeClaim"):
        yield ("persistentvolumeclaims", namespace, volume["persistentVolumeClaim"].get("claimName", ""))
    if "ephemeral" in volume:
        yield ("persistentvolumeclaims", namespace, f"{pod}-{volume['name']}")


def claim_things(lookup: Lookup, namespace: str, name: str) -> Iterator[Thing]:
    """The volume that a claim is bound to, and the secrets of its source."""
    claim = lookup.get("persistentvolumeclaims", name, namespace)
    bound = (claim or {}).get("spec", {}).get("volumeName")
    volume = lookup.get("persistentvolumes", bound) if bound else None
    reference = (volume or {}).get("spec", {}).get("claimRef") or {}
    if volume is None or (reference.get("namespace"), reference.get("name")) != (namespace, name):
        return
    yield ("persistentvolumes", "", bound)
    for source in volume["spec"].values():
        if not isinstance(source, dict):
            continue
        for key, value in source.items():
            if key.lower().endswith("secretref") and isinstance(value, dict) and value.get("name"):
                yield ("secrets", value.get("namespace") or namespace, value["name"])
            elif key == "secretName" and value:
                yield ("secrets", source.get("secretNamespace") or namespace, value)


def _read(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    if wanted.verb not in ("get", "list", "watch"):
        return False, "can only read resources of this type"
    if wanted.subresource:
        return False, "cannot read subresource"
    if not wanted.namespace:
        return False, "can only read namespaced object of this type"
    return rights.related(node, wanted, storage)


def _get(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    if wanted.verb != "get":
        return False, "can only get individual resources of this type"
    if wanted.subresource:
        return False, "cannot get subresource"
    return rights.related(node, wanted, storage)


def _claim(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    if wanted.subresource != "status":
        return _get(rights, node, wanted, storage)
    if wanted.verb not in ("update", "patch"):
        return False, "can only get/update/patch this type"
    return rights.related(node, wanted, storage)


def _account(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    if wanted.verb == "get" and not wanted.subresource:
        return _read(rights, node, wanted, storage)
    if wanted.verb != "create" or not wanted.name:
        return False, "can only create tokens for individual service accounts"
    if wanted.subresource != "token":
        return False, "can only create token subresource of serviceaccount"
    return rights.related(node, wanted, storage)


def _lease(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    if wanted.verb not in ("get", "create", "update", "patch", "delete"):
        return False, "can only get, create, update, patch, or delete a node lease"
    if wanted.namespace != NODE_LEASES:
        return False, f'can only access leases in the "{NODE_LEASES}" system namespace'
    if wanted.verb != "create" and wanted.name != node:  # The name of a new one is NodeRestriction's business.
        return False, "can only access node lease with the same name as the requesting node"
    return YES


def _csi_node(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    if wanted.subresource:
        return False, "cannot authorize CSINode subresources"
    if wanted.verb not in ("get", "create", "update", "patch", "delete"):
        return False, "can only get, create, update, patch, or delete a CSINode"
    if wanted.verb != "create" and wanted.name != node:
        return False, "can only access CSINode with the same name as the requesting node"
    return YES


def _slice(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    if wanted.subresource:
        return False, "cannot authorize ResourceSlice subresources"
    if wanted.verb == "create":
        return YES
    if wanted.verb in ("get", "update", "patch", "delete"):
        return rights.related(node, wanted, storage)
    if wanted.verb in ("watch", "list", "deletecollection"):
        if ("spec.nodeName", node) in wanted.fields:
            return YES
        return False, "can only list/watch/deletecollection resourceslices with nodeName field selector"
    return False, (
        "only the following verbs are allowed for a ResourceSlice: "
        "get, watch, list, create, update, patch, delete, deletecollection"
    )


def _node(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    if wanted.subresource == "status":
        return (wanted.verb in ("update", "patch"), "")
    if wanted.subresource:
        return NO
    if wanted.verb in ("create", "update", "patch"):  # Whose Node it is: NodeRestriction.
        return YES
    if wanted.verb in ("get", "list", "watch"):
        if wanted.name == node:
            return YES
        what = f"'{wanted.name}'" if wanted.name else "all nodes"
        return False, f"node '{node}' cannot read {what}, only its own Node object"
    return NO


def _pod(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    allowed = (wanted.subresource, wanted.verb)
    if allowed in POD_WRITES:
        return YES
    if allowed == ("", "get"):
        return _get(rights, node, wanted, storage)
    if allowed in (("", "list"), ("", "watch")):
        if ("spec.nodeName", node) in wanted.fields:
            return YES
        if wanted.name:
            return rights.related(node, wanted, storage)
        return False, "can only list/watch pods with spec.nodeName field selector"
    return NO


# Mirror pods, status and evictions; that they are the node's own is NodeRestriction's business.
POD_WRITES = {
    ("", "create"),
    ("", "delete"),
    ("status", "update"),
    ("status", "patch"),
    ("eviction", "create"),
}


def _certificate(rights: NodeRights, node: str, wanted: Attributes, storage: str) -> Answer:
    if wanted.subresource:
        return False, "nodes may not access the status subresource of PodCertificateRequests"
    if wanted.verb == "create":
        return YES
    if wanted.verb == "get":
        return rights.related(node, wanted, storage)
    if wanted.verb in ("list", "watch"):
        if ("spec.nodeName", node) in wanted.fields:
            return YES
        return False, "can only list/watch podcertificaterequests with nodeName field selector"
    return False, f"nodes may not {wanted.verb} podcertificaterequests"


JUDGES: dict[str, Callable[[NodeRights, str, Attributes, str], Answer]] = {
    "secrets": _read,
    "configmaps": _read,
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _get,
    CLAIMS: _get,
    ATTACHMENTS: _get,
    "serviceaccounts": _account,
    LEASES: _lease,
    CSI_NODES: _csi_node,
    SLICES: _slice,
    "nodes": _node,
    "pods": _pod,
    CERTIFICATES: _certificate,
}
