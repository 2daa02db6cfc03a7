"""The taints that tell pods of a node's state, and the pods that these drive away.

Reads   the node's conditions and `spec.unschedulable`; for a pod, the NoExecute taints of its node and its tolerations.
Writes  the node's taints (those of KEYS only: what users set stays); deletions of pods that no longer tolerate their
        node.
"""

from collections.abc import Iterable
from typing import Any

from picok8s.api import moment, objects, pods
from picok8s.reconcile.controller import Controller, Key, View, by_node, key_of
from picok8s.reconcile.writes import Again, Delete, Event, Patch, Writes, refused

Object = dict[str, Any]

PREFIX = "node.kubernetes.io/"
NOT_READY, UNREACHABLE = PREFIX + "not-ready", PREFIX + "unreachable"

# Condition -> the status that taints -> the key of the taint.
CONDITIONS = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): PREFIX + "memory-pressure",
    ("DiskPressure", "True"): PREFIX + "disk-pressure",
    ("PIDPressure", "True"): PREFIX + "pid-pressure",
    ("NetworkUnavailable", "True"): PREFIX + "network-unavailable",
}
UNSCHEDULABLE = PREFIX + "unschedulable"
KEYS = {*CONDITIONS.values(), UNSCHEDULABLE}


def wanted(node: Object) -> list[tuple[str, str]]:
    """The taints of ours that the node should have, as (key, effect)."""
    keys = [
        CONDITIONS[(c["type"], c["status"])]
        for c in objects.conditions(node).values()
        if (c["type"], c["status"]) in CONDITIONS
    ]
    found = [(key, "NoSchedule") for key in keys]
    if node.get("spec", {}).get("unschedulable"):
        found.append((UNSCHEDULABLE, "NoSchedule"))
    return found + [(key, "NoExecute") for key in keys if key in (NOT_READY, UNREACHABLE)]


def with_taints(node: Object, now: float) -> list[Object] | None:
    """The node's taints as they should be; None when they are so already."""
    present = node.get("spec", {}).get("taints") or []
    should = wanted(node)
    kept = [t for t in present if t["key"] not in KEYS or (t["key"], t["effect"]) in should]
    have = {(taint["key"], taint["effect"]) for taint in kept}
    new = [{"key": key, "effect": effect} for key, effect in should if (key, effect) not in have]
    for taint in new:
        taint["timeAdded"] = moment.time(now)
    return None if not new and len(kept) == len(present) else [*kept, *new]


def drive_away(pod: Object, view: View) -> Writes:
    """Delete the pod when a NoExecute taint of its node has lasted longer than it tolerates."""
    node = view.get("nodes", pods.node(pod)) if pods.node(pod) else None
    if node is None or objects.is_being_deleted(pod):
        return
    taints = [t for t in node.get("spec", {}).get("taints") or () if t["effect"] == "NoExecute"]
    if not taints:
        return
    at = leaves_at(pod, taints)
    if at is None:
        return
    if at > view.now:
        yield Again(at - view.now)
        return
    name = f"{objects.namespace(pod)}/{objects.name(pod)}"
    yield Event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {name}")
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
        "lastTransitionTime": moment.time(view.now),
    }
    patch = {"metadata": {"uid": objects.uid(pod)}, "status": {"conditions": [condition]}}
    told = yield Patch(pod, patch, "strategic", "status")
    if not refused(told):
        yield Delete(pod)


def leaves_at(pod: Object, taints: list[Object]) -> float | None:
    """When the pod must go: 0 for at once, None for never."""
    tolerations = pod["spec"].get("tolerations") or ()
    moments: list[float] = []
    for taint in taints:
        used = [one for one in tolerations if tolerates(one, taint)]
        if not used:
            return 0.0
        limits = [one["tolerationSeconds"] for one in used if one.get("tolerationSeconds") is not None]
        if limits:
            since = moment.seconds(taint["timeAdded"]) if taint.get("timeAdded") else 0.0
            moments.append(since + max(0, min(limits)))
    return min(moments, default=None)


def tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def pods_of_node(node: Object, view: View) -> Iterable[Key]:
    taints = node.get("spec", {}).get("taints") or ()
    if any(taint["effect"] == "NoExecute" for taint in taints):
        yield from (key_of(pod) for pod in view.by("pods", "node", objects.name(node)))


CONTROLLER = Controller(
    name="taint-eviction-controller",
    resource="pods",
    reconcile=drive_away,
    watches={"nodes": pods_of_node},
    indexes={"pods": {"node": by_node}},
)
