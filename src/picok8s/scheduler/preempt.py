"""Whom a pod of higher priority may push out: the node where that costs the least, and the pods to remove there.

A node is looked at without all pods of lower priority; if the pod fits then, they are let back in, the dearest first,
and those that no longer fit are the victims.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from picok8s.api import objects, pods, selectors
from picok8s.scheduler import filters, topology
from picok8s.scheduler.decide import Decision, told
from picok8s.scheduler.podinfo import PodInfo
from picok8s.scheduler.snapshot import NodeInfo, Snapshot

Object = dict[str, Any]
Extra = Callable[[NodeInfo], tuple[str, ...] | None]

NODES_LOOKED_AT_MAX = 100
NO_VICTIMS = "No preemption victims found for incoming pod"
NO_HELP = "Preemption is not helpful for scheduling"


@dataclass(frozen=True, slots=True)
class Preemption:
    node: str = ""
    victims: tuple[PodInfo, ...] = ()
    message: str = ""  # Follows the message of the decision.


def preempt(
    pod: PodInfo, decision: Decision, snapshot: Snapshot, budgets: Sequence[Object], extra: Sequence[Extra] = ()
) -> Preemption:
    """What to remove so that the pod fits somewhere; nothing, with the reason, when that cannot be."""
    if why := _not_eligible(pod, snapshot):
        return Preemption(message=f" preemption: {why}")
    reasons: Counter[str] = Counter()
    found: list[tuple[tuple[Any, ...], str, list[PodInfo]]] = []
    for name, objections in decision.objections.items():
        node = snapshot.nodes[name]
        if not filters.is_resolvable(pod, node, objections):
            reasons[NO_HELP] += 1
            continue
        if len(found) >= NODES_LOOKED_AT_MAX:
            break
        victims = _victims(pod, node, snapshot, budgets, extra)
        if victims is None:
            reasons[NO_VICTIMS] += 1
            continue
        found.append((_cost(victims, budgets), name, victims))
    if not found:
        return Preemption(message=f" preemption: {told(decision.count, reasons)}")
    _, name, victims = min(found, key=lambda row: row[0])
    return Preemption(name, tuple(victims))


def _not_eligible(pod: PodInfo, snapshot: Snapshot) -> str:
    if pod.pod["spec"].get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    nominated = (pod.pod.get("status") or {}).get("nominatedNodeName")
    node = snapshot.nodes.get(nominated) if nominated else None
    if node is not None and any(p.priority < pod.priority and _leaves(p) for p in node.pods.values()):
        return "not eligible due to a terminating pod on the nominated node."
    return ""


def _leaves(info: PodInfo) -> bool:
    target = pods.condition(info.pod, "DisruptionTarget")
    by_us = target is not None and target.get("reason") == "PreemptionByScheduler"
    return objects.is_being_deleted(info.pod) and by_us


def _victims(
    pod: PodInfo, node: NodeInfo, snapshot: Snapshot, budgets: Sequence[Object], extra: Sequence[Extra]
) -> list[PodInfo] | None:
    """The pods to remove from this node; None when that would not help."""
    lower = [info for info in node.pods.values() if info.priority < pod.priority]
    if not lower or any(check(node) is not None for check in extra):
        return None
    away = {info.uid for info in lower}
    if not _fits(pod, node, snapshot, lower):
        return None
    dearest = sorted(lower, key=lambda info: (not _violates(info, budgets), -info.priority, _started(info)))
    for info in dearest:
        away.discard(info.uid)
        if not _fits(pod, node, snapshot, [one for one in lower if one.uid in away]):
            away.add(info.uid)
    return [info for info in dearest if info.uid in away] or None


def _fits(pod: PodInfo, node: NodeInfo, snapshot: Snapshot, away: list[PodInfo]) -> bool:
    if filters.first_objection(pod, node.without(away)) is not None:
        return False
    if not pod.spreads and not pod.terms and not any(term.away for term in snapshot.held):
        return True
    with snapshot.lifted(away):
        wanted = [filters.wants_node(pod, one) for one in snapshot.ready]
        return all(check(node) is None for check in topology.plan(pod, snapshot, wanted).objections)


def _violates(info: PodInfo, budgets: Sequence[Object]) -> bool:
    """Would its loss break a disruption budget?"""
    return any(
        objects.namespace(budget) == info.namespace
        and (budget.get("status") or {}).get("disruptionsAllowed", 0) <= 0
        and selectors.selects(budget["spec"].get("selector"), info.labels)
        for budget in budgets
    )


def _started(info: PodInfo) -> str:
    return str((info.pod.get("status") or {}).get("startTime") or "")


def _cost(victims: list[PodInfo], budgets: Sequence[Object]) -> tuple[Any, ...]:
    """The least of these is the node to take."""
    highest = max(info.priority for info in victims)
    latest = max(_started(info) for info in victims if info.priority == highest)
    broken = sum(_violates(info, budgets) for info in victims)
    total = sum(info.priority + 2**31 for info in victims)
    return broken, highest, total, len(victims), tuple(-ord(letter) for letter in latest)
