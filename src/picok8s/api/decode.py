"""Decoding: what a client sent, as Kubernetes' decoder and encoder would give it back.

Types are checked, nulls and empty values that do not show are dropped, values that always show are added, quantities,
times and bytes are made canonical, unknown fields are dropped, warned of or refused.

The way that is nearly always gone is fast: each type is compiled once into a closure that knows no paths and reports no
words. Only when it stops or meets something unknown, `complaint` walks again, slowly, to find out where and why.
"""

import binascii
import math
from collections.abc import Callable
from typing import Any

from picok8s.api import complaint, moment, quantity, schema
from picok8s.api.errors import ApiError, bad_request
from picok8s.api.resource import Resource
from picok8s.api.schema import PROPS, Schema, Types

Object = dict[str, Any]
# Gives the value to keep, or None to leave the field out; appends to the list when it dropped something unknown.
Decoder = Callable[[Any, list[str]], Any]

UNKNOWN_MAX = 100  # Complaints in one request; Kubernetes stops there too.


class Mismatch(ValueError):
    """The value does not fit its type; `complaint` finds out how."""


def decode(
    resource: Resource, obj: Any, mode: str = "Warn", duplicates: list[str] | None = None
) -> tuple[Object, list[str]]:
    """A body for `resource`, and the warnings it deserves; ApiError when it cannot be read as that.

    `duplicates` are the complaints of the parser about repeated keys (`body.py`), which count like unknown fields.
    """
    return decode_kind(resource.api_version, resource.kind, obj, mode, duplicates)


def decode_kind(
    api_version: str, kind: str, obj: Any, mode: str = "Warn", duplicates: list[str] | None = None
) -> tuple[Object, list[str]]:
    """The same for a kind that is no resource of its own: `autoscaling/v1` Scale, `policy/v1` Eviction."""
    types = schema.current()
    sent_version, sent_kind = complaint.check_kind(types, api_version, kind, obj)
    name = types.kinds[f"{api_version}/{kind}"]
    try:
        made, strict = _decode(types, name, obj)
    except ValueError as error:
        raise cannot_handle(sent_version, sent_kind, kind, str(error)) from None
    made = {"kind": kind, "apiVersion": api_version, **made}
    made["kind"], made["apiVersion"] = kind, api_version
    if mode == "Ignore":
        return made, []
    strict = list(dict.fromkeys([*(duplicates or ()), *strict]))[:UNKNOWN_MAX]
    if strict and mode == "Strict":
        words = ", ".join(strict)
        raise cannot_handle(sent_version, sent_kind, kind, f"strict decoding error: {words}")
    return made, complaint.warnings(strict)


def cannot_handle(api_version: str, sent_kind: str, kind: str, why: str) -> ApiError:
    version = api_version.rpartition("/")[2]
    return bad_request(f'{sent_kind} in version "{version}" cannot be handled as a {kind}: {why}')


def normalise(name: str, obj: Any) -> Object:
    """Any type by its definition name, unknown fields dropped. ValueError has Go's words."""
    return _decode(schema.current(), name, obj)[0]


def unmarshal(name: str, obj: Any) -> tuple[Object, list[str]]:
    """Any type by its definition name, and complaints about unknown fields. ValueError has Go's words."""
    return _decode(schema.current(), name, obj)


def _decode(types: Types, name: str, obj: Any) -> tuple[Object, list[str]]:
    unknown: list[str] = []
    try:
        made = _struct(types, name)({} if obj is None else obj, unknown)
    except ValueError:
        complaint.mismatch(types.definition(name), obj)
        raise
    if not unknown:
        return made, []
    return made, complaint.unknown(types.definition(name), obj)


# One decoder for each type, made when first needed.


def _of(place: Schema) -> Decoder:
    if place.kind == "struct":
        return _struct(place.types, place.ref)
    if place.items is not None:
        return (_list if place.kind == "list" else _map)(place)
    return _scalar(place)


def _struct(types: Types, name: str) -> Decoder:
    found = types.decoders.get(name)
    if found is not None:
        return found  # type: ignore[no-any-return]
    plan: dict[str, Any] = {}
    shown: list[tuple[str, Decoder | None, Any]] = []

    def struct(value: Any, unknown: list[str]) -> Any:
        if value.__class__ is not dict:
            raise Mismatch
        made = {}
        for key, item in value.items():
            decoder = plan.get(key)
            if decoder is str:  # Text that is left out when empty: most fields, decided here without a call.
                if item.__class__ is str:
                    if item:
                        made[key] = item
                elif item is not None:
                    raise Mismatch
            elif decoder is None:
                unknown.append(key)
            elif item is not None:
                item = decoder(item, unknown)
                if item is not None:
                    made[key] = item
        for key, decoder, constant in shown:
            if key not in made:
                made[key] = constant if decoder is None else decoder({}, unknown)
        return made

    types.decoders[name] = struct  # Before its fields: types may hold themselves.
    for field, place in types.fields(name).items():
        is_plain_text = place.kind == "string" and not place.pointer
        plan[field] = str if is_plain_text else _of(place) if place.pointer else _dropping(place)
        if place.shown:
            is_struct = place.kind == "struct" and not place.pointer
            shown.append(
                (field, _struct(types, place.ref) if is_struct else None, None if place.pointer else zero(place))
            )
    return struct


