"""What a reconcile may yield. A write says what shall change; the runner makes it so and sends back how that went.

    made = yield Create(pod)                    # the object as it was made, or the ApiError that refused it
    refusals = yield [Create(a), Create(b)]     # a batch, side by side; outcomes in the same order
    found = yield Ask("pods", "web-1", "shop")  # a live read: the object, a list of them, None, or an ApiError

A refusal that a reconcile passes over is not lost: the runner runs the key again after a pause.
"""

from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.api.resource import facts

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Create:
    """POST `obj`, or a body to `subresource` of the object of its name. `resource` where the kind does not tell it."""

    obj: Object
    subresource: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """PUT `obj`; refused with Conflict when its resourceVersion is not the newest."""

    obj: Object
    subresource: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch of `obj`. Put metadata.resourceVersion or metadata.uid into a merge patch to make it conditional."""

    obj: Object
    patch: Any
    kind: str = "merge"
    subresource: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """Replace the status of `obj`; nothing is written when it is already so."""

    obj: Object
    status: Object
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete exactly this object (by its uid); that it is gone already is no refusal. `options`: DeleteOptions."""

    obj: Object
    options: Object | None = None
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A live read. With a name: that object or None. Without: the objects of the namespace ("" for all)."""

    resource: str
    name: str = ""
    namespace: str = ""
    labels: str = ""
    fields: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Tell the user, as `kubectl describe` shows it. Kept, counted and dropped by the recorder; never refused."""

    obj: Object
    type: str  # "Normal" | "Warning"
    reason: str
    message: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """Run this key again after some seconds, when time alone may have changed the outcome."""

    after: float


@dataclass(frozen=True, slots=True)
class Note:
    """Run another key of this controller too."""

    key: tuple[str, str]


Write = Create | Update | Patch | Status | Delete | Ask | Event | Again | Note
Outcome = (
    Any  # The object that a write made (None: nothing to show) or an ApiError; what was found for Ask; lists of these.
)
Writes = Generator[Write | list[Write], Outcome, None]


@cache
def _resources() -> dict[tuple[str, str], str]:
    return {(row.api_version, row.kind): row.name for row in reversed(facts()) if "get" in row.verbs}


def resource_of(obj: Object) -> str:
    """The resource that an object of a built-in kind belongs to: "pods", "deployments.apps"."""
    return _resources()[(obj["apiVersion"], obj["kind"])]


def refused(outcome: Outcome, reason: str = "") -> bool:
    """Was it refused (for this reason)?"""
    return isinstance(outcome, ApiError) and (not reason or outcome.reason == reason)


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same to the API, which leaves out zeros and empty things."""
    return bool(_shown(one) == _shown(other))


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shown for key, part in value.items() if (shown := _shown(part))}
    if isinstance(value, list):
        return [_shown(part) for part in value]
    return value
