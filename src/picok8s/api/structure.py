"""Walks over an object along its type, as apply sees it: which fields it has, what changed, how two of them merge.

A type is a leaf (a scalar, or anything that apply takes as one: `atomic`), a map whose keys count one by one, or a list
whose items are told apart by keys or by value. What has no type is judged by its form: maps are maps, lists are leaves.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from picok8s.api import fieldsets
from picok8s.api.fieldsets import Set, key_element, value_element

# picok8s.api.schema.Schema, or what has the same attributes: kind, fields, items, list_type, list_keys, atomic.
Type = Any

LEAF, MAP, LIST = "leaf", "map", "list"
UNTYPED = ("raw", "any", "json", "fields", "oneormany", "oneorbool", "oneorstrings")
NUMBERS = ("int32", "int64", "float64")
TEXTS = ("string", "bytes")
KEY_DEFAULTS = {"protocol": "TCP"}  # The only key of a built-in list that may be left out.

_ABSENT: Any = object()


class BadStructure(Exception):
    """Why a value does not fit its type, with the path."""


def form(schema: Type | None, *values: Any) -> str:
    """How apply takes a value of this type; values without a type decide by their own form."""
    if schema is None or schema.kind in UNTYPED:
        return MAP if any(isinstance(value, dict) for value in values) else LEAF
    if schema.atomic:
        return LEAF
    if schema.kind in ("struct", "map"):
        return MAP
    if schema.kind == "list" and schema.list_type in ("map", "set"):
        return LIST
    return LEAF


def member_type(schema: Type | None, key: str) -> Type | None:
    """The type of a member of a map."""
    if schema is None:
        return None
    if schema.kind == "struct":
        return schema.fields.get(key) or schema.items
    return schema.items if schema.kind == "map" else None


def is_field(schema: Type | None, key: str) -> bool:
    """Whether a member is a field that the type names, not a key that the object made up."""
    return schema is not None and schema.kind == "struct" and key in schema.fields


def element_of(schema: Type, item: Any) -> str:
    """What tells an item of a list from the others. Raises BadStructure."""
    if schema.list_type == "set":
        if isinstance(item, dict):
            raise BadStructure("associative list without keys has an element that's a map type")
        if isinstance(item, list):
            raise BadStructure("not supported: associative list with lists as elements")
        if item is None:
            raise BadStructure("associative list without keys has an element that's an explicit null")
        return value_element(item)
    if item is None:
        raise BadStructure("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise BadStructure("associative list with keys may not have non-map elements")
    keys = {key: item[key] for key in schema.list_keys if key in item}
    if len(keys) < len(schema.list_keys):
        known = _key_defaults(schema.items)
        keys.update({key: known[key] for key in schema.list_keys if key in known and key not in keys})
    if not keys:
        names = "[" + " ".join(f'"{key}"' for key in schema.list_keys) + "]"
        words = f"omits all key fields {names} (and doesn't have default values for any key fields)"
        raise BadStructure(f"associative list with keys has an element that {words}")
    return key_element(keys)


def _key_defaults(schema: Type) -> dict[str, Any]:
    """What the keys of an item are that leaves them out: a required one is as if it were empty."""
    own: dict[str, Any] | None = getattr(schema, "key_defaults", None)
    if own is not None:
        return own
    empty = {name: zero(field) for name, field in schema.fields.items() if field.shown and field.kind != "struct"}
    return {**empty, **{key: value for key, value in KEY_DEFAULTS.items() if key in schema.fields}}


def _elements(schema: Type, items: Any) -> list[tuple[str, Any]]:
    """Items of a list by what tells them apart; those that nothing tells apart are left out."""
    found = []
    for item in items or ():
        try:
            found.append((element_of(schema, item), item))
        except BadStructure:
            continue
    return found


# Which fields a value has


def field_set(value: Any, schema: Type | None) -> Set:
    """The fields that whoever applies `value` owns. The root itself is in no set."""
    return _fields(value, schema) or {}


def _fields(value: Any, schema: Type | None) -> Set | None:
    """The set below a value; {} when the value is one leaf, None when there is nothing."""
    kind = form(schema, value)
    if kind == LEAF:
        return fieldsets.MEMBER
    below: Set = {}
    if kind == MAP and isinstance(value, dict):
        for key, item in value.items():
            node = _fields(item, member_type(schema, key))
            member = node == {} or item is None or item == {} or not is_field(schema, key)
            made = fieldsets.made(member, node or {})
            if made is not None:
                below[f"f:{key}"] = made
    elif kind == LIST and isinstance(value, list):
        assert schema is not None
        for element, item in _elements(schema, value):
            below[element] = fieldsets.made(True, _fields(item, schema.items) or {}) or fieldsets.MEMBER
    return below or None


def named_as_members(fields: Set, schema: Type | None) -> Set:
    """The set with every named field on the way as a member, so that a field goes with all that it holds."""
    result: Set = {}
    for element, node in fieldsets.children(fields):
        key = element[2:] if element.startswith("f:") else None
        inner = member_type(schema, key) if key is not None else (schema.items if schema is not None else None)
        below = named_as_members({e: n for e, n in node.items() if e != fieldsets.SELF}, inner)
        member = fieldsets.holds(node) or (key is not None and is_field(schema, key))
        result[element] = fieldsets.made(member, below) or fieldsets.MEMBER
    return result


# What changed


@dataclass(slots=True)
class Changes:
    added: Set
    modified: Set
    removed: Set

    @property
    def nothing(self) -> bool:
        return not (self.added or self.modified or self.removed)

    def only(self, keep: Callable[[Set], Set]) -> "Changes":
        return Changes(keep(self.added), keep(self.modified), keep(self.removed))


def changes(old: Any, new: Any, schema: Type | None) -> Changes:
    """Fields of `new` that `old` lacks, that differ, and that `old` alone has."""
    added, modified, removed = _compare_members(old or {}, new or {}, schema)
    return Changes(added, modified, removed)


Triple = tuple[Set, Set, Set]


def _compare_members(old: Any, new: Any, schema: Type | None) -> Triple:
    result: Triple = ({}, {}, {})
    for key in old.keys() | new.keys():
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if before is not after:
            _note(result, f"f:{key}", before, after, member_type(schema, key))
    return result


def _compare_items(old: Any, new: Any, schema: Type) -> Triple:
    result: Triple = ({}, {}, {})
    before, after = _grouped(schema, old), _grouped(schema, new)
    for element in before.keys() | after.keys():
        ours, theirs = before.get(element, []), after.get(element, [])
        if len(ours) > 1 and len(theirs) > 1:
            if ours != theirs:
                result[1][element] = fieldsets.MEMBER
        elif len(ours) > 1 or len(theirs) > 1:
            # Doubles that come or go: the item itself is the change, with what the one without doubles has.
            single = (ours if len(ours) == 1 else theirs if len(theirs) == 1 else [_ABSENT])[0]
            place = 2 if len(ours) > 1 else 0
            below = {} if single is _ABSENT else _fields(single, schema.items) or {}
            result[2 - place][element] = fieldsets.made(bool(below), below) or fieldsets.MEMBER
            result[place][element] = fieldsets.MEMBER
        else:
            _note(result, element, (ours or [_ABSENT])[0], (theirs or [_ABSENT])[0], schema.items)
    return result


def _grouped(schema: Type, items: Any) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for element, item in _elements(schema, items):
        groups.setdefault(element, []).append(item)
    return groups


def _note(result: Triple, element: str, before: Any, after: Any, schema: Type | None) -> None:
    """Puts what differs at one element, and below it, into the sets of `result`."""
    if schema is not None and schema.kind not in UNTYPED and before == after:
        return  # Quick, and true of what has a type: there no truth stands where a number was.
    kind = form(schema, before, after)
    mixed = kind != LEAF and not (_fits(kind, before) and _fits(kind, after))
    empty = kind != LEAF and _is_empty(before) and _is_empty(after)
    if kind == LEAF or mixed or empty:
        place = 0 if before is _ABSENT else 2 if after is _ABSENT else 1
        if place != 1 or not same(before, after):
            result[place][element] = fieldsets.MEMBER
        return
    old = None if before is _ABSENT else before
    new = None if after is _ABSENT else after
    inner = _compare_members(old or {}, new or {}, schema) if kind == MAP else _compare_items(old, new, _typed(schema))
    members = (before is _ABSENT, False, after is _ABSENT)
    for place, (member, below) in enumerate(zip(members, inner, strict=True)):
        made = fieldsets.made(member, below)
        if made is not None:
            result[place][element] = made


def _typed(schema: Type | None) -> Type:
    assert schema is not None
    return schema


def _fits(kind: str, value: Any) -> bool:
    return value is _ABSENT or value is None or isinstance(value, dict if kind == MAP else list)


def _is_empty(value: Any) -> bool:
    return value is _ABSENT or not value


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: true is not 1, though 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


# Merging


def merge(live: Any, config: Any, schema: Type | None) -> Any:
    """`live` with all that `config` says. Parts that only one of them has are shared with it."""
    kind = form(schema, live, config)
    if kind == MAP and isinstance(live, dict) and isinstance(config, dict | None):
        merged = dict(live)
        for key, value in (config or {}).items():
            merged[key] = merge(live[key], value, member_type(schema, key)) if key in live else value
        return merged if merged or config is None else config
    if kind == LIST and isinstance(live, list) and isinstance(config, list | None):
        return _merge_lists(live, config or [], _typed(schema)) or config
    return config


def _merge_lists(live: list[Any], config: list[Any], schema: Type) -> list[Any]:
    """Items in the order of `config`; those that it lacks keep their place among their neighbours."""
    left, right = _elements(schema, live), _elements(schema, config)
    ours, theirs = _single(left), dict(right)
    shared = [element for element, _ in right if element in ours]
    merged: list[Any] = []
    done: set[str] = set()
    i = j = 0

    def take(element: str) -> None:
        done.add(element)
        if shared and shared[0] == element:
            shared.pop(0)
        known = ours.get(element)
        merged.append(theirs[element] if known is None else merge(known, theirs[element], schema.items))

    while i < len(left) or j < len(right):
        here = left[i][0] if i < len(left) else None
        if here is not None and j < len(right):
            if here == right[j][0]:
                take(here)
                i, j = i + 1, j + 1
                continue
            if here in theirs and shared and shared[0] != here:
                i += 1  # Shared, but another one comes first in `config`.
                continue
        if here is not None and here not in theirs:
            merged.append(left[i][1])
            i += 1
            continue
        if here is not None and here in done:
            i += 1
        if j < len(right):
            take(right[j][0])
            j += 1
    return merged


def _single(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Items by element; one that stands twice has no value to merge with."""
    found: dict[str, Any] = {}
    for element, item in items:
        found[element] = None if element in found else item
    return found


