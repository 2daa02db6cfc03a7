"""Garbage: what has lost its last owner goes, and an owner that waits for its dependents goes after them.

Reads   every resource (built-in and custom): who is owned by whom; an owner that is not seen is asked for live.
Writes  deletions of dependents, owner references and finalizers taken off.

Three ways to delete an owner (DeleteOptions.propagationPolicy), which the API server turns into finalizers:

    Background   no finalizer: the owner is gone, its dependents follow
    Foreground   `foregroundDeletion`: dependents first; the finalizer stays until those that block are gone
    Orphan       `orphan`: dependents lose the reference and stay
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from picok8s.api import objects
from picok8s.api.resource import facts
from picok8s.reconcile.controller import Controller, Key, View
from picok8s.reconcile.writes import Ask, Delete, Event, Note, Outcome, Patch, Write, Writes, refused

Object = dict[str, Any]

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"

# Nothing owns these or is owned by them, and they change often.
LEFT_OUT = {"events", "events.events.k8s.io"}


def builtin() -> tuple[str, ...]:
    """Every built-in resource that can own or be owned."""
    rows = (row for row in facts() if {"list", "watch", "delete"} <= row.verbs and row.storage == row.name)
    return tuple(dict.fromkeys(row.name for row in rows if row.name not in LEFT_OUT))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is."""

    resource: str
    namespace: str
    name: str
    uid: str

    def key(self) -> Key:
        return f"{self.resource}|{self.namespace}|{self.name}", self.uid


def place(key: Key) -> Place:
    resource, namespace, name = key[0].split("|")
    return Place(resource, namespace, name, key[1])


