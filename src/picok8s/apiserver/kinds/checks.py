"""What many kinds check alike: numbers, percentages, names in fields, unions, what may not change, generations.

Every check returns the field errors it found, in Kubernetes' order, and changes nothing; what stands under "Preparing"
changes the new object only. Paths are dotted; a missing field is never an error here unless the check says "required".
"""

import re
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any

from picok8s.api import errors, names, selectors
from picok8s.api.errors import FieldError, invalid_value, required

Object = dict[str, Any]
Errors = list[FieldError]

INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"
PORT = "must be between 1 and 65535, inclusive"
SELECTOR_MISMATCH = "`selector` does not match template `labels`"


def child(path: str, *keys: str) -> str:
    return ".".join([path, *keys] if path else keys)


# Numbers.


def not_negative(obj: Object, path: str, *keys: str) -> Errors:
    """The fields of `obj` that are present and below zero."""
    return [
        invalid_value(child(path, key), obj[key], NOT_NEGATIVE)
        for key in keys
        if isinstance(obj.get(key), int) and obj[key] < 0
    ]


def int_or_percent(value: Any, path: str) -> Errors:
    """Zero or more, or a percentage."""
    if isinstance(value, str):
        return worded(names.percent, value, path)
    return [invalid_value(path, value, NOT_NEGATIVE)] if value < 0 else []


def at_most_100_percent(value: Any, path: str) -> Errors:
    over = isinstance(value, str) and _is_percent(value) and int(value[:-1]) > 100
    return [invalid_value(path, value, "must not be greater than 100%")] if over else []


def amount(value: Any) -> int:
    """What a count or a percentage comes to, to be compared with zero; a string that is neither counts for nothing."""
    if isinstance(value, str):
        if _is_percent(value):
            return int(value[:-1])
        return int(value) if INTEGER.fullmatch(value) else 0
    return int(value or 0)


def _is_percent(value: str) -> bool:
    return not names.percent(value)


# Words.


def unsupported(path: str, value: Any, words: Iterable[str], as_listed: bool = False) -> FieldError:
    """The words that are supported are told in alphabetical order, unless Kubernetes tells them `as_listed`."""
    return errors.unsupported(path, value, list(words) if as_listed else sorted(words))


def one_of(value: Any, path: str, words: Iterable[str], as_listed: bool = False) -> Errors:
    """A required word out of a few."""
    if not value:
        return [required(path)]
    return [] if value in words else [unsupported(path, value, words, as_listed)]


def worded(check: Callable[[str], Sequence[str]], value: str, path: str) -> Errors:
    """The complaints of a name format about a field."""
    return [invalid_value(path, value, text) for text in check(value)]


def subdomain(value: str, path: str) -> Errors:
    return worded(names.dns_subdomain, value, path)


def label(value: str, path: str) -> Errors:
    return worded(names.dns_label, value, path)


def label_value(value: str, path: str) -> Errors:
    return worded(names.label_value, value, path)


def qualified(value: str, path: str) -> Errors:
    return worded(names.qualified_name, value, path)


def path_segment(value: str, path: str) -> Errors:
    return worded(names.path_segment, value, path)


def needed(value: str | None, path: str, check: Callable[[str, str], Errors]) -> Errors:
    """Required, and if there, well formed."""
    return check(value, path) if value else [required(path)]


def domain_path(value: str, path: str) -> Errors:
    """`example.com/name`: required; the words speak of the part that is wrong."""
    if not value:
        return [required(path)]
    host, slash, rest = value.partition("/")
    if not slash or not host or not rest:
        return worded(names.domain_prefixed_path, value, path)
    errors = [invalid_value(path, host, text) for text in names.dns_subdomain(host)]
    whole = names.domain_prefixed_path(f"a/{rest}")
    return errors + [invalid_value(path, rest, text) for text in whole]


# Selectors.


def selected(selector: Object | None, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector takes these labels; a missing one takes nothing, a broken one nothing either."""
    if selector is None or selectors.validate(selector, ""):
        return False
    return selectors.selects(selector, labels)


def label_selector(selector: Object | None, path: str) -> Errors:
    return selectors.validate(selector, path)


# What may not change.


def immutable(new: Object, old: Object, path: str, *keys: str, bare: bool = False) -> Errors:
    """Fields of `new` that differ from `old`; `bare` names the field without its value."""
    return [
        invalid_value(child(path, key), None if bare else in_order(new.get(key)), IMMUTABLE)
        for key in keys
        if new.get(key) != old.get(key)
    ]


# Fields that are maps: Kubernetes prints their keys sorted, while a struct's fields keep their order.
MAPS = ("matchLabels", "labels", "annotations", "nodeSelector", "parameters")


def in_order(value: Any, is_map: bool = False) -> Any:
    """A value as Kubernetes prints it: maps sorted by their keys."""
    if isinstance(value, list):
        return [in_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    shown = {key: in_order(item, key in MAPS) for key, item in value.items()}
    if not is_map and shown.keys() >= {"key", "operator"}:
        shown = {key: shown[key] for key in ("key", "operator", "values") if key in shown}
    return dict(sorted(shown.items())) if is_map else shown


def spelled(obj: Object | None, fields: Sequence[tuple[str, Any]]) -> Object | None:
    """A struct as Kubernetes' internal types print it: every field by its Go name; a nested table, a struct."""
    if obj is None:
        return None
    return {name: spelled(obj.get(key[0]), key[1]) if isinstance(key, tuple) else obj.get(key) for name, key in fields}


# Preparing.


def next_generation(new: Object, old: Object | None, changed: bool) -> None:
    """A new object has generation 1; a change of what counts adds one."""
    if old is None:
        new["metadata"]["generation"] = 1
        return
    generation = old["metadata"].get("generation", 0) + changed
    if generation:
        new["metadata"]["generation"] = generation
    else:
        new["metadata"].pop("generation", None)


def keep(new: Object, old: Object, *keys: str) -> None:
    """Fields that stay as they were, whatever the client sent."""
    for key in keys:
        if key in old:
            new[key] = old[key]
        else:
            new.pop(key, None)


def with_field(obj: Object, other: Object, key: str) -> Object:
    """`obj` with one field as `other` has it, or without it."""
    rest = {name: value for name, value in obj.items() if name != key}
    return {**rest, key: other[key]} if key in other else rest


def preparing(empty_status: Object | None, *counted: str) -> Callable[[Object, Object | None], None]:
    """The usual way: the server owns the status (where there is one), and `counted` fields raise the generation."""

    def prepare(new: Object, old: Object | None) -> None:
        if empty_status is not None:
            if old is None:
                new["status"] = deepcopy(empty_status)
            else:
                keep(new, old, "status")
        if counted:
            next_generation(new, old, old is not None and any(new.get(key) != old.get(key) for key in counted))

    return prepare


def status_only(*kept: str) -> Callable[[Object, Object], None]:
    """How the status subresource prepares: all but the status stays as it was."""

    def prepare(new: Object, old: Object) -> None:
        keep(new, old, *(kept or ("spec",)))

    return prepare


def status_alone(new: Object, old: Object) -> None:
    """As `status_only`, for kinds whose metadata cannot be written through the status either."""
    keep(new, old, *(key for key in new.keys() | old.keys() if key not in ("apiVersion", "kind", "metadata", "status")))
    keep(new["metadata"], old["metadata"], "labels", "annotations", "finalizers", "ownerReferences")
