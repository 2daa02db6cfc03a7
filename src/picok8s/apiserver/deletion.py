"""How an object ends: at once, after a grace period, or when its finalizers are gone. Pure: what to store instead, or nothing.

Follows the API conventions' "Finalizers" and the garbage collection design: `foregroundDeletion` and `orphan` are finalizers
that the garbage collector takes off; pods get a grace period that their node ends; namespaces end by their own finalizers.
"""

from dataclasses import dataclass
from typing import Any

from picok8s.api import moment, objects
from picok8s.api.errors import FieldError, invalid, invalid_value, unsupported

Object = dict[str, Any]

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
POLICIES = ("Background", "Foreground", "Orphan")
GRACE_DEFAULT_S = 30
ORPHANING = (("v1", "ReplicationController"), ("batch/v1", "Job"))


@dataclass(frozen=True, slots=True)
class Options:
    """DeleteOptions as far as they decide something."""

    grace: int | None = None  # Seconds.
    policy: str = ""
    orphan: bool | None = None  # orphanDependents, which policy replaced.
    uid: str = ""
    revision: str = ""
    dry_run: bool = False
    ignore_store_errors: bool = False


def read(body: Object) -> Options:
    """Options from a decoded DeleteOptions. Raises ApiError 422 for values that are not known."""
    policy, orphan = body.get("propagationPolicy") or "", body.get("orphanDependents")
    problems: list[FieldError] = []
    if policy and orphan is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        problems.append(invalid_value("propagationPolicy", policy, detail))
    if policy and policy not in POLICIES:
        problems.append(unsupported("propagationPolicy", policy, (*POLICIES, "nil")))
    for value in body.get("dryRun") or []:
        if value != "All":
            problems.append(unsupported("dryRun", [value], ("All",)))
    if problems:
        raise invalid("DeleteOptions", "meta.k8s.io", "", problems)
    preconditions = body.get("preconditions") or {}
    return Options(
        grace=body.get("gracePeriodSeconds"),
        policy=policy,
        orphan=orphan,
        uid=preconditions.get("uid") or "",
        revision=preconditions.get("resourceVersion") or "",
        dry_run="All" in (body.get("dryRun") or []),
    )


def grace_of(obj: Object, asked: int | None) -> int:
    """The seconds that an object gets to end by itself; 0 for all but pods that run somewhere."""
    if obj["kind"] != "Pod" or obj["apiVersion"] != "v1":
        return 0
    spec, phase = obj.get("spec", {}), obj.get("status", {}).get("phase")
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    if asked is None:
        asked = spec.get("terminationGracePeriodSeconds", GRACE_DEFAULT_S)
    return 1 if asked < 0 else int(asked)  # Negative means as soon as the node can.


def orphans(obj: Object) -> bool:
    """Whether what an object owns stays, when nobody says what to do: so it was for these before there was a choice."""
    return (obj["apiVersion"], obj["kind"]) in ORPHANING


def finalizers(obj: Object, options: Options) -> list[str]:
    """The finalizers of an object once its deletion with these options begins."""
    kept = [f for f in obj["metadata"].get("finalizers", []) if f not in (FOREGROUND, ORPHAN)]
    had = obj["metadata"].get("finalizers", [])
    if options.orphan is not None:
        orphan, foreground = options.orphan, False
    elif options.policy:
        orphan, foreground = options.policy == "Orphan", options.policy == "Foreground"
    else:
        foreground = FOREGROUND in had
        orphan = ORPHAN in had or (not foreground and orphans(obj))
    if orphan:
        kept.append(ORPHAN)
    if foreground:
        kept.append(FOREGROUND)
    return kept


def begin(old: Object, options: Options, now: float) -> Object | None:
    """The object as it stays while it ends, or None when it is to go at once.

    Returns `old` itself when nothing changes: it is ending already, and no sooner by this.
    """
    metadata = old["metadata"]
    held = finalizers(old, options)
    grace = grace_of(old, options.grace)
    ending = "deletionTimestamp" in metadata
    if ending:
        left = metadata.get("deletionGracePeriodSeconds") or 0
        grace = min(grace, left) if options.grace is not None else left
        if grace == left and left > 0 and held == metadata.get("finalizers", []):
            return old
    is_namespace = old["kind"] == "Namespace" and old["apiVersion"] == "v1"
    if not (grace > 0 or held or (is_namespace and (old.get("spec") or {}).get("finalizers"))):
        return None
    new = marked(old, grace, now)
    if held:
        new["metadata"]["finalizers"] = held
    else:
        new["metadata"].pop("finalizers", None)
    if is_namespace:
        new["metadata"].pop("deletionGracePeriodSeconds")
        new.setdefault("status", {})["phase"] = "Terminating"
    return old if new == old else new


def marked(old: Object, grace: int, now: float) -> Object:
    """The object with the time of its end and the seconds until then. What ends already may only end sooner."""
    new = objects.copy(old)
    metadata = new["metadata"]
    if "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = moment.time(now + grace)
        if metadata.get("generation"):
            metadata["generation"] += 1
    elif grace < (left := metadata.get("deletionGracePeriodSeconds") or 0):
        end = moment.seconds(metadata["deletionTimestamp"]) - left + grace
        if end < now:
            end, grace = now, min(grace, 1)  # All of it is over: as soon as its node can.
        metadata["deletionTimestamp"] = moment.time(end)
    metadata["deletionGracePeriodSeconds"] = grace
    return new


def last(old: Object, now: float) -> Object:
    """A pod as it is seen once more before it goes: its grace is over."""
    if old["metadata"].get("deletionGracePeriodSeconds") == 0 and "deletionTimestamp" in old["metadata"]:
        return old
    return marked(old, 0, now)
