"""The arithmetic of a rollout: how many pods the new and the old ReplicaSets of a Deployment may have."""

import hashlib
import math
from typing import Any

import orjson

from picok8s.api import objects
from picok8s.api.errors import Object

HASH_LABEL = "pod-template-hash"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"

# Letters that spell no words, as names of pods and sets use them.
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template: Object, collisions: int) -> str:
    """A word for this template; another one for each collision."""
    data = orjson.dumps([template, collisions], option=orjson.OPT_SORT_KEYS)
    number = int.from_bytes(hashlib.sha256(data).digest()[:8], "big")
    word = ""
    for _ in range(10):
        number, letter = divmod(number, len(ALPHABET))
        word += ALPHABET[letter]
    return word


def same_template(one: Object, other: Object) -> bool:
    """Equal but for the hash label that the controller itself adds."""
    return bool(_bare(one) == _bare(other))


def _bare(template: Object) -> Object:
    metadata = {k: v for k, v in (template.get("metadata") or {}).items() if v}
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != HASH_LABEL}
    return {"metadata": {**metadata, "labels": labels}, "spec": template.get("spec")}


def replicas(obj: Object) -> int:
    count = obj["spec"].get("replicas")
    return 1 if count is None else int(count)


def counted(replicaset: Object, field: str = "availableReplicas") -> int:
    return int((replicaset.get("status") or {}).get(field) or 0)


def revision(obj: Object) -> int:
    try:
        return int(objects.annotations(obj).get(REVISION, "0"))
    except ValueError:
        return 0


def is_rolling(deployment: Object) -> bool:
    return (deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"


def bounds(deployment: Object) -> tuple[int, int]:
    """How many pods more, and how many fewer, than asked for there may be: (surge, unavailable)."""
    if not is_rolling(deployment):
        return 0, 0
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    count = replicas(deployment)
    surge = portion(rolling.get("maxSurge", 0), count, up=True)
    unavailable = portion(rolling.get("maxUnavailable", 0), count, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1  # Or it could never move.
    return surge, min(unavailable, count)


def portion(value: Any, of: int, up: bool) -> int:
    """An IntOrString: a number, or a percentage of `of`."""
    if isinstance(value, str):
        share = of * int(value.rstrip("%") or 0) / 100
        return math.ceil(share) if up else math.floor(share)
    return int(value or 0)


def new_count(deployment: Object, sets: list[Object], current: int) -> int:
    """The size that the new ReplicaSet may grow to from `current`."""
    wanted = replicas(deployment)
    if not is_rolling(deployment):
        return wanted
    room = wanted + bounds(deployment)[0] - sum(map(replicas, sets))
    return current if room <= 0 else current + min(room, wanted - current)


def old_counts(deployment: Object, new: Object | None, old: list[Object]) -> dict[str, int]:
    """The sizes that the old ReplicaSets shall shrink to, by name: first what is unhealthy goes, then what is spare."""
    sets = [*old, *([new] if new else [])]
    available_min = replicas(deployment) - bounds(deployment)[1]
    new_unavailable = replicas(new) - counted(new) if new else 0
    spare = sum(map(replicas, sets)) - available_min - new_unavailable
    sizes = {objects.name(one): replicas(one) for one in old}
    if spare <= 0 or not any(sizes.values()):
        return sizes
    by_age = sorted(old, key=lambda one: one["metadata"].get("creationTimestamp", ""))
    left = spare
    for one in by_age:
        cut = max(0, min(left, sizes[objects.name(one)] - counted(one)))
        sizes[objects.name(one)] -= cut
        left -= cut
    left = min(spare, sum(map(counted, sets)) - available_min)
    for one in by_age:
        if left <= 0:
            break
        cut = min(left, sizes[objects.name(one)])
        sizes[objects.name(one)] -= cut
        left -= cut
    return sizes


def proportions(deployment: Object, sets: list[Object]) -> dict[str, int]:
    """The sizes of active ReplicaSets after a Deployment was scaled while it rolls out: each keeps its share."""
    wanted = replicas(deployment)
    allowed = wanted + bounds(deployment)[0] if wanted > 0 else 0
    change = allowed - sum(map(replicas, sets))
    newest_first = sorted(sets, key=lambda one: one["metadata"].get("creationTimestamp", ""), reverse=change > 0)
    ordered = sorted(newest_first, key=replicas, reverse=True)
    sizes, added = {}, 0
    for one in ordered:
        share = _share(deployment, one, allowed) if change else 0
        rest = change - added
        part = min(share, rest) if change > 0 else max(share, rest)
        sizes[objects.name(one)] = replicas(one) + part
        added += part
    if ordered:
        first = objects.name(ordered[0])
        sizes[first] = max(0, sizes[first] + change - added)
    return sizes


def _share(deployment: Object, one: Object, allowed: int) -> int:
    if replicas(deployment) == 0:
        return -replicas(one)
    before = int(objects.annotations(one).get(MAXIMUM) or 0) or counted(deployment, "replicas") or allowed
    return math.floor(replicas(one) * allowed / before + 0.5) - replicas(one)
