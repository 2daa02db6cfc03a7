"""Who belongs to whom: an owner takes in what its selector selects, and lets go of what it no longer does."""

from collections.abc import Callable, Generator, Iterable
from typing import Any

from picok8s.api import objects
from picok8s.reconcile.controller import View
from picok8s.reconcile.writes import Ask, Outcome, Patch, Write, refused, resource_of

Object = dict[str, Any]
Claim = Generator[Write | list[Write], Outcome, list[Object]]
Selects = Callable[[dict[str, str]], bool]


def candidates(owner: Object, resource: str, view: View) -> list[Object]:
    """What `owner` may own: what it controls, and what no one controls in its namespace (indexes "owner", "orphan")."""
    mine = view.by(resource, "owner", objects.uid(owner))
    return [*mine, *view.by(resource, "orphan", objects.namespace(owner))]


def claim(owner: Object, selects: Selects, found: Iterable[Object]) -> Claim:
    """Adopt the orphans that match, release the owned that do not; returns those that are owned.

    An owner that is being deleted adopts nothing. Before the first adoption the owner is read live: a namesake that
    was created anew must not take in the children of the old one.
    """
    owned: list[Object] = []
    may_adopt: bool | None = None
    for obj in found:
        reference = objects.controller(obj)
        matches = selects(objects.labels(obj))
        if reference is not None:
            if reference["uid"] != objects.uid(owner):
                continue
            if matches:
                owned.append(obj)
            elif not objects.is_being_deleted(owner):
                yield _release(owner, obj)
            continue
        if not matches or objects.is_being_deleted(owner) or objects.is_being_deleted(obj):
            continue
        if may_adopt is None:
            live = yield Ask(resource_of(owner), objects.name(owner), objects.namespace(owner))
            may_adopt = isinstance(live, dict) and objects.uid(live) == objects.uid(owner)
            may_adopt = may_adopt and not objects.is_being_deleted(live)
        if may_adopt and not refused((yield _adopt(owner, obj))):
            owned.append(obj)
    return owned


def _adopt(owner: Object, obj: Object) -> Patch:
    references = [objects.owner_reference(owner)]
    return Patch(obj, {"metadata": {"uid": objects.uid(obj), "ownerReferences": references}}, kind="strategic")


def _release(owner: Object, obj: Object) -> Patch:
    patch = {"$patch": "delete", "uid": objects.uid(owner)}
    return Patch(obj, {"metadata": {"uid": objects.uid(obj), "ownerReferences": [patch]}}, kind="strategic")
