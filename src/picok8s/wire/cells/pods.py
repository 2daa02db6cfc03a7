"""Cells of pods and their templates: how many containers are ready, in what state it all is, how often it restarted."""

from typing import Any

from picok8s.api import duration
from picok8s.wire.cells import words
from picok8s.wire.cells.words import NONE, Cells, Object

NODE_LOST = "NodeLost"

COMPLETED = {
    "Succeeded": ("Succeeded", "The pod has completed successfully."),
    "Failed": ("Failed", "The pod failed."),
}


def pod(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    sidecars = {c["name"] for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    total = len(spec.get("containers") or ()) + len(sidecars)
    reason, restarts, last, ready = _state(obj, sidecars)
    if words.is_deleted(obj):
        if status.get("reason") == NODE_LOST:
            reason = "Unknown"
        elif status.get("phase") not in ("Succeeded", "Failed"):
            reason = "Terminating"
    told = f"{restarts} ({duration.since(last, now)} ago)" if restarts and last else str(restarts)
    addresses = status.get("podIPs") or ()
    return [
        words.name(obj),
        f"{ready}/{total}",
        reason,
        told,
        words.age(obj, now),
        (addresses[0].get("ip") if addresses else "") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(obj),
    ]


def _state(obj: Object, sidecars: set[str]) -> tuple[str, int, str, int]:
    """(reason, restarts, when the last one ended, ready containers)."""
    status = words.status(obj)
    reason = status.get("reason") or status.get("phase") or ""
    conditions = words.conditions(obj)
    if conditions.get("PodScheduled", {}).get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    inits = status.get("initContainerStatuses") or ()
    ready = sum(bool(c.get("ready")) for c in inits if c.get("name") in sidecars and c.get("started"))
    waiting = _initializing(obj, sidecars)
    if waiting and conditions.get("Initialized", {}).get("status") != "True":
        return waiting, *_restarts(inits), ready
    reason, running = _running(status, waiting or reason)
    ready += sum(bool(c.get("ready")) and "running" in _now(c) for c in status.get("containerStatuses") or ())
    if reason == "Completed" and running:
        reason = "Running" if conditions.get("Ready", {}).get("status") == "True" else "NotReady"
    counted = [c for c in inits if c.get("name") in sidecars] + list(status.get("containerStatuses") or ())
    return reason, *_restarts(counted), ready


def _now(container: Object) -> Object:
    return container.get("state") or {}


def _restarts(containers: Any) -> tuple[int, str]:
    ends = [((c.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or "" for c in containers]
    return sum(c.get("restartCount", 0) for c in containers), max(ends, default="")


def _initializing(obj: Object, sidecars: set[str]) -> str:
    """The state of the first init container that is not through yet; "" when there is none."""
    total = len(words.spec(obj).get("initContainers") or ())
    for index, container in enumerate(words.status(obj).get("initContainerStatuses") or ()):
        state = _now(container)
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        if ended is not None and not ended.get("exitCode"):
            continue
        if container.get("name") in sidecars and container.get("started"):
            continue
        if ended is not None:
            return f"Init:{_end(ended)}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{total}"
    return ""


def _end(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _running(status: Object, reason: str) -> tuple[str, bool]:
    """What the containers say, the first one having the last word; whether any runs and is ready."""
    running = False
    for container in reversed(status.get("containerStatuses") or ()):
        state = _now(container)
        if (state.get("waiting") or {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif state.get("terminated") is not None:
            reason = _end(state["terminated"])
        elif container.get("ready") and state.get("running") is not None:
            running = True
    return reason, running


def _gates(obj: Object) -> str:
    gates = words.spec(obj).get("readinessGates") or ()
    if not gates:
        return NONE
    conditions = words.conditions(obj)
    true = sum(conditions.get(gate.get("conditionType", ""), {}).get("status") == "True" for gate in gates)
    return f"{true}/{len(gates)}"


def completed(obj: Object) -> list[Object]:
    """The conditions of a pod's row."""
    found = COMPLETED.get(words.status(obj).get("phase", ""))
    if found is None:
        return []
    return [{"type": "Completed", "status": "True", "reason": found[0], "message": found[1]}]


def template(obj: Object, now: float) -> Cells:
    names, images = words.containers(obj.get("template"))
    metadata = (obj.get("template") or {}).get("metadata") or {}
    return [words.name(obj), names, images, words.labels(metadata.get("labels"))]