def remove(value: Any, fields: Set, schema: Type | None) -> Any:
    """`value` without `fields`; a map or list that has nothing left is null."""
    kind = form(schema, value)
    if kind == MAP and isinstance(value, dict):
        kept = {}
        for key, item in value.items():
            node = fields.get(f"f:{key}")
            if node is None:
                kept[key] = item
            elif not fieldsets.holds(node):
                kept[key] = remove(item, node, member_type(schema, key))
        return kept or None
    if kind == LIST and isinstance(value, list):
        items = []
        for element, item in _elements(_typed(schema), value):
            node = fields.get(element)
            if node is None:
                items.append(item)
            elif not fieldsets.holds(node):
                items.append(remove(item, node, _typed(schema).items))
        return items or None
    return None if kind != LEAF else value


# Checking


def check(value: Any, schema: Type | None) -> list[str]:
    """How a configuration does not fit its type, each with its path. Upstream's words, Go's types and all."""
    return list(_check(value, schema, ""))


def _check(value: Any, schema: Type | None, path: str) -> Iterator[str]:
    if value is None or schema is None or schema.kind in UNTYPED:
        return
    if schema.kind in ("struct", "map"):
        yield from _check_map(value, schema, path)
    elif schema.kind == "list":
        yield from _check_list(value, schema, path)
    elif words := _check_scalar(value, schema.kind):
        yield f"{path}: {words}" if path else words


