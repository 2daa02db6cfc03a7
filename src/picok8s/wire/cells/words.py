"""The words that the cells of several kinds share: labels, selectors, containers, lists that are cut short."""

from collections.abc import Iterable
from typing import Any

from picok8s.api import duration, selectors

Object = dict[str, Any]
Cells = list[Any]

NONE, UNSET, UNKNOWN = "<none>", "<unset>", "<unknown>"
ITEMS_MAX = 3  # Of hosts, endpoints and ports; more are counted.


def spec(obj: Object) -> Object:
    return obj.get("spec") or {}


def status(obj: Object) -> Object:
    return obj.get("status") or {}


def name(obj: Object) -> str:
    return str(obj["metadata"].get("name", ""))


def age(obj: Object, now: float) -> str:
    return duration.since(obj["metadata"].get("creationTimestamp"), now)


def named_age(obj: Object, now: float) -> Cells:
    """The row of a kind that has nothing else to show."""
    return [name(obj), age(obj, now)]


def born(obj: Object, now: float) -> Cells:
    """The row of a kind without a printer: the moment itself, which the client turns into an age."""
    return [name(obj), obj["metadata"].get("creationTimestamp")]


def is_deleted(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def labels(values: dict[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((values or {}).items())) or NONE


def selector(value: Object | None) -> str:
    """A LabelSelector as text. One that is missing selects nothing and has no text."""
    return selectors.text(selectors.requirements(value)) or NONE


def containers(template: Object | None) -> tuple[str, str]:
    """Names and images of the containers of a pod or template."""
    found = ((template or {}).get("spec") or {}).get("containers") or []
    return ",".join(c.get("name", "") for c in found), ",".join(c.get("image", "") for c in found)


def some(items: list[str], limit: int = ITEMS_MAX) -> str:
    """The first few, and how many more there are."""
    shown = ",".join(items[:limit])
    return f"{shown} + {len(items) - limit} more..." if len(items) > limit else shown


def conditions(obj: Object) -> dict[str, Object]:
    return {condition.get("type", ""): condition for condition in status(obj).get("conditions") or ()}


def truth(value: Any) -> str:
    """A truth that may be missing, as Go prints it."""
    return UNSET if value is None else "True" if value else "False"


def joined(items: Iterable[Any]) -> str:
    return ",".join(map(str, items))