@dataclass(slots=True)
class Graph:
    """Who depends on whom, as events told it: only objects with owners, and owners that wait, are kept."""

    dependents: dict[str, dict[str, Place]] = field(default_factory=dict)  # uid of an owner -> its dependents by uid
    owners: dict[str, tuple[str, ...]] = field(default_factory=dict)  # uid of a dependent -> uids of its owners
    waiting: dict[str, Place] = field(default_factory=dict)  # uid -> an object that a finalizer of ours keeps
    kinds: dict[tuple[str, str], tuple[str, bool]] = field(
        default_factory=dict
    )  # (apiVersion, kind) -> custom resource

    def hears(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Take an event in; returns what must be looked at."""
        uid = objects.uid(obj)
        here = Place(resource, objects.namespace(obj), objects.name(obj), uid)
        gone = kind == "DELETED"
        if resource == DEFINITIONS:
            self._define(obj)
        before, now = self.owners.get(uid, ()), () if gone else tuple(owner["uid"] for owner in objects.owners(obj))
        if before != now:
            self._link(here, before, now)
        waits = not gone and bool(finalizers_of_ours(obj)) and objects.is_being_deleted(obj)
        if waits:
            self.waiting[uid] = here
        else:
            self.waiting.pop(uid, None)
        if now or waits or (gone and uid in self.dependents):
            yield here.key()
        for owner in {*before, *now}:
            if owner in self.waiting:
                yield self.waiting[owner].key()

    def _link(self, here: Place, before: tuple[str, ...], now: tuple[str, ...]) -> None:
        for owner in before:
            known = self.dependents.get(owner, {})
            known.pop(here.uid, None)
            if not known:
                self.dependents.pop(owner, None)
        self.owners.pop(here.uid, None)
        if now:
            self.owners[here.uid] = now
        for owner in now:
            self.dependents.setdefault(owner, {})[here.uid] = here

    def _define(self, definition: Object) -> None:
        spec = definition["spec"]
        for version in spec["versions"]:
            key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            self.kinds[key] = (objects.name(definition), spec["scope"] == "Namespaced")

    def resource(self, reference: Object) -> tuple[str, bool] | None:
        """The resource that a reference means, and whether it is namespaced; None where no one knows the kind."""
        key = (reference["apiVersion"], reference["kind"])
        return _builtin_kinds().get(key) or self.kinds.get(key)


@cache
def _builtin_kinds() -> dict[tuple[str, str], tuple[str, bool]]:
    rows = reversed([row for row in facts() if "get" in row.verbs])
    return {(row.api_version, row.kind): (row.storage, row.namespaced) for row in rows}


def finalizers_of_ours(obj: Object) -> set[str]:
    return {FOREGROUND, ORPHAN} & set(obj["metadata"].get("finalizers") or ())


def controller() -> Controller:
    """The row of the list. Its graph fills itself from what the runner hears."""
    graph = Graph()

    def look(key: Key, view: View) -> Writes:
        at = place(key)
        obj = view.get(at.resource, at.name, at.namespace)
        if obj is None or objects.uid(obj) != at.uid:
            for dependent in list(graph.dependents.get(at.uid, {}).values()):
                yield Note(dependent.key())
            return
        yield from decide(at, obj, graph, view)

    return Controller(
        name="garbage-collector-controller",
        resource="",
        absent=look,
        hears=graph.hears,
        resources=builtin(),
        concurrency=20,
    )


def decide(at: Place, obj: Object, graph: Graph, view: View) -> Writes:
    if objects.is_being_deleted(obj):
        ours = finalizers_of_ours(obj)
        if ORPHAN in ours:
            yield from let_go(at, obj, graph, view)
        elif FOREGROUND in ours:
            yield from wait_for_dependents(at, obj, graph, view)
        return
    references = objects.owners(obj)
    if not references:
        return
    there, lost, waiting = yield from sort_owners(at, obj, graph, view)
    if there is None:
        return  # A kind that no one knows, or an owner that could not be asked for: nothing is deleted on a guess.
    if there:
        surplus = [*lost, *waiting]
        if surplus:
            yield _without(at, obj, {reference["uid"] for reference in surplus})
        return
    if waiting and graph.dependents.get(at.uid):
        yield Delete(obj, {"propagationPolicy": "Foreground"}, at.resource)
        return
    kept = finalizers_of_ours(obj)
    policy = "Orphan" if ORPHAN in kept else "Foreground" if FOREGROUND in kept else "Background"
    yield Delete(obj, {"propagationPolicy": policy}, at.resource)


Sorted = tuple[list[Object] | None, list[Object], list[Object]]


def sort_owners(at: Place, obj: Object, graph: Graph, view: View) -> Generator[Write | list[Write], Outcome, Sorted]:
    """The owners that are there, that are not, and that wait for their dependents; (None, ...) when that is unknown."""
    there: list[Object] = []
    lost: list[Object] = []
    waiting: list[Object] = []
    for reference in objects.owners(obj):
        known = graph.resource(reference)
        if known is None:
            return None, [], []
        resource, namespaced = known
        if namespaced and not at.namespace:
            about = f"{reference['apiVersion']}/{reference['kind']}, namespace: , name: {reference['name']}"
            message = f'ownerRef [{about}, uid: {reference["uid"]}] does not exist in namespace ""'
            yield Event(obj, "Warning", "OwnerRefInvalidNamespace", message)
            return None, [], []
        namespace = at.namespace if namespaced else ""
        owner = view.get(resource, reference["name"], namespace)
        if owner is None or objects.uid(owner) != reference["uid"]:
            owner = yield Ask(resource, reference["name"], namespace)
            if refused(owner):
                return None, [], []
        if owner is None or objects.uid(owner) != reference["uid"]:
            lost.append(reference)
        elif objects.is_being_deleted(owner) and FOREGROUND in (owner["metadata"].get("finalizers") or ()):
            waiting.append(reference)
        else:
            there.append(reference)
    return there, lost, waiting


def let_go(at: Place, obj: Object, graph: Graph, view: View) -> Writes:
    """Orphan: each dependent loses its reference, then the owner its finalizer."""
    for dependent in list(graph.dependents.get(at.uid, {}).values()):
        found = view.get(dependent.resource, dependent.name, dependent.namespace)
        if found is not None and objects.uid(found) == dependent.uid:
            outcome = yield _without(dependent, found, {at.uid})
            if refused(outcome) and outcome.reason != "NotFound":
                return
    yield _unfinalized(at, obj, ORPHAN)


def wait_for_dependents(at: Place, obj: Object, graph: Graph, view: View) -> Writes:
    """Foreground: dependents are looked at (and deleted there); the owner goes when none is left that blocks it."""
    blocks = False
    for dependent in list(graph.dependents.get(at.uid, {}).values()):
        found = view.get(dependent.resource, dependent.name, dependent.namespace)
        if found is None or objects.uid(found) != dependent.uid:
            continue
        blocks = blocks or any(o["uid"] == at.uid and o.get("blockOwnerDeletion") for o in objects.owners(found))
        yield Note(dependent.key())
    if not blocks:
        yield _unfinalized(at, obj, FOREGROUND)


def _without(at: Place, obj: Object, uids: set[str]) -> Patch:
    left = [reference for reference in objects.owners(obj) if reference["uid"] not in uids]
    metadata = {"uid": at.uid, "resourceVersion": objects.revision(obj), "ownerReferences": left or None}
    return Patch(obj, {"metadata": metadata}, resource=at.resource)


def _unfinalized(at: Place, obj: Object, finalizer: str) -> Patch:
    left = [word for word in obj["metadata"].get("finalizers") or () if word != finalizer]
    metadata = {"uid": at.uid, "resourceVersion": objects.revision(obj), "finalizers": left or None}
    return Patch(obj, {"metadata": metadata}, resource=at.resource)
