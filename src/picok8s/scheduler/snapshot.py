"""The cluster as the scheduler knows it: nodes with what is left of them, and pods counted as others ask about them.

It is kept up to date one change at a time and never rebuilt. A pod that the scheduler placed but the API has not shown
yet is assumed: it counts from the moment of the decision. Each change of a node is written into `changes`, so that who
remembers verdicts about nodes looks at the changed ones only.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from picok8s.api import objects, pods, selectors
from picok8s.scheduler import podinfo
from picok8s.scheduler.podinfo import PodInfo, Term

Object = dict[str, Any]

TALLIES_MAX = 500
CHANGES_MAX = 100_000


@dataclass(slots=True)
class NodeInfo:
    """A node and the pods on it. `node` is None while only its pods are known."""

    name: str
    index: int
    node: Object | None = None
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[Object] = field(default_factory=list)
    allocatable: dict[str, int] = field(default_factory=dict)
    requested: dict[str, int] = field(default_factory=dict)
    usual_cpu: int = 0
    usual_memory: int = 0
    pods: dict[str, PodInfo] = field(default_factory=dict)
    ports: dict[tuple[str, str, int], int] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)

    def add(self, info: PodInfo, sign: int = 1) -> None:
        requested = self.requested
        for word, count in info.requests.items():
            requested[word] = requested.get(word, 0) + sign * count
        self.usual_cpu += sign * info.usual_cpu
        self.usual_memory += sign * info.usual_memory
        for port in info.ports:
            self.ports[port] = self.ports.get(port, 0) + sign
            if not self.ports[port]:
                del self.ports[port]
        if sign > 0:
            self.pods[info.uid] = info
        else:
            del self.pods[info.uid]

    def without(self, lost: list[PodInfo]) -> "NodeInfo":
        """A copy of it as it would be without these pods."""
        copy = NodeInfo(self.name, self.index, self.node, self.labels, self.taints, self.allocatable)
        copy.images = self.images
        copy.requested, copy.ports, copy.pods = dict(self.requested), dict(self.ports), dict(self.pods)
        copy.usual_cpu, copy.usual_memory = self.usual_cpu, self.usual_memory
        for info in lost:
            copy.add(info, -1)
        return copy


@dataclass(slots=True)
class Tally:
    """How many pods that a term means are on each node."""

    term: Term
    by_node: dict[str, int] = field(default_factory=dict)
    total: int = 0
    known: dict[tuple[str, tuple[tuple[str, str], ...]], bool] = field(default_factory=dict)


class Snapshot:
    """Nodes and placed pods. `namespaces` tells the labels of namespaces."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self.ready: list[NodeInfo] = []  # Those that exist as objects, in the order of `index`.
        self.changes: list[str] = []
        self.epoch = 0  # Counts changes of the set of nodes; what was remembered by index is void then.
        self.where: dict[str, str] = {}  # uid of a placed pod -> node
        self.assumed: dict[str, PodInfo] = {}
        self.tallies: OrderedDict[Term, Tally] = OrderedDict()
        self.held: dict[Term, dict[str, int]] = {}  # A term that placed pods have -> on which nodes, how often.
        self.namespaces: dict[str, dict[str, str]] = {}

    # Nodes.

    def set_node(self, node: Object) -> None:
        info = self._info(objects.name(node))
        fresh = info.node is None
        info.node = node
        info.labels = objects.labels(node)
        info.taints = [taint for taint in node.get("spec", {}).get("taints") or ()]
        info.allocatable = podinfo.amounts((node.get("status") or {}).get("allocatable"))
        images = (node.get("status") or {}).get("images") or ()
        info.images = {name: image.get("sizeBytes") or 0 for image in images for name in image.get("names") or ()}
        if fresh:
            self._renumber()
        else:
            self._changed(info.name)

    def drop_node(self, name: str) -> None:
        info = self.nodes.get(name)
        if info is None:
            return
        info.node = None
        if not info.pods:
            del self.nodes[name]
        self._renumber()

    def _info(self, name: str) -> NodeInfo:
        if name not in self.nodes:
            self.nodes[name] = NodeInfo(name, -1)
        return self.nodes[name]

    def _renumber(self) -> None:
        self.ready = [info for info in self.nodes.values() if info.node is not None]
        for index, info in enumerate(self.ready):
            info.index = index
        self.epoch += 1
        self.changes.clear()

    def _changed(self, name: str) -> None:
        self.changes.append(name)
        if len(self.changes) > CHANGES_MAX:
            self.epoch += 1
            self.changes.clear()

    # Pods.

    def assume(self, info: PodInfo, node: str) -> None:
        """It is placed there, though the API does not know it yet."""
        self.assumed[info.uid] = info
        self._place(info, node)

    def forget(self, uid: str) -> None:
        """The placing came to nothing."""
        if self.assumed.pop(uid, None) is not None:
            self._remove(uid)

    def set_pod(self, pod: Object) -> None:
        """The API shows this pod; only one that is bound and not finished counts."""
        uid, node = objects.uid(pod), pods.node(pod)
        if not node or pods.is_finished(pod):
            if uid not in self.assumed or pods.is_finished(pod):
                self.assumed.pop(uid, None)
                self._remove(uid)
            return
        assumed = self.assumed.pop(uid, None)
        at = self.where.get(uid)
        if at == node:
            info = self.nodes[node].pods[uid]
            if assumed is not None or (info.pod["spec"] == pod["spec"] and info.labels == objects.labels(pod)):
                info.pod = pod
                return
        self._remove(uid)
        self._place(podinfo.read(pod), node)

    def drop_pod(self, pod: Object) -> None:
        uid = objects.uid(pod)
        self.assumed.pop(uid, None)
        self._remove(uid)

    @contextmanager
    def lifted(self, infos: list[PodInfo]) -> Iterator[None]:
        """For a while, as if these placed pods were not there."""
        places = [(info, self.where[info.uid]) for info in infos]
        for info, _ in places:
            self._remove(info.uid)
        try:
            yield
        finally:
            for info, node in places:
                self._place(info, node)

    def _place(self, info: PodInfo, node: str) -> None:
        self._info(node).add(info)
        self.where[info.uid] = node
        self._count(info, node, 1)
        self._changed(node)

    def _remove(self, uid: str) -> None:
        node = self.where.pop(uid, None)
        if node is None:
            return
        at = self.nodes[node]
        info = at.pods[uid]
        at.add(info, -1)
        self._count(info, node, -1)
        self._changed(node)
        if at.node is None and not at.pods:
            del self.nodes[node]

    def _count(self, info: PodInfo, node: str, sign: int) -> None:
        for tally in self.tallies.values():
            if self._means(tally, info):
                _bump(tally.by_node, node, sign)
                tally.total += sign
        for term in info.terms:
            _bump(self.held.setdefault(term, {}), node, sign)
            if not self.held[term]:
                del self.held[term]

    def _means(self, tally: Tally, info: PodInfo) -> bool:
        if tally.term.namespace_selector is None and info.namespace not in tally.term.namespaces:
            return False
        if objects.is_being_deleted(info.pod):
            return False
        key = (info.namespace, tuple(info.labels.items()))
        known = tally.known.get(key)
        if known is None:
            if len(tally.known) > 10_000:
                tally.known.clear()
            known = tally.known[key] = tally.term.matches(info.namespace, info.labels, self.namespaces)
        return known

    # Questions.

    def tally(self, term: Term) -> Tally:
        """The pods that `term` means, by node. The first question counts them; from then on they are kept counted."""
        term = Term("", term.selector, term.namespaces, term.namespace_selector)
        found = self.tallies.get(term)
        if found is not None:
            self.tallies.move_to_end(term)
            return found
        found = Tally(term)
        for node in self.nodes.values():
            for info in node.pods.values():
                if self._means(found, info):
                    _bump(found.by_node, node.name, 1)
                    found.total += 1
        self.tallies[term] = found
        if len(self.tallies) > TALLIES_MAX:
            self.tallies.popitem(last=False)
        return found

    def set_namespace(self, namespace: Object) -> None:
        """Its labels; terms that select namespaces are counted anew when these change."""
        name, labels = objects.name(namespace), objects.labels(namespace)
        if self.namespaces.get(name) != labels:
            self.namespaces[name] = labels
            for term in [term for term in self.tallies if term.namespace_selector is not None]:
                del self.tallies[term]

    def selected(self, namespace: str, selector: selectors.Requirements | None) -> Tally:
        """Pods of one namespace by a selector."""
        return self.tally(Term("", selector, frozenset((namespace,)), None))


def _bump(counts: dict[str, int], key: str, sign: int) -> None:
    count = counts.get(key, 0) + sign
    if count:
        counts[key] = count
    else:
        counts.pop(key, None)
