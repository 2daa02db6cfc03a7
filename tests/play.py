"""Drives a controller by hand: shows it a cluster, takes down what it yields, and answers each write as a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.reconcile.controller import Controller
from picok8s.reconcile.writes import Again, Ask, Create, Delete, Event, Note, Patch, Status, Update, resource_of

Object = dict[str, Any]
Objects = list[Object]


class Cluster:
    """What is seen, as a View: lists of objects by resource, with the indexes of the controllers at play."""

    def __init__(self, objects: dict[str, list[Object]], indexes: dict[str, dict[str, Callable]], now: float) -> None:
        self.objects = objects
        self.indexes = indexes
        self.now = now

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None:
        return next((o for o in self.list(resource, namespace) if o["metadata"]["name"] == name), None)

    def list(self, resource: str, namespace: str | None = None) -> Objects:
        found = self.objects.get(resource, [])
        return [o for o in found if namespace is None or o["metadata"].get("namespace", "") == namespace]

    def by(self, resource: str, index: str, key: str) -> Objects:
        keys = self.indexes[resource][index]
        return [o for o in self.objects.get(resource, []) if key in keys(o)]


@dataclass
class Made:
    """Everything that a run yielded, in order."""

    writes: list[Any] = field(default_factory=list)

    def of(self, kind: type) -> list[Any]:
        return [write for write in self.writes if isinstance(write, kind)]

    @property
    def kinds(self) -> list[str]:
        """The names of the writes, without questions and events."""
        return [type(write).__name__ for write in self.writes if not isinstance(write, Ask | Event)]

    @property
    def status(self) -> Object:
        return self.of(Status)[-1].status

    @property
    def reasons(self) -> list[str]:
        return [event.reason for event in self.of(Event)]


def run(
    controller: Controller,
    obj: Object | tuple[str, str],
    now: float = 1000,
    refuse: dict[type, str | ApiError] | None = None,
    answers: Callable[[Ask], Any] | None = None,
    **objects: list[Object],
) -> Made:
    """One run for `obj` (or for the key of an object that is not there). Lists of objects are named by their plural."""
    lists = {_resource(plural, listed): listed for plural, listed in objects.items()}
    if isinstance(obj, dict):
        lists.setdefault(controller.resource, []).append(obj)
    view = Cluster(lists, controller.indexes, now)
    writes = controller.reconcile(obj, view) if isinstance(obj, dict) else controller.absent(obj, view)
    made, outcome = Made(), None

    def answer(write: Any) -> Any:
        made.writes.append(write)
        match write:
            case Ask():
                return answers(write) if answers else _found(view, write)
            case Again() | Event() | Note():
                return None
        why = (refuse or {}).get(type(write))
        if why is not None:
            return why if isinstance(why, ApiError) else ApiError("Forbidden", why)
        return _outcome(write)

    while True:
        try:
            wanted = writes.send(outcome)
        except StopIteration:
            return made
        outcome = [answer(write) for write in wanted] if isinstance(wanted, list) else answer(wanted)


def _outcome(write: Any) -> Object | None:
    match write:
        case Create(obj) if "name" not in obj["metadata"]:
            return {**obj, "metadata": {**obj["metadata"], "name": obj["metadata"]["generateName"] + "x"}}
        case Status(obj, status):
            return {**obj, "status": status}
        case Delete():
            return None
        case Patch(obj, patch, "merge") if isinstance(patch, dict):
            return _merged(obj, patch)
        case Create() | Update() | Patch():
            return write.obj
    return None


def _merged(obj: Any, patch: Any) -> Any:
    if not isinstance(patch, dict) or not isinstance(obj, dict):
        return patch
    merged = {**obj, **{k: _merged(obj.get(k), v) for k, v in patch.items()}}
    return {k: v for k, v in merged.items() if v is not None}


def _found(view: Cluster, ask: Ask) -> Any:
    if ask.name:
        return view.get(ask.resource, ask.name, ask.namespace)
    return view.list(ask.resource, ask.namespace or None)


def _resource(plural: str, listed: list[Object]) -> str:
    return resource_of(listed[0]) if listed else plural
