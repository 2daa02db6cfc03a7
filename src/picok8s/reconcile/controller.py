"""One row for each controller, and the cluster as a run of it sees it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from picok8s.api import objects
from picok8s.reconcile.writes import Writes

Object = dict[str, Any]
Objects = list[Object]
Key = tuple[str, str]  # (namespace, name)
Keys = Callable[[Object, "View"], Iterable[Key]]


class View(Protocol):
    """What list-and-watch showed so far, at the moment `now` of this run. Nothing that it gives may be changed."""

    now: float

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None: ...

    def list(self, resource: str, namespace: str | None = None) -> Objects: ...

    def by(self, resource: str, index: str, key: str) -> Objects: ...


@dataclass(frozen=True, slots=True)
class Controller:
    """Runs `reconcile` for each object of `resource`, after each change of it or of what it watches.

    `resource` is "" for a controller whose keys name no objects: then `absent` is what runs.

    watches     resource -> from an object of it that changed (its old and its new state) to the keys to run.
    absent      runs instead for a key whose object is not there; without it such a key is dropped.
    indexes     resource -> index name -> the keys of an object; these names must be known to the View.
    hears       is told every event (resource, ADDED | MODIFIED | DELETED, object) and answers with keys, for a
                controller that must know what went; it follows `resources`, to which the runner may add more.
    concurrency how many keys may run side by side.
    """

    name: str
    resource: str
    reconcile: Callable[[Object, View], Writes] | None = None
    watches: Mapping[str, Keys] = field(default_factory=dict)
    absent: Callable[[Key, View], Writes] | None = None
    indexes: Mapping[str, Mapping[str, Callable[[Object], Iterable[str]]]] = field(default_factory=dict)
    hears: Callable[[str, str, Object], Iterable[Key]] | None = None
    resources: tuple[str, ...] = ()
    concurrency: int = 5

    @property
    def follows(self) -> tuple[str, ...]:
        """Every resource that the View must follow for it."""
        return tuple(
            dict.fromkeys(word for word in [self.resource, *self.resources, *self.watches, *self.indexes] if word)
        )


def key_of(obj: Object) -> Key:
    return objects.namespace(obj), objects.name(obj)


def owner(kind: str) -> Keys:
    """The controlling owner, where it is of this kind."""

    def keys(obj: Object, view: View) -> Iterable[Key]:
        reference = objects.controller(obj)
        if reference is not None and reference["kind"] == kind:
            yield objects.namespace(obj), reference["name"]

    return keys


def always(*key: str) -> Keys:
    """One fixed key, for a controller that looks at everything at once."""
    fixed: Key = (key[0], key[1]) if len(key) == 2 else ("", key[0])
    return lambda obj, view: (fixed,)


def itself(obj: Object, view: View) -> Iterable[Key]:
    """An object of the same name: a lease of a node, endpoints of a service."""
    return (key_of(obj),)


def same_name(namespaced: bool) -> Keys:
    """The object of the same name, cluster-wide or in the namespace."""
    return itself if namespaced else lambda obj, view: (("", objects.name(obj)),)


def in_namespace(resource: str) -> Keys:
    """Every object of `resource` in the namespace of the one that changed."""
    return lambda obj, view: [key_of(found) for found in view.list(resource, objects.namespace(obj))]


def everything(resource: str) -> Keys:
    """Every object of `resource`."""
    return lambda obj, view: [key_of(found) for found in view.list(resource)]


# Indexes that several controllers share.


def by_owner(obj: Object) -> Iterable[str]:
    """The uid of the controlling owner."""
    reference = objects.controller(obj)
    return () if reference is None else (reference["uid"],)


def by_orphanage(obj: Object) -> Iterable[str]:
    """The namespace of an object that no one controls."""
    return () if objects.controller(obj) is not None else (objects.namespace(obj),)


def by_node(obj: Object) -> Iterable[str]:
    name = (obj.get("spec") or {}).get("nodeName")
    return (name,) if name else ()


def by_namespace(obj: Object) -> Iterable[str]:
    return (objects.namespace(obj),)


FAMILY = {"owner": by_owner, "orphan": by_orphanage}


def indexes(controllers: Iterable[Controller]) -> dict[str, dict[str, Callable[[Object], Iterable[str]]]]:
    """All indexes that these controllers need, for the construction of a View."""
    found: dict[str, dict[str, Callable[[Object], Iterable[str]]]] = {}
    for controller in controllers:
        for resource, rows in controller.indexes.items():
            found.setdefault(resource, {}).update(rows)
    return found


def followed(controllers: Iterable[Controller]) -> list[str]:
    """All resources that a View must follow for these controllers."""
    return list(dict.fromkeys(resource for controller in controllers for resource in controller.follows))
