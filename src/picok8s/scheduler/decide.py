"""Pod and nodes -> a node, or why none will do. The heart of the scheduler, pure.

Most pods are like the one before. What a node says to a pod, other pods left aside, is remembered by the pod's
signature and asked anew only of nodes that changed since; that is what makes a thousand nodes cheap. What depends on
other pods is planned anew for each pod that has such a part.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from picok8s.api import selectors
from picok8s.scheduler import filters, scores, topology
from picok8s.scheduler.podinfo import PodInfo
from picok8s.scheduler.snapshot import NodeInfo, Snapshot

REMEMBERED_MAX = 200  # Signatures: each costs some bytes a node.

Reasons = tuple[str, ...]
Extra = Callable[[NodeInfo], Reasons | None]


@dataclass(slots=True)
class Answers:
    """What each ready node says to pods of one signature, by the node's index."""

    epoch: int = -1
    position: int = 0  # How much of the snapshot's changes is worked in.
    objections: list[Reasons | None] = field(default_factory=list)
    absolute: list[int] = field(default_factory=list)
    relative: list[list[int]] = field(default_factory=list)
    wanted: list[bool] = field(default_factory=list)

    def bring_up_to_date(self, pod: PodInfo, snapshot: Snapshot) -> None:
        if self.epoch != snapshot.epoch:
            count = len(snapshot.ready)
            self.epoch, self.position = snapshot.epoch, len(snapshot.changes)
            self.objections, self.absolute, self.wanted = [None] * count, [0] * count, [False] * count
            self.relative = [[0] * count for _ in scores.RELATIVE]
            for node in snapshot.ready:
                self._ask(pod, node)
            return
        for name in set(snapshot.changes[self.position :]):
            changed = snapshot.nodes.get(name)
            if changed is not None and changed.node is not None:
                self._ask(pod, changed)
        self.position = len(snapshot.changes)

    def _ask(self, pod: PodInfo, node: NodeInfo) -> None:
        at = node.index
        objection = filters.first_objection(pod, node)
        self.objections[at] = objection
        self.wanted[at] = objection is None or filters.wants_node(pod, node)
        if objection is None:
            self.absolute[at] = scores.absolute(pod, node)
            for row, raw in zip(scores.RELATIVE, self.relative, strict=True):
                raw[at] = row.score(pod, node)


@dataclass(slots=True)
class Memory:
    """Answers by signature, the latest ones, and where the last pod went, so that equals take turns."""

    answers: OrderedDict[bytes, Answers] = field(default_factory=OrderedDict)
    turn: int = 0

    def of(self, pod: PodInfo, snapshot: Snapshot) -> Answers:
        found = self.answers.get(pod.signature)
        if found is None:
            found = self.answers[pod.signature] = Answers()
            if len(self.answers) > REMEMBERED_MAX:
                self.answers.popitem(last=False)
        else:
            self.answers.move_to_end(pod.signature)
        found.bring_up_to_date(pod, snapshot)
        return found


@dataclass(slots=True)
class Decision:
    """`node`, or the objections of all nodes by name."""

    node: str = ""
    objections: dict[str, Reasons] = field(default_factory=dict)
    count: int = 0

    def message(self, preemption: str = "") -> str:
        """As users know it: `0/3 nodes are available: 1 Insufficient cpu, 2 ...`."""
        if not self.count:
            return "no nodes available to schedule pods"
        return told(self.count, Counter(r for reasons in self.objections.values() for r in reasons)) + preemption


def told(count: int, reasons: Counter[str]) -> str:
    rows = ", ".join(sorted(f"{times} {reason}" for reason, times in reasons.items()))
    return f"0/{count} nodes are available: {rows}." if rows else f"0/{count} nodes are available:"


def decide(
    pod: PodInfo,
    snapshot: Snapshot,
    memory: Memory,
    extra: Sequence[Extra] = (),
    peers: selectors.Requirements | None = None,
) -> Decision:
    """`extra` are objections of volumes and of nominated pods; `peers` selects pods of the same service or set."""
    answers = memory.of(pod, snapshot)
    plan = topology.plan(pod, snapshot, answers.wanted, peers)
    checks = [*extra, *plan.objections]
    ready = snapshot.ready
    feasible = [at for at, objection in enumerate(answers.objections) if objection is None]
    late: dict[str, Reasons] = {}
    for check in checks:
        left = []
        for at in feasible:
            reasons = check(ready[at])
            if reasons is None:
                left.append(at)
            else:
                late[ready[at].name] = reasons
        feasible = left
    if not feasible:
        early = {ready[at].name: reasons for at, reasons in enumerate(answers.objections) if reasons is not None}
        return Decision(objections={**early, **late}, count=len(ready))
    if len(feasible) == 1:
        return Decision(ready[feasible[0]].name, count=len(ready))
    best = _best(answers, plan, ready, feasible, memory)
    return Decision(ready[best].name, count=len(ready))


def _best(answers: Answers, plan: topology.Plan, ready: Sequence[NodeInfo], feasible: list[int], memory: Memory) -> int:
    absolute = answers.absolute
    total = [absolute[at] for at in feasible]
    for row, all_raw in zip(scores.RELATIVE, answers.relative, strict=True):
        raw = [all_raw[at] for at in feasible]
        if any(raw):
            parts = scores.normalize(raw, row.upwards)
            total = [have + row.weight * more for have, more in zip(total, parts, strict=True)]
    if plan.score is not None:
        parts = plan.score([ready[at] for at in feasible])
        total = [have + more for have, more in zip(total, parts, strict=True)]
    most = max(total)
    equal = [at for at, score in zip(feasible, total, strict=True) if score == most]
    memory.turn += 1
    return equal[memory.turn % len(equal)]
