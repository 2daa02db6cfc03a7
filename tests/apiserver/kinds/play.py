"""Drives a kind by hand: creates, updates and status writes with its own hooks, without a server."""

from copy import deepcopy
from typing import Any

from picok8s.api.resource import Resource
from picok8s.apiserver.kinds.table import catalogue

Object = dict[str, Any]
UID = "00000000-0000-0000-0000-000000000001"
BORN = "2026-01-01T00:00:00Z"


def kind(name: str) -> Resource:
    """`deployments.apps`, or with a version: `horizontalpodautoscalers.autoscaling/v1`."""
    wanted, _, version = name.partition("/")
    return next(row for row in catalogue() if row.name == wanted and version in ("", row.version))


def create(name: str, obj: Object) -> tuple[Object, list[str]]:
    """The object as a POST would make it, and what is wrong with it."""
    behaviour, new = kind(name).behaviour, deepcopy(obj)
    new.setdefault("metadata", {}).setdefault("name", "a")
    behaviour.default(new)
    new["metadata"].update(uid=UID, creationTimestamp=BORN)
    behaviour.prepare(new, None)
    return new, [str(error) for error in behaviour.validate(new, None)]


def refused(name: str, obj: Object) -> list[str]:
    return create(name, obj)[1]


def update(name: str, old: Object, changes: Object) -> tuple[Object, list[str]]:
    """A merge patch on `old`."""
    behaviour, new = kind(name).behaviour, merged(old, changes)
    behaviour.default(new)
    behaviour.prepare(new, old)
    return new, [str(error) for error in behaviour.validate(new, old)]


def status(name: str, old: Object, changes: Object, subresource: str = "status") -> tuple[Object, list[str]]:
    """A merge patch of the status through its subresource."""
    behaviour, new = kind(name).behaviour, merged(old, {"status": changes})
    if subresource != "status":
        prepare, validate = behaviour.subresources[subresource]
    else:
        assert behaviour.prepare_status
        prepare, validate = behaviour.prepare_status, behaviour.validate_status
    prepare(new, old)
    return new, [str(error) for error in validate(new, old)]


def merged(old: Any, changes: Any) -> Any:
    if not isinstance(changes, dict):
        return deepcopy(changes)
    new = deepcopy(old) if isinstance(old, dict) else {}
    for key, value in changes.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = merged(new.get(key), value)
    return new
