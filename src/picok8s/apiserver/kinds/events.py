"""Events of the core group, which take nearly anything."""

from collections.abc import Callable
from typing import Any

from picok8s.api.errors import FieldError
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds.events_k8s import CORE_ALWAYS, any_event

Object = dict[str, Any]

ABOUT = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def validate(new: Object, old: Object | None) -> list[FieldError]:
    return any_event({**CORE_ALWAYS, **new}, "reportingComponent")


def about(part: str) -> Callable[[Object], str]:
    return lambda event: str((event.get("involvedObject") or {}).get(part) or "")


def source(event: Object) -> str:
    """The component that tells of it; new style events call it their controller."""
    return str((event.get("source") or {}).get("component") or event.get("reportingComponent") or "")


BEHAVIOURS = {
    "events": Behaviour(
        validate=validate,
        fields={
            **{f"involvedObject.{part}": about(part) for part in ABOUT},
            "reason": lambda event: event.get("reason", ""),
            "reportingComponent": lambda event: event.get("reportingComponent", ""),
            "source": source,
            "type": lambda event: event.get("type", ""),
        },
        create_on_update=True,
    )
}
