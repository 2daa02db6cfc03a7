"""Node lifecycle: a node whose agent fell silent is said to be unknown, and its taints follow its conditions.

Reads   the Node and its Lease in kube-node-lease, which the agent renews.
Writes  conditions (Unknown), taints, the Ready condition of the pods on a node that is not ready.

A node is silent when neither lease nor status has changed for GRACE_SECONDS by our own clock: what another machine's
clock wrote is compared only with itself, and after a start each node gets the whole grace.
"""

from typing import Any

from picok8s.api import moment, objects, pods
from picok8s.controllers import taints
from picok8s.reconcile.controller import Controller, View, by_node
from picok8s.reconcile.writes import Again, Event, Patch, Status, Writes, refused

Object = dict[str, Any]

GRACE_SECONDS = 40.0
LEASES = "kube-node-lease"
WATCHED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")

Sightings = dict[str, tuple[tuple[str, str], float]]  # node -> the sign of life that was seen last, and when


def controller() -> Controller:
    """The row of the list. What it remembers is when each node gave its last sign of life."""
    seen: Sightings = {}

    def reconcile(node: Object, view: View) -> Writes:
        name = objects.name(node)
        sign = sign_of_life(node, view)
        if name not in seen or seen[name][0] != sign:
            seen[name] = (sign, view.now)
        yield from judge(node, seen[name][1], view)

    return Controller(
        name="node-controller",
        resource="nodes",
        reconcile=reconcile,
        watches={"leases.coordination.k8s.io": _of_lease},
        indexes={"pods": {"node": by_node}},
    )


def _of_lease(lease: Object, view: View) -> list[tuple[str, str]]:
    return [("", objects.name(lease))] if objects.namespace(lease) == LEASES else []


def sign_of_life(node: Object, view: View) -> tuple[str, str]:
    lease = view.get("leases.coordination.k8s.io", objects.name(node), LEASES)
    renewed = ((lease or {}).get("spec") or {}).get("renewTime") or ""
    ready = objects.conditions(node).get("Ready") or {}
    beat = "" if ready.get("status") == "Unknown" else ready.get("lastHeartbeatTime") or ""
    return str(renewed), str(beat)


def judge(node: Object, last_sign: float, view: View) -> Writes:
    """What is to be said of a node that gave its last sign of life then."""
    silent_at = last_sign + GRACE_SECONDS
    if silent_at > view.now:
        yield Again(silent_at - view.now)
    elif (status := unknown(node, view.now)) is not None:
        yield Event(node, "Normal", "NodeNotReady", f"Node {objects.name(node)} status is now: NodeNotReady")
        told = yield Status(node, status)
        if refused(told):
            return
        node = told or {**node, "status": status}
    listed = taints.with_taints(node, view.now)
    if listed is not None:
        metadata = {"resourceVersion": objects.revision(node)}
        yield Patch(node, {"metadata": metadata, "spec": {"taints": listed or None}})
    ready = objects.conditions(node).get("Ready") or {}
    if ready.get("status") in ("False", "Unknown") and ready.get("reason") != "NodeStatusNeverUpdated":
        for pod in view.by("pods", "node", objects.name(node)):
            yield from unready(pod, view.now)


def unknown(node: Object, now: float) -> Object | None:
    """The status of a silent node; None when it says so already."""
    conditions = dict(objects.conditions(node))
    changed = False
    for type in WATCHED:
        before = conditions.get(type)
        if before is not None and before["status"] == "Unknown":
            continue
        changed = True
        never = before is None
        told: Object = {
            "type": type,
            "status": "Unknown",
            "reason": "NodeStatusNeverUpdated" if never else "NodeStatusUnknown",
            "message": "Kubelet never posted node status." if never else "Kubelet stopped posting node status.",
            "lastTransitionTime": moment.time(now),
        }
        beat = (before or {}).get("lastHeartbeatTime") or node["metadata"].get("creationTimestamp")
        conditions[type] = {**told, "lastHeartbeatTime": beat} if beat else told
    return {**(node.get("status") or {}), "conditions": list(conditions.values())} if changed else None


def unready(pod: Object, now: float) -> Writes:
    """A pod on a node that is not ready takes no more requests."""
    if not pods.is_ready(pod):
        return
    condition = {"type": "Ready", "status": "False", "lastTransitionTime": moment.time(now)}
    patch = {"metadata": {"uid": objects.uid(pod)}, "status": {"conditions": [condition]}}
    yield Event(pod, "Warning", "NodeNotReady", "Node is not ready")
    yield Patch(pod, patch, "strategic", "status")
