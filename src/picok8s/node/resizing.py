"""Resources that change while a container runs: what to do, and what the pod's status says about it. Pure.

A container carries the resources that it was made with as an annotation; later changes are in the memory of its worker.
"""

from typing import Any

import orjson

from picok8s.api import moment
from picok8s.node import pods
from picok8s.node.commands import Command, Resize, StopContainer
from picok8s.node.state import RUNNING, Container, Memory, Seen

Object = dict[str, Any]

KINDS = ("PodResizePending", "PodResizeInProgress")
SIZES = ("cpu", "memory")


def text(container: Object) -> str:
    """The part of a container's resources that can be changed in place, always written the same way."""
    resources = container.get("resources") or {}
    picked = {
        kind: {name: str(amounts[name]) for name in SIZES if name in amounts}
        for kind in ("limits", "requests")
        if (amounts := resources.get(kind) or {})
    }
    return orjson.dumps(picked, option=orjson.OPT_SORT_KEYS).decode()


def applied(run: Container, memory: Memory) -> str:
    """The text of what the container has now; "" when nobody knows, as with one that another agent made."""
    return memory.resized.get(run.id) or run.resources


def pending(pod: Object, seen: Seen) -> list[tuple[Object, Container]]:
    """Running containers that have other resources than the pod says."""
    found = []
    for container in (*(c for c in pods.init_containers(pod) if pods.is_sidecar(c)), *pods.containers(pod)):
        run = seen.latest(container["name"])
        if run is not None and run.state == RUNNING:
            has = applied(run, seen.memory)
            if has and has != text(container):
                found.append((container, run))
    return found


def commands(pod: Object, seen: Seen, now: float) -> list[Command]:
    """What brings them there: a change in place, or a restart where the container's resizePolicy wants one."""
    if seen.memory.resize_refusal:
        return []
    made: list[Command] = []
    for container, run in pending(pod, seen):
        trouble = seen.memory.troubles.get(f"resize:{run.name}")
        if trouble is not None and now < trouble.retry_at:
            continue
        if _needs_restart(container, applied(run, seen.memory)):
            why = f"Container {run.name} resize requires restart, will be restarted"
            made.append(StopContainer(run.id, run.name, pods.grace_seconds(pod), why))
        else:
            made.append(Resize(run.id, run.name))
    return made


def _needs_restart(container: Object, has: str) -> bool:
    old, new = orjson.loads(has), orjson.loads(text(container))
    for rule in container.get("resizePolicy") or []:
        name = rule["resourceName"]
        changed = any(
            (old.get(kind) or {}).get(name) != (new.get(kind) or {}).get(name) for kind in ("limits", "requests")
        )
        if changed and rule["restartPolicy"] == "RestartContainer":
            return True
    return False


def conditions(pod: Object, seen: Seen, old: dict[str, Object], now: float) -> list[Object]:
    """PodResizePending while the node has no room, PodResizeInProgress while the change is under way."""
    if not pending(pod, seen):
        return []
    if seen.memory.resize_refusal:
        reason, message = seen.memory.resize_refusal
        row: Object = {"type": "PodResizePending", "status": "True", "reason": reason, "message": message}
    else:
        row = {"type": "PodResizeInProgress", "status": "True"}
        errors = [t.message for key, t in seen.memory.troubles.items() if key.startswith("resize:")]
        if errors:
            row |= {"reason": "Error", "message": errors[0]}
    before = old.get(row["type"]) or {}
    since = before.get("lastTransitionTime") or moment.time(now)
    made = {"lastProbeTime": None, **row, "lastTransitionTime": since}
    if generation := pod["metadata"].get("generation"):
        made["observedGeneration"] = generation
    return [made]
