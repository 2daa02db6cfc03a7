"""How well a node suits a pod: 0 to 100 by each row of SCORES, with upstream's weights.

A score looks at one node and the pod only (see `filters.py`). A row that is `normalized` gives a raw number that means
something only beside those of the other nodes: `upwards` when more is better.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from picok8s.api import selectors
from picok8s.scheduler.filters import tolerates
from picok8s.scheduler.podinfo import PodInfo
from picok8s.scheduler.snapshot import NodeInfo

Object = dict[str, Any]
Score = Callable[[PodInfo, NodeInfo], int]

IMAGE_MIN = 23 * 1024 * 1024
IMAGE_MAX = 1000 * 1024 * 1024


def least_allocated(pod: PodInfo, node: NodeInfo) -> int:
    """The share of CPU and memory that would be left, on average."""
    total = 0
    parts = 0
    for capacity, used in _cpu_and_memory(pod, node):
        if capacity:
            parts += 1
            total += (capacity - used) * 100 // capacity if used <= capacity else 0
    return total // parts if parts else 0


def balanced(pod: PodInfo, node: NodeInfo) -> int:
    """Shares of CPU and memory that differ little leave nothing that cannot be used."""
    cpu, memory = node.allocatable.get("cpu", 0), node.allocatable.get("memory", 0)
    if not cpu or not memory:
        return 100
    used_cpu = min(1.0, (node.requested.get("cpu", 0) + pod.requests.get("cpu", 0)) / cpu)
    used_memory = min(1.0, (node.requested.get("memory", 0) + pod.requests.get("memory", 0)) / memory)
    return int((1 - abs(used_cpu - used_memory) / 2) * 100)


def _cpu_and_memory(pod: PodInfo, node: NodeInfo) -> tuple[tuple[int, int], tuple[int, int]]:
    return (
        (node.allocatable.get("cpu", 0), node.usual_cpu + pod.usual_cpu),
        (node.allocatable.get("memory", 0), node.usual_memory + pod.usual_memory),
    )


def images(pod: PodInfo, node: NodeInfo) -> int:
    """Images that are there already, by their size."""
    if not node.images:
        return 0
    containers = [*pod.pod["spec"]["containers"], *(pod.pod["spec"].get("initContainers") or ())]
    total = sum(node.images.get(_full_name(c.get("image") or ""), 0) for c in containers)
    most = IMAGE_MAX * len(containers)
    return 100 * (min(max(total, IMAGE_MIN), most) - IMAGE_MIN) // (most - IMAGE_MIN)


def _full_name(image: str) -> str:
    return image if ":" in image.rsplit("/", 1)[-1] else image + ":latest"


def intolerable(pod: PodInfo, node: NodeInfo) -> int:
    """The taints that the pod would rather not have."""
    if not node.taints:
        return 0
    tolerations = [
        t for t in pod.pod["spec"].get("tolerations") or () if t.get("effect") in (None, "", "PreferNoSchedule")
    ]
    soft = [taint for taint in node.taints if taint["effect"] == "PreferNoSchedule"]
    return sum(not any(tolerates(one, taint) for one in tolerations) for taint in soft)


def preferred_affinity(pod: PodInfo, node: NodeInfo) -> int:
    rules = (pod.pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    total = 0
    for term in rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
        if term.get("weight") and selectors.term_selects_node(term["preference"], node.node or {}):
            total += term["weight"]
    return total


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    weight: int
    score: Score
    normalized: bool = False
    upwards: bool = True


SCORES = (
    Row("NodeResourcesFit", 1, least_allocated),
    Row("NodeResourcesBalancedAllocation", 1, balanced),
    Row("ImageLocality", 1, images),
    Row("TaintToleration", 3, intolerable, normalized=True, upwards=False),
    Row("NodeAffinity", 2, preferred_affinity, normalized=True),
)
ABSOLUTE = tuple(row for row in SCORES if not row.normalized)
RELATIVE = tuple(row for row in SCORES if row.normalized)


def absolute(pod: PodInfo, node: NodeInfo) -> int:
    """The sum of the rows that need no other node."""
    return sum(row.weight * row.score(pod, node) for row in ABSOLUTE)


def normalize(raw: list[int], upwards: bool = True) -> list[int]:
    """Raw numbers as 0 to 100 by the greatest of them."""
    most = max(raw, default=0)
    if most == 0:
        return [0 if upwards else 100] * len(raw)
    return [value * 100 // most if upwards else 100 - value * 100 // most for value in raw]


def stretched(raw: list[float]) -> list[int]:
    """Numbers of any sign as 0 to 100 from the least to the greatest."""
    low, high = min(raw, default=0.0), max(raw, default=0.0)
    if math.isclose(low, high):
        return [0] * len(raw)
    return [int(100 * (value - low) / (high - low)) for value in raw]
