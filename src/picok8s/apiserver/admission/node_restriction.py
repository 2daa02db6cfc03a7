"""NodeRestriction: a node writes only its own Node, lease and CSINode, and what belongs to the pods that it runs."""

import base64
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from picok8s.api.errors import ApiError, not_found
from picok8s.apiserver.admission.hooks import CREATE, DELETE, UPDATE, Cluster, Hook, refused
from picok8s.apiserver.messages import Call
from picok8s.apiserver.node_rights import (
    CERTIFICATES,
    CSI_NODES,
    LEASES,
    NODE_LEASES,
    SLICES,
    container_references,
    containers,
)
from picok8s.apiserver.rbac import Attributes
from picok8s.apiserver.users import node_of

Object = dict[str, Any]
Maybe = Object | None
Judge = Callable[[Cluster, Call, str, Maybe, Maybe], "str | ApiError"]  # Why not; "" when it may.

MIRROR = "kubernetes.io/config.mirror"
REQUESTS = "certificatesigningrequests.certificates.k8s.io"
NODE_SIGNERS = ("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet")
RESTRICTED = "node-restriction.kubernetes.io"
OWN_LABELS = frozenset(
    {
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)
OWN_LABEL_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")
# Volumes of a mirror pod that need the API, and what they then refer to.
API_VOLUMES = {
    "configMap": "configmaps (via configmap volumes)",
    "secret": "secrets (via secret volumes)",
    "csi": "csidrivers (via CSI volumes)",
    "glusterfs": "endpoints (via glusterFS volumes)",
    "persistentVolumeClaim": "persistentvolumeclaims",
    "ephemeral": "persistentvolumeclaims (via ephemeral volumes)",
    "azureFile": "secrets (via azureFile volumes)",
}
API_SOURCES = {
    "configMap": "configmaps (via projected volumes)",
    "secret": "secrets (via projected volumes)",
    "serviceAccountToken": "serviceaccounts (via projected volumes)",
    "clusterTrustBundle": "clustertrustbundles",
    "podCertificate": "podcertificates",
}
CLAIM_FIELDS = ("capacity", "conditions", "allocatedResourceStatuses", "allocatedResources")  # What a node reports.
POD_CLAIM_STATUS = {
    "resourceClaimStatuses": "cannot update resource claim statues",
    "extendedResourceClaimStatus": "cannot update extended resource claim status",
    "nodeAllocatableResourceClaimStatuses": "cannot update node allocatable resource claim statuses",
}


def judge(server: Cluster, call: Call, new: Maybe, old: Maybe) -> None:
    node = node_of(call.user)
    if node is None:
        return
    subject: Object = new if new is not None else old or {}
    why: str | ApiError = f'could not determine node from user "{call.user.name}"'
    if node:
        why = JUDGES[call.of.name](server, call, node, new, old)
    if isinstance(why, ApiError):
        raise why
    if why:
        raise refused(call, subject, why)


def _pod(server: Cluster, call: Call, node: str, new: Maybe, old: Maybe) -> str | ApiError:
    if call.subresource == "status":
        return _pod_status(node, new, old)
    if call.subresource == "eviction":
        pod = server.lookup.get("pods", call.name, call.namespace)
        if pod is None:
            return not_found("", "pods", call.name)
        mine = pod["spec"].get("nodeName") == node
        return "" if mine else f"node {node} can only evict pods with spec.nodeName set to itself"
    if call.subresource:
        return f"unexpected pod subresource \"{call.subresource}\", only 'status' and 'eviction' are allowed"
    if new is None:
        mine = (old or {})["spec"].get("nodeName") == node
        return "" if mine else f'node "{node}" can only delete pods with spec.nodeName set to itself'
    if old is not None:
        return f'unexpected operation "UPDATE", node "{node}" can only create and delete mirror pods'
    return _mirror_pod(server, node, new)


def _mirror_pod(server: Cluster, node: str, pod: Object) -> str | ApiError:
    if MIRROR not in (pod["metadata"].get("annotations") or {}):
        return f'pod does not have "{MIRROR}" annotation, node "{node}" can only create mirror pods'
    if pod["spec"].get("nodeName") != node:
        return f'node "{node}" can only create pods with spec.nodeName set to itself'
    owners = pod["metadata"].get("ownerReferences") or []
    if len(owners) > 1:
        return f'node "{node}" can only create pods with a single owner reference set to itself'
    if not owners or (owners[0]["apiVersion"], owners[0]["kind"], owners[0]["name"]) != ("v1", "Node", node):
        return f'node "{node}" can only create pods with an owner reference set to itself'
    if not owners[0].get("controller"):
        return f'node "{node}" can only create pods with a controller owner reference set to itself'
    if owners[0].get("blockOwnerDeletion"):
        return f'node "{node}" must not set blockOwnerDeletion on an owner reference'
    own = server.lookup.get("nodes", node)
    if own is None:
        return not_found("", "nodes", node)
    uid = own["metadata"]["uid"]
    if owners[0]["uid"] != uid:
        return f"node {node} UID mismatch: expected {owners[0]['uid']} got {uid}"
    referred = api_reference(pod["spec"])
    return f'node "{node}" can not create pods that reference {referred}' if referred else ""


def api_reference(spec: Object) -> str:
    """The first kind of API object that a pod needs to run; a mirror pod may need none."""
    if spec.get("serviceAccountName"):
        return "serviceaccounts"
    used = {storage for container in containers(spec) for storage, _ in container_references(container)}
    if spec.get("imagePullSecrets") or "secrets" in used:
        return "secrets"
    if "configmaps" in used:
        return "configmaps"
    if spec.get("resourceClaims"):
        return "resourceclaims"
    for volume in spec.get("volumes") or []:
        for source, what in API_VOLUMES.items():
            if volume.get(source) is not None:
                return what
        for projected in (volume.get("projected") or {}).get("sources") or []:
            for source, what in API_SOURCES.items():
                if projected.get(source) is not None:
                    return what
    return ""


def _pod_status(node: str, new: Maybe, old: Maybe) -> str:
    if new is None or old is None:
        return 'unexpected operation "DELETE"'
    if old["spec"].get("nodeName") != node:
        return f'node "{node}" can only update pod status for pods with spec.nodeName set to itself'
    if (old["metadata"].get("labels") or {}) != (new["metadata"].get("labels") or {}):
        return f'node "{node}" cannot update labels through pod status'
    before, after = old.get("status") or {}, new.get("status") or {}
    for key, words in POD_CLAIM_STATUS.items():
        if (before.get(key) or None) != (after.get(key) or None):
            return f'node "{node}" {words}'
    return ""


def _node(server: Cluster, call: Call, node: str, new: Maybe, old: Maybe) -> str:
    subject: Object = new if new is not None else old or {}
    name = call.name or subject["metadata"].get("name", "")
    if name != node:
        return f'node "{node}" is not allowed to modify node "{name}"'
    if new is None:
        return ""
    spec, labels = new.get("spec") or {}, new["metadata"].get("labels") or {}
    if old is None:
        if spec.get("configSource"):
            return f'node "{node}" is not allowed to create pods with a non-nil configSource'
        beyond = forbidden_labels(labels, {})
        return f'node "{node}" is not allowed to set the following labels: {", ".join(beyond)}' if beyond else ""
    before = old.get("spec") or {}
    if spec.get("configSource") and spec["configSource"] != before.get("configSource"):
        return f'node "{node}" is not allowed to update configSource to a new non-nil configSource'
    if (spec.get("taints") or []) != (before.get("taints") or []):
        return f'node "{node}" is not allowed to modify taints'
    if (new["metadata"].get("ownerReferences") or []) != (old["metadata"].get("ownerReferences") or []):
        return f'node "{node}" is not allowed to modify ownerReferences'
    beyond = forbidden_labels(labels, old["metadata"].get("labels") or {})
    return f"is not allowed to modify labels: {', '.join(beyond)}" if beyond else ""


def forbidden_labels(new: dict[str, str], old: dict[str, str]) -> list[str]:
    """Changed labels by which a node could draw pods to itself."""
    changed = sorted(key for key in new.keys() | old.keys() if new.get(key) != old.get(key))
    return [key for key in changed if _is_forbidden(key)]


def _is_forbidden(label: str) -> bool:
    domain = label.split("/", 1)[0] if "/" in label else ""
    if _within(domain, (RESTRICTED,)):
        return True
    if not _within(domain, ("kubernetes.io", "k8s.io")):
        return False
    return label not in OWN_LABELS and not _within(domain, OWN_LABEL_DOMAINS)


def _within(domain: str, parents: tuple[str, ...]) -> bool:
    return any(domain == parent or domain.endswith("." + parent) for parent in parents)


def _claim(server: Cluster, call: Call, node: str, new: Maybe, old: Maybe) -> str:
    if call.subresource != "status" or new is None or old is None:
        return "may only update PVC status"
    if _without_reports(new) != _without_reports(old):
        return f'node "{node}" is not allowed to update fields other than status.quantity and status.conditions'
    return ""


def _without_reports(claim: Object) -> Object:
    status = {key: value for key, value in (claim.get("status") or {}).items() if key not in CLAIM_FIELDS}
    hidden = ("resourceVersion", "managedFields")
    return {
        **claim,
        "metadata": {key: value for key, value in claim["metadata"].items() if key not in hidden},
        "status": status,
    }


def _account(server: Cluster, call: Call, node: str, new: Maybe, old: Maybe) -> str | ApiError:
    """Tokens only for pods that the node runs, and for audiences that they mount."""
    if call.subresource != "token" or new is None:
        return ""
    reference = (new.get("spec") or {}).get("boundObjectRef") or {}
    if (reference.get("apiVersion"), reference.get("kind")) != ("v1", "Pod") or not reference.get("name"):
        return "node requested token not bound to a pod"
    if not reference.get("uid"):
        return "node requested token with a pod binding without a uid"
    pod = server.lookup.get("pods", reference["name"], call.namespace)
    if pod is None:
        return not_found("", "pods", reference["name"])
    if pod["metadata"]["uid"] != reference["uid"]:
        return (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
    if pod["spec"].get("nodeName") != node:
        return "node requested token bound to a pod scheduled on a different node"
    audiences = (new.get("spec") or {}).get("audiences") or [""]
    if len(audiences) > 1:
        return "node may only request 0 or 1 audiences"
    if audiences[0] in set(_audiences(server, pod)):
        return ""
    wanted = Attributes(
        call.user,
        "request-serviceaccounts-token-audience",
        "",
        "v1",
        audiences[0],
        namespace=call.namespace,
        name=call.name,
    )
    if server.authorizer.decide(wanted)[0]:
        return ""
    return f'{call.user.name} is not authorized to request tokens for audience "{audiences[0]}"'


def _audiences(server: Cluster, pod: Object) -> list[str]:
    """The audiences that a pod's volumes ask for, by projection or by the storage driver behind them."""
    found, drivers = [], []
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    for volume in pod["spec"].get("volumes") or []:
        for source in (volume.get("projected") or {}).get("sources") or []:
            if source.get("serviceAccountToken") is not None:
                found.append(source["serviceAccountToken"].get("audience", ""))
        if volume.get("csi"):
            drivers.append(volume["csi"].get("driver", ""))
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if volume.get("ephemeral") is not None:
            claim = f"{name}-{volume['name']}"
        if claim:
            bound = (server.lookup.get("persistentvolumeclaims", claim, namespace) or {}).get("spec") or {}
            backing = server.lookup.get("persistentvolumes", bound.get("volumeName", "")) or {}
            drivers.append(((backing.get("spec") or {}).get("csi") or {}).get("driver", ""))
    for driver in drivers:
        known = server.lookup.get("csidrivers.storage.k8s.io", driver) if driver else None
        requests = ((known or {}).get("spec") or {}).get("tokenRequests") or []
        found += [request.get("audience", "") for request in requests]
    return found


def _own_name(what: str) -> Judge:
    def own(server: Cluster, call: Call, node: str, new: Maybe, old: Maybe) -> str:
        subject: Object = new if new is not None else old or {}
        name = subject["metadata"].get("name", "")
        return "" if name == node else f"can only access {what} with the same name as the requesting node"

    return own


def _lease(server: Cluster, call: Call, node: str, new: Maybe, old: Maybe) -> str | ApiError:
    if call.namespace != NODE_LEASES:
        return f'can only access leases in the "{NODE_LEASES}" system namespace'
    return _own_name("node lease")(server, call, node, new, old)


def _slice(server: Cluster, call: Call, node: str, new: Maybe, old: Maybe) -> str:
    if new is not None and old is not None:
        return ""
    subject: Object = new if new is not None else old or {}
    verb = "create" if new is not None else "delete"
    mine = subject["spec"].get("nodeName") == node
    return "" if mine else f"can only {verb} ResourceSlice with the same NodeName as the requesting node"


def _request(server: Cluster, call: Call, node: str, new: Maybe, old: Maybe) -> str:
    if new is None or old is not None or (new.get("spec") or {}).get("signerName") not in NODE_SIGNERS:
        return ""
    try:
        request = x509.load_pem_x509_csr(base64.b64decode(new["spec"].get("request", "")))
    except ValueError as error:
        return f"unable to parse csr: {error}"
    names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names or names[0].value != f"system:node:{node}":
        return f"can only create a node CSR with CN=system:node:{node}"
    return ""


def _pod_certificate(server: Cluster, call: Call, node: str, new: Maybe, old: Maybe) -> str:
    """A certificate for a pod that the node runs, as that pod's account, from a signer that it mounts."""
    if new is None or old is not None or call.subresource:
        return "unexpected operation on a PodCertificateRequest"
    spec = new["spec"]
    if spec.get("nodeName") != node:
        named = spec.get("nodeName", "")
        return f'PodCertificateRequest.Spec.NodeName="{named}", which is not the requesting node "{node}"'
    pod = server.lookup.get("pods", spec.get("podName", ""), call.namespace)
    where = f"{call.namespace}/{spec.get('podName', '')}"
    if pod is None or pod["metadata"]["uid"] != spec.get("podUID"):
        return f'while retrieving pod "{where}" named in the PodCertificateRequest: not found with that UID'
    if pod["spec"].get("nodeName") != node:
        return f'pod "{where}" is not running on node "{node}" named in the PodCertificateRequest'
    if MIRROR in (pod["metadata"].get("annotations") or {}):
        return f'pod "{where}" is a mirror pod'
    if spec.get("serviceAccountName") != pod["spec"].get("serviceAccountName"):
        return f'PodCertificateRequest for pod "{where}" names another service account than the running pod'
    signers = [
        (source.get("podCertificate") or {}).get("signerName")
        for volume in pod["spec"].get("volumes") or []
        for source in (volume.get("projected") or {}).get("sources") or []
    ]
    if spec.get("signerName") in signers:
        return ""
    return f'pod "{where}" does not mount a podCertificate projected volume for signer "{spec.get("signerName", "")}"'


JUDGES: dict[str, Judge] = {
    "pods": _pod,
    "nodes": _node,
    "persistentvolumeclaims": _claim,
    "serviceaccounts": _account,
    LEASES: _lease,
    CSI_NODES: _own_name("CSINode"),
    SLICES: _slice,
    REQUESTS: _request,
    CERTIFICATES: _pod_certificate,
}
HOOK = Hook("NodeRestriction", judge, tuple(JUDGES), (CREATE, UPDATE, DELETE), None)
