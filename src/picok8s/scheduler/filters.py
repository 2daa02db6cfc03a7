"""Which nodes can take a pod at all: FILTERS, in order; the first that objects gives the reason.

A filter answers None, or why not. These look at one node and the pod only, so that their answers can be remembered
until the node changes; what depends on other nodes is in `topology.py`, what depends on volumes in `volumes.py`.
"""

from collections.abc import Callable
from typing import Any

from picok8s.api import selectors
from picok8s.scheduler.podinfo import PodInfo
from picok8s.scheduler.snapshot import NodeInfo

Object = dict[str, Any]
Filter = Callable[[PodInfo, NodeInfo], tuple[str, ...] | None]

UNSCHEDULABLE_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
TAINTED = ("node(s) had untolerated taint(s)",)
ANY_ADDRESS = ("0.0.0.0", "::", "")

# Reasons that no preemption can change. (Fit adds its own: more than the node has at all.)
UNRESOLVABLE = {
    "node(s) were unschedulable",
    "node(s) didn't match the requested node name",
    "node(s) had untolerated taint(s)",
    "node(s) didn't match Pod's node affinity/selector",
    "node(s) didn't match pod affinity rules",
    "node(s) didn't match pod topology spread constraints (missing required label)",
    "node(s) had no available volume zone",
    "node(s) didn't match PersistentVolume's node affinity",
    "node(s) didn't find available persistent volumes to bind",
}


def unschedulable(pod: PodInfo, node: NodeInfo) -> tuple[str, ...] | None:
    assert node.node is not None
    if not node.node.get("spec", {}).get("unschedulable"):
        return None
    tolerated = any(tolerates(one, UNSCHEDULABLE_TAINT) for one in pod.pod["spec"].get("tolerations") or ())
    return None if tolerated else ("node(s) were unschedulable",)


def node_name(pod: PodInfo, node: NodeInfo) -> tuple[str, ...] | None:
    wanted = pod.pod["spec"].get("nodeName")
    return ("node(s) didn't match the requested node name",) if wanted and wanted != node.name else None


def taints(pod: PodInfo, node: NodeInfo) -> tuple[str, ...] | None:
    if not node.taints:
        return None
    tolerations = pod.pod["spec"].get("tolerations") or ()
    for taint in node.taints:
        if taint["effect"] in ("NoSchedule", "NoExecute"):
            if not any(tolerates(one, taint) for one in tolerations):
                return TAINTED
    return None


def affinity(pod: PodInfo, node: NodeInfo) -> tuple[str, ...] | None:
    return None if wants_node(pod, node) else ("node(s) didn't match Pod's node affinity/selector",)


def wants_node(pod: PodInfo, node: NodeInfo) -> bool:
    """Node selector and required node affinity."""
    spec = pod.pod["spec"]
    for key, value in (spec.get("nodeSelector") or {}).items():
        if node.labels.get(key) != value:
            return False
    rules = (spec.get("affinity") or {}).get("nodeAffinity")
    if not rules:
        return True
    required = rules.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or selectors.selects_node(required, node.node or {})


def ports(pod: PodInfo, node: NodeInfo) -> tuple[str, ...] | None:
    if not pod.ports:
        return None
    for address, protocol, port in pod.ports:
        for other, used_protocol, used in node.ports:
            if port == used and protocol == used_protocol:
                if address == other or address in ANY_ADDRESS or other in ANY_ADDRESS:
                    return ("node(s) didn't have free ports for the requested pod ports",)
    return None


def fit(pod: PodInfo, node: NodeInfo) -> tuple[str, ...] | None:
    found = []
    if len(node.pods) + 1 > node.allocatable.get("pods", 0):
        found.append("Too many pods")
    for word, wanted in pod.requests.items():
        if wanted > node.allocatable.get(word, 0) - node.requested.get(word, 0) and wanted > 0:
            found.append(f"Insufficient {word}")
    return tuple(found) or None


def is_resolvable(pod: PodInfo, node: NodeInfo, reasons: tuple[str, ...]) -> bool:
    """Could the removal of pods from the node change these reasons?"""
    if any(reason in UNRESOLVABLE for reason in reasons):
        return False
    return all(wanted <= node.allocatable.get(word, 0) for word, wanted in pod.requests.items() if wanted)


def tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    match toleration.get("operator") or "Equal":
        case "Exists":
            return True
        case "Equal":
            same_value = (toleration.get("value") or "") == (taint.get("value") or "")
            return bool(toleration.get("key")) and same_value
        case "Lt" | "Gt" as operator:
            try:
                left, right = int(taint.get("value") or ""), int(toleration.get("value") or "")
            except ValueError:
                return False
            return left < right if operator == "Lt" else left > right
    return False


FILTERS: tuple[tuple[str, Filter], ...] = (
    ("NodeUnschedulable", unschedulable),
    ("NodeName", node_name),
    ("TaintToleration", taints),
    ("NodeAffinity", affinity),
    ("NodePorts", ports),
    ("NodeResourcesFit", fit),
)


def first_objection(pod: PodInfo, node: NodeInfo) -> tuple[str, ...] | None:
    for _, check in FILTERS:
        if (reasons := check(pod, node)) is not None:
            return reasons
    return None