# What Go shows for an empty value that is not left out.
_ZEROS: Object = {
    "string": "",
    "bool": False,
    "int32": 0,
    "int64": 0,
    "float64": 0,
    "quantity": "0",
    "intorstring": 0,
}


def zero(place: Schema) -> Any:
    return _ZEROS.get(place.kind)


def _dropping(place: Schema) -> Decoder:
    """A decoder that leaves empty values out; where they show, the struct adds them."""
    decoder = _of(place)
    if place.kind not in ("bool", "int32", "int64", "float64") and (place.kind != "bytes" or place.shown):
        return decoder  # Empty lists and maps are left out by themselves; the rest always shows.

    def dropping(value: Any, unknown: list[str]) -> Any:
        return decoder(value, unknown) or None

    return dropping


def _list(place: Schema) -> Decoder:
    items = place.items
    assert items is not None
    if items.kind == "string":
        return _texts
    decoder = _of(items)
    empty: Object | None = {} if items.kind == "struct" else None
    constant = zero(items)
    keeps_empty = place.pointer

    def many(value: Any, unknown: list[str]) -> Any:
        if value.__class__ is not list:
            raise Mismatch
        if not value:
            return [] if keeps_empty else None
        if None not in value:
            return [decoder(item, unknown) for item in value]
        return [
            decoder(item, unknown) if item is not None else constant if empty is None else decoder(empty, unknown)
            for item in value
        ]

    return many


def _texts(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is not list:
        raise Mismatch
    for item in value:
        if item.__class__ is not str:
            if None in value:
                return _texts(["" if text is None else text for text in value], unknown)
            raise Mismatch
    return value[:] or None


def _map(place: Schema) -> Decoder:
    items = place.items
    assert items is not None
    if items.kind == "string":
        return _text_map
    decoder = _of(items)
    is_struct, is_list = items.kind == "struct", items.kind == "list"
    constant = "" if items.kind == "bytes" else zero(items)

    def table(value: Any, unknown: list[str]) -> Any:
        if value.__class__ is not dict:
            raise Mismatch
        if not value:
            return None
        made = {}
        for key, item in value.items():
            if item is not None:
                made[key] = decoder(item, unknown)
                if is_list and made[key] is None:
                    made[key] = []
            else:
                made[key] = decoder({}, unknown) if is_struct else constant
        return made

    return table


def _text_map(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is not dict:
        raise Mismatch
    for item in value.values():
        if item.__class__ is not str:
            if item is None:
                return _text_map({key: "" if text is None else text for key, text in value.items()}, unknown)
            raise Mismatch
    return value.copy() or None


def _scalar(place: Schema) -> Decoder:
    return _SCALARS[place.kind]


def _text(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is not str:
        raise Mismatch
    return value


def _bool(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is not bool:
        raise Mismatch
    return value


def _int32(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is not int or not -0x80000000 <= value <= 0x7FFFFFFF:
        raise Mismatch
    return value


def _int64(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is not int or not -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
        raise Mismatch
    return value


def _float64(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is int:
        return value
    if value.__class__ is not float or not math.isfinite(value):
        raise Mismatch
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def _bytes(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is not str:
        raise Mismatch
    return canonical_bytes(value)


def canonical_bytes(text: str) -> str:
    """Base64 as Go writes it: line ends dropped, unused bits zero. ValueError when it is not base64."""
    if "\n" in text or "\r" in text:
        text = text.replace("\n", "").replace("\r", "")
    data = binascii.a2b_base64(text, strict_mode=True)
    return binascii.b2a_base64(data, newline=False).decode()


def _quantity(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is str:
        return quantity.canonical(value.strip())
    if value.__class__ is int or value.__class__ is float:
        return quantity.canonical(number_text(value))
    raise Mismatch


def number_text(value: float) -> str:
    """A number as JSON wrote it, as far as that can still be known."""
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)


def _time(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is not str:
        raise Mismatch
    return moment.canonical_time(value)


def _microtime(value: Any, unknown: list[str]) -> Any:
    if value.__class__ is not str:
        raise Mismatch
    return moment.canonical_micro(value)


def _int_or_string(value: Any, unknown: list[str]) -> Any:
    return value if value.__class__ is str else _int32(value, unknown)


def _raw(value: Any, unknown: list[str]) -> Any:
    return value


def _props(value: Any, unknown: list[str]) -> Any:
    return _struct(schema.current(), PROPS)(value, unknown)


def _one_or_many(value: Any, unknown: list[str]) -> Any:
    return [_props(item or {}, unknown) for item in value] if value.__class__ is list else _props(value, unknown)


def _one_or_bool(value: Any, unknown: list[str]) -> Any:
    return value if value.__class__ is bool else _props(value, unknown)


def _one_or_strings(value: Any, unknown: list[str]) -> Any:
    return _texts(value, unknown) if value.__class__ is list else _props(value, unknown)


_SCALARS: dict[str, Decoder] = {
    "string": _text,
    "bool": _bool,
    "int32": _int32,
    "int64": _int64,
    "float64": _float64,
    "bytes": _bytes,
    "quantity": _quantity,
    "time": _time,
    "microtime": _microtime,
    "intorstring": _int_or_string,
    "raw": _raw,
    "fields": _raw,
    "json": _raw,
    "any": _raw,
    "oneormany": _one_or_many,
    "oneorbool": _one_or_bool,
    "oneorstrings": _one_or_strings,
}
