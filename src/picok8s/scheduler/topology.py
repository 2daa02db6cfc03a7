"""What depends on where other pods are: topology spread, affinity to pods and away from them.

`plan` looks at the cluster once for a pod and gives what to ask of each node: `objections` (in the order of the
filters) and `score`. Counts come from the snapshot, which keeps them from pod to pod; a domain is a value of a
topology label.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from picok8s.api import selectors
from picok8s.scheduler.filters import taints
from picok8s.scheduler.podinfo import HOSTNAME, PodInfo, Spread, Term
from picok8s.scheduler.scores import stretched
from picok8s.scheduler.snapshot import NodeInfo, Snapshot

SPREAD = ("node(s) didn't match pod topology spread constraints",)
SPREAD_LABEL = ("node(s) didn't match pod topology spread constraints (missing required label)",)
AFFINITY = ("node(s) didn't match pod affinity rules",)
ANTI_AFFINITY = ("node(s) didn't match pod anti-affinity rules",)
EXISTING = ("node(s) didn't satisfy existing pods anti-affinity rules",)

SPREAD_WEIGHT = 2
AFFINITY_WEIGHT = 2
HARD_AFFINITY_WEIGHT = 1  # What a required affinity of a placed pod counts for the pods that it seeks.

# How pods of one service or set spread when they say nothing themselves.
ZONE = "topology.kubernetes.io/zone"
DEFAULTS = ((HOSTNAME, 3), (ZONE, 5))

Objection = Callable[[NodeInfo], tuple[str, ...] | None]


@dataclass(slots=True)
class Plan:
    objections: list[Objection] = field(default_factory=list)
    score: Callable[[Sequence[NodeInfo]], list[int]] | None = None


def plan(pod: PodInfo, snapshot: Snapshot, wanted: Sequence[bool], peers: selectors.Requirements | None = None) -> Plan:
    """`wanted` tells of each ready node whether the pod's node selector and affinity take it; `peers` selects the pods
    of the same service or set."""
    made = Plan()
    required = [one for one in pod.spreads if one.required]
    if required:
        made.objections.append(_spread_objection(pod, required, snapshot, wanted))
    made.objections += _affinity_objections(pod, snapshot)
    soft = [one for one in pod.spreads if not one.required]
    by_default = not pod.spreads and peers is not None
    if by_default:
        soft = [Spread(key, skew, False, peers) for key, skew in DEFAULTS]
    pulls = _pulls(pod, snapshot)
    if soft or pulls:

        def score(nodes: Sequence[NodeInfo]) -> list[int]:
            total = [0] * len(nodes)
            if soft:
                spread = _spread_scores(pod, soft, snapshot, wanted, nodes, not by_default)
                total = [SPREAD_WEIGHT * value for value in spread]
            if pulls:
                pulled = _affinity_scores(pulls, nodes)
                total = [value + AFFINITY_WEIGHT * more for value, more in zip(total, pulled, strict=True)]
            return total

        made.score = score
    return made


def _domains(spread: Spread, pod: PodInfo, snapshot: Snapshot, nodes: Sequence[NodeInfo]) -> dict[str, int]:
    """How many of the selected pods each domain of these nodes has."""
    counts: dict[str, int] = {}
    by_node = snapshot.selected(pod.namespace, spread.selector).by_node
    key = spread.topology_key
    for node in nodes:
        value = node.labels.get(key)
        if value is not None:
            counts[value] = counts.get(value, 0) + by_node.get(node.name, 0)
    return counts


def _eligible(
    spreads: Sequence[Spread], one: Spread, pod: PodInfo, snapshot: Snapshot, wanted: Sequence[bool]
) -> list[NodeInfo]:
    """The nodes whose pods count: they have every topology label, and are not ruled out as the constraint says."""
    keys = [spread.topology_key for spread in spreads]
    return [
        node
        for node in snapshot.ready
        if all(key in node.labels for key in keys)
        and (not one.honor_affinity or wanted[node.index])
        and (not one.honor_taints or taints(pod, node) is None)
    ]


def _spread_objection(pod: PodInfo, spreads: list[Spread], snapshot: Snapshot, wanted: Sequence[bool]) -> Objection:
    rows = []
    for spread in spreads:
        counts = _domains(spread, pod, snapshot, _eligible(spreads, spread, pod, snapshot, wanted))
        least = min(counts.values(), default=0) if len(counts) >= spread.min_domains else 0
        itself = int(selectors.matches(spread.selector, pod.labels))
        rows.append((spread.topology_key, counts, least + spread.max_skew - itself))

    def objection(node: NodeInfo) -> tuple[str, ...] | None:
        for key, counts, most in rows:
            value = node.labels.get(key)
            if value is None:
                return SPREAD_LABEL
            if counts.get(value, 0) > most:
                return SPREAD
        return None

    return objection


def _spread_scores(
    pod: PodInfo,
    spreads: list[Spread],
    snapshot: Snapshot,
    wanted: Sequence[bool],
    nodes: Sequence[NodeInfo],
    need_all: bool,
) -> list[int]:
    """The fewer selected pods a domain has, the better; domains that are many weigh more."""
    keys = [spread.topology_key for spread in spreads]
    counted = [node for node in nodes if not need_all or all(key in node.labels for key in keys)]
    totals = [0.0] * len(nodes)
    for spread in spreads:
        key = spread.topology_key
        by_node = snapshot.selected(pod.namespace, spread.selector).by_node
        if key == HOSTNAME:
            weight = math.log(len(counted) + 2)
            for at, node in enumerate(nodes):
                if key in node.labels:
                    totals[at] += by_node.get(node.name, 0) * weight + spread.max_skew - 1
            continue
        present = {node.labels[key] for node in counted if key in node.labels}
        weight = math.log(len(present) + 2)
        counts = _domains(
            spread, pod, snapshot, [n for n in snapshot.ready if not spread.honor_affinity or wanted[n.index]]
        )
        for at, node in enumerate(nodes):
            value = node.labels.get(key)
            if value is not None:
                totals[at] += counts.get(value, 0) * weight + spread.max_skew - 1
    ignored = len(counted) < len(nodes)
    names = {node.name for node in counted} if ignored else set()
    rounded = [round(total) for total in totals]
    valid = [value for value, node in zip(rounded, nodes, strict=True) if not ignored or node.name in names]
    low, high = min(valid, default=0), max(valid, default=0)
    scores = [100 if high == 0 else 100 * (high + low - value) // high for value in rounded]
    if ignored:
        scores = [value if node.name in names else 0 for value, node in zip(scores, nodes, strict=True)]
    return scores


def _values(key: str, by_node: dict[str, int], snapshot: Snapshot) -> dict[str, int]:
    """Counts by node as counts by domain."""
    counts: dict[str, int] = {}
    for name, count in by_node.items():
        node = snapshot.nodes.get(name)
        value = node.labels.get(key) if node is not None else None
        if value is not None:
            counts[value] = counts.get(value, 0) + count
    return counts


def _affinity_objections(pod: PodInfo, snapshot: Snapshot) -> list[Objection]:
    found: list[Objection] = []
    near = [term for term in pod.terms if not term.weight and not term.away]
    if near:
        found.append(_near(pod, near, snapshot))
    away = [
        (t.topology_key, _values(t.topology_key, snapshot.tally(t).by_node, snapshot))
        for t in pod.terms
        if t.away and not t.weight
    ]
    if any(counts for _, counts in away):
        found.append(_avoid(away, ANTI_AFFINITY))
    shunned = [
        (term.topology_key, _values(term.topology_key, by_node, snapshot))
        for term, by_node in snapshot.held.items()
        if term.away and not term.weight and term.matches(pod.namespace, pod.labels, snapshot.namespaces)
    ]
    if shunned:
        found.append(_avoid(shunned, EXISTING))
    return found


def _avoid(rows: list[tuple[str, dict[str, int]]], reason: tuple[str, ...]) -> Objection:
    def objection(node: NodeInfo) -> tuple[str, ...] | None:
        return reason if any(node.labels.get(key) in counts for key, counts in rows) else None

    return objection


def _near(pod: PodInfo, terms: list[Term], snapshot: Snapshot) -> Objection:
    """The pods that are sought must match all terms at once, which is one term with all requirements where the
    namespaces are the same. A pod that seeks its own kind may be the first of it."""
    if len({(term.namespaces, term.namespace_selector) for term in terms}) == 1 and all(
        t.selector is not None for t in terms
    ):
        every = tuple(requirement for term in terms for requirement in term.selector or ())
        sought = [Term(t.topology_key, every, t.namespaces, t.namespace_selector) for t in terms]
    else:
        sought = terms
    rows = [(t.topology_key, _values(t.topology_key, snapshot.tally(t).by_node, snapshot)) for t in sought]
    first = not any(counts for _, counts in rows) and all(
        term.matches(pod.namespace, pod.labels, snapshot.namespaces) for term in terms
    )

    def objection(node: NodeInfo) -> tuple[str, ...] | None:
        for key, counts in rows:
            value = node.labels.get(key)
            if value is None or not (first or value in counts):
                return AFFINITY
        return None

    return objection


def _pulls(pod: PodInfo, snapshot: Snapshot) -> list[tuple[str, dict[str, int]]]:
    """What draws the pod to domains or keeps it from them: (label, domain -> sum of weights)."""
    sums: dict[str, dict[str, int]] = {}

    def add(key: str, by_node: dict[str, int], weight: int) -> None:
        into = sums.setdefault(key, {})
        for value, count in _values(key, by_node, snapshot).items():
            into[value] = into.get(value, 0) + weight * count

    for term in pod.terms:
        if term.weight:
            add(term.topology_key, snapshot.tally(term).by_node, -term.weight if term.away else term.weight)
    for term, by_node in snapshot.held.items():
        weight = term.weight or (0 if term.away else HARD_AFFINITY_WEIGHT)
        if weight and term.matches(pod.namespace, pod.labels, snapshot.namespaces):
            add(term.topology_key, by_node, -weight if term.away else weight)
    return [(key, values) for key, values in sums.items() if values]


def _affinity_scores(pulls: list[tuple[str, dict[str, int]]], nodes: Sequence[NodeInfo]) -> list[int]:
    raw = [0.0] * len(nodes)
    for key, values in pulls:
        for at, node in enumerate(nodes):
            value = node.labels.get(key)
            if value is not None:
                raw[at] += values.get(value, 0)
    return stretched(raw)
