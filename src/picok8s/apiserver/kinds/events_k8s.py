"""events.k8s.io: the events of the core group in another form, with stricter rules for new ones.

`encode` makes the stored (core) event, `decode` the shown one. The rules speak of the core form's fields, as
upstream's do.
"""

from typing import Any

from picok8s.api.errors import FieldError, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]

# Name in events.k8s.io -> name in core, where they differ.
CORE_NAMES = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}
NEW_NAMES = {core: new for new, core in CORE_NAMES.items()}
# Fields that are always there: in core, and in the new form.
CORE_ALWAYS: dict[str, Any] = {
    "involvedObject": {},
    "source": {},
    "firstTimestamp": None,
    "lastTimestamp": None,
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}
NEW_ALWAYS: dict[str, Any] = {
    "eventTime": None,
    "regarding": {},
    "deprecatedSource": {},
    "deprecatedFirstTimestamp": None,
    "deprecatedLastTimestamp": None,
}
TEXT_MAX = 128
NOTE_MAX = 1024
REGARDING = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
FIXED = (
    *("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type"),
    *("eventTime", "action", "related"),
)


def encode(event: Object) -> Object:
    core = {CORE_NAMES.get(key, key): value for key, value in event.items()}
    return {**CORE_ALWAYS, **core, "apiVersion": "v1"}


def decode(event: Object) -> Object:
    new = {NEW_NAMES.get(key, key): value for key, value in event.items()}
    for key in ("reportingController", "reportingInstance"):
        if not new.get(key):
            new.pop(key, None)
    return {**NEW_ALWAYS, **new, "apiVersion": "events.k8s.io/v1"}


def validate(new: Object, old: Object | None) -> Errors:
    event = encode(new)
    errors = any_event(event)
    if old is not None:
        return errors + _update(event, encode(old))
    errors += _series(event.get("series"))
    if not event["eventTime"]:
        errors.append(required("eventTime"))
    kind = event.get("type", "")
    if kind not in ("Normal", "Warning"):
        errors.append(invalid_value("type", "", f"has invalid value: {kind}"))
    unset = "needs to be unset"
    return errors + [
        invalid_value(key, "", unset)
        for key in ("firstTimestamp", "lastTimestamp", "count", "source")
        if event.get(key)
    ]


def any_event(event: Object, controller_name: str = "reportingController") -> Errors:
    """What holds for events of both groups, which call the controller by different names."""
    namespace, about = event["metadata"].get("namespace", ""), event["involvedObject"].get("namespace", "")
    elsewhere = [invalid_value("involvedObject.namespace", about, "does not match event.namespace")]
    if not event["eventTime"]:
        allowed = ("", "default") if not about else (about,)
        return [] if namespace in allowed else elsewhere
    errors = [] if about or namespace in ("default", "kube-system") else elsewhere
    controller = event["reportingComponent"]
    if not controller:
        errors.append(required(controller_name))
    errors += checks.qualified(controller, controller_name)
    for key, limit in (
        ("reportingInstance", TEXT_MAX),
        ("action", TEXT_MAX),
        ("reason", TEXT_MAX),
        ("message", NOTE_MAX),
    ):
        text = event.get(key, "")
        if not text and key != "message":
            errors.append(required(key))
        if len(text) > limit:
            errors.append(invalid_value(key, "", f"can have at most {limit} characters"))
    return errors


def _series(series: Object | None) -> Errors:
    if series is None:
        return []
    errors: Errors = []
    if series.get("count", 0) < 2:
        errors.append(invalid_value("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(required("series.lastObservedTime"))
    return errors


def _update(event: Object, before: Object) -> Errors:
    errors = _series(event.get("series")) if event.get("series") != before.get("series") else []
    errors += checks.immutable(event, before, "", *FIXED)
    if event["reportingComponent"] != before["reportingComponent"]:
        errors.append(invalid_value("reportingController", event["reportingComponent"], checks.IMMUTABLE))
    return errors + checks.immutable(event, before, "", "reportingInstance")


def _read(key: str, part: str = "") -> Any:
    """A field of the event in either form."""

    def read(event: Object) -> str:
        value = event.get(key, event.get(CORE_NAMES.get(key, key)))
        return str(((value or {}).get(part) if part else value) or "")

    return read


BEHAVIOURS = {
    "events.events.k8s.io": Behaviour(
        validate=validate,
        encode=encode,
        decode=decode,
        fields={
            "reason": _read("reason"),
            "type": _read("type"),
            "reportingController": _read("reportingController"),
            **{f"regarding.{part}": _read("regarding", part) for part in REGARDING},
        },
        create_on_update=True,
    ),
}
