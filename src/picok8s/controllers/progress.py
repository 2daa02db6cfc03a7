"""The status of a Deployment: how far the rollout is, whether it moves, and when it will have taken too long."""

from typing import Any

from picok8s.api import moment, objects
from picok8s.controllers import rollout
from picok8s.controllers.rollout import counted, replicas

Object = dict[str, Any]

NO_DEADLINE = 2**31 - 1
DONE = "NewReplicaSetAvailable"
LATE = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"
RESUMED = "DeploymentResumed"


def observe(deployment: Object, new: Object | None, old: list[Object], now: float) -> tuple[Object, float | None]:
    """The status, and after how many seconds the deadline passes (None: it cannot)."""
    status = counts(deployment, new, old)
    conditions = dict(objects.conditions(deployment))
    _set(conditions, available(deployment, status), now)
    if not objects.is_being_deleted(deployment) and has_deadline(deployment):
        for condition in progressing(deployment, status, new, conditions.get("Progressing"), now):
            _set(conditions, condition, now)
    elif not has_deadline(deployment):
        conditions.pop("Progressing", None)
    failure = next(
        (c for one in [new, *old] if one for c in [objects.conditions(one).get("ReplicaFailure")] if c), None
    )
    if failure is not None:
        _set(conditions, {word: failure.get(word, "") for word in ("type", "status", "reason", "message")}, now)
    else:
        conditions.pop("ReplicaFailure", None)
    status["conditions"] = list(conditions.values())
    return status, _deadline(deployment, status, conditions.get("Progressing"), now)


def counts(deployment: Object, new: Object | None, old: list[Object]) -> Object:
    sets = [one for one in [new, *old] if one is not None]
    total = sum(counted(one, "replicas") for one in sets)
    ready = sum(counted(one, "readyReplicas") for one in sets)
    ready_now = sum(map(counted, sets))
    status: Object = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": total,
        "updatedReplicas": counted(new, "replicas") if new else 0,
        "readyReplicas": ready,
        "availableReplicas": ready_now,
        "unavailableReplicas": max(0, sum(map(replicas, sets)) - ready_now),
        "terminatingReplicas": sum(counted(one, "terminatingReplicas") for one in sets),
    }
    if collisions := (deployment.get("status") or {}).get("collisionCount"):
        status["collisionCount"] = collisions
    return status


def available(deployment: Object, status: Object) -> Object:
    enough = replicas(deployment) - rollout.bounds(deployment)[1]
    if status["availableReplicas"] >= enough:
        words = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        words = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return {"type": "Available", "status": words[0], "reason": words[1], "message": words[2]}


def progressing(
    deployment: Object, status: Object, new: Object | None, before: Object | None, now: float
) -> list[Object]:
    """What there is to say about the progress now; nothing where it stays as it was."""
    reason = before["reason"] if before else ""
    if deployment["spec"].get("paused"):
        return [] if reason in (PAUSED, LATE) else [_progress("Unknown", PAUSED, "Deployment is paused")]
    if reason == PAUSED:
        return [_progress("Unknown", RESUMED, "Deployment is resumed")]
    subject = f'ReplicaSet "{objects.name(new)}"' if new else f'Deployment "{objects.name(deployment)}"'
    if reason == DONE and status["replicas"] == status["updatedReplicas"]:
        if new is None or before is None or objects.name(new) in before.get("message", ""):
            return []
    if new is None and before is None:
        return []
    if is_complete(deployment, status):
        return [_progress("True", DONE, f"{subject} has successfully progressed.")]
    if before is None and new is not None:
        return [_progress("True", "NewReplicaSetCreated", f'Created new replica set "{objects.name(new)}"')]
    if moves(deployment, status) or (new is not None and reason in (DONE, "ReplicaSetCreateError")):
        return [_progress("True", "ReplicaSetUpdated", f"{subject} is progressing.", moved=True)]
    if is_late(deployment, before, now):
        return [_progress("False", LATE, f"{subject} has timed out progressing.")]
    return []


def is_complete(deployment: Object, status: Object) -> bool:
    wanted = replicas(deployment)
    same = all(status[word] == wanted for word in ("updatedReplicas", "replicas", "availableReplicas"))
    return bool(same and status["observedGeneration"] >= deployment["metadata"].get("generation", 0))


def moves(deployment: Object, status: Object) -> bool:
    """Did the rollout get on since the last status?"""
    old = deployment.get("status") or {}
    old_left = (old.get("replicas") or 0) - (old.get("updatedReplicas") or 0)
    return (
        status["updatedReplicas"] > (old.get("updatedReplicas") or 0)
        or status["replicas"] - status["updatedReplicas"] < old_left
        or status["readyReplicas"] > (old.get("readyReplicas") or 0)
        or status["availableReplicas"] > (old.get("availableReplicas") or 0)
    )


def is_late(deployment: Object, before: Object | None, now: float) -> bool:
    if before is None or before["reason"] == DONE:
        return False
    if before["reason"] == LATE:
        return True
    return moment.seconds(before["lastUpdateTime"]) + _limit(deployment) <= now


def has_deadline(deployment: Object) -> bool:
    return _limit(deployment) != NO_DEADLINE


def with_progressing(deployment: Object, status: str, reason: str, message: str) -> Object:
    """The present status with this word about the progress."""
    conditions = dict(objects.conditions(deployment))
    before = conditions.get("Progressing") or {}
    told = {**before, **_progress(status, reason, message)}
    told.pop("moved", None)
    conditions["Progressing"] = told
    return {**(deployment.get("status") or {}), "conditions": list(conditions.values())}


def _limit(deployment: Object) -> int:
    limit = deployment["spec"].get("progressDeadlineSeconds")
    return NO_DEADLINE if limit is None else int(limit)


def _deadline(deployment: Object, status: Object, progress: Object | None, now: float) -> float | None:
    if progress is None or progress["reason"] in (DONE, LATE, PAUSED) or is_complete(deployment, status):
        return None
    return max(1.0, moment.seconds(progress["lastUpdateTime"]) + _limit(deployment) - now + 1)


def _progress(status: str, reason: str, message: str, moved: bool = False) -> Object:
    told: Object = {"type": "Progressing", "status": status, "reason": reason, "message": message}
    return {**told, "moved": True} if moved else told


def _set(conditions: dict[str, Object], told: Object, now: float) -> None:
    """Put a condition in. One that says the same is left alone, unless it tells of a new move."""
    moved = told.pop("moved", False)
    before = conditions.get(told["type"])
    if before and not moved and (before["status"], before.get("reason")) == (told["status"], told["reason"]):
        if before.get("message") == told["message"]:
            return
    since = before["lastTransitionTime"] if before and before["status"] == told["status"] else moment.time(now)
    conditions.pop(told["type"], None)
    conditions[told["type"]] = {**told, "lastUpdateTime": moment.time(now), "lastTransitionTime": since}