def _check_map(value: Any, schema: Type, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: expected map, got &{{{go_value(value)}}}"
        return
    for key, item in value.items():
        inner = member_type(schema, key)
        if inner is None and not is_field(schema, key) and not getattr(schema, "open", False):
            yield f"{path}.{key}: field not declared in schema"
        else:
            yield from _check(item, inner, f"{path}.{key}")


def _check_list(value: Any, schema: Type, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: expected list, got &{{{go_value(value)}}}"
        return
    seen = set()
    for index, item in enumerate(value):
        element = f"i:{index}"
        if schema.list_type in ("map", "set"):
            try:
                element = element_of(schema, item)
            except BadStructure as error:
                yield f"{path}: element {index}: {error}"
                return
            if element in seen:
                yield f"{path}: duplicate entries for key {fieldsets.shown(element)}"
            seen.add(element)
        yield from _check(item, schema.items, path + fieldsets.shown(element))


def _check_scalar(value: Any, kind: str) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in NUMBERS:
        return "" if is_number else f"expected numeric (int or float), got {go_type(value)}"
    if kind in TEXTS:
        return (
            ""
            if isinstance(value, str)
            else f"expected string, got &value.valueUnstructured{{Value:{go_value(value)}}}"
        )
    if kind == "bool":
        return "" if isinstance(value, bool) else f"expected boolean, got &{{{go_value(value)}}}"
    return "" if not isinstance(value, dict | list) else f"expected any scalar, got &{{{go_value(value)}}}"


def go_value(value: Any) -> str:
    """A value of JSON as Go prints it with %v."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_value(item)}" for key, item in sorted(value.items())) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(go_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def go_type(value: Any) -> str:
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, list):
        return "[]interface {}"
    return {bool: "bool", str: "string", int: "int64", float: "float64"}.get(type(value), "<nil>")


_zeros: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def zero_object(schema: Type) -> Any:
    """`zero` of a whole kind, kept with the types that it was made from."""
    types = getattr(schema, "types", None)
    if types is None:
        return zero(schema)
    made = _zeros.setdefault(types, {})
    if schema.ref not in made:
        made[schema.ref] = zero(schema)
    return made[schema.ref]


def zero(schema: Type | None) -> Any:
    """What an object of this type shows when nothing was set: a create is compared with it."""
    if schema is None or schema.pointer:
        return None
    if schema.kind == "struct":
        return {name: zero(field) for name, field in schema.fields.items() if field.shown}
    if schema.kind in NUMBERS:
        return 0
    return {"string": "", "bool": False, "quantity": "0"}.get(schema.kind)
