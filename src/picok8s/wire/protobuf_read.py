"""Protobuf messages to objects: one reader for each type, made when first needed. Damaged messages raise Malformed."""

import binascii
import struct
from collections.abc import Callable
from typing import Any

import orjson

from picok8s.api import moment
from picok8s.api.schema import PROPS, Schema, Types
from picok8s.wire import protobuf_fields
from picok8s.wire.protobuf_fields import Fields

Object = dict[str, Any]
# (data, where the message begins, where it ends, how deep it is inside others) -> the object
Message = Callable[[bytes, int, int, int], Any]
# (object to fill, data, where the value begins, where the message ends, depth) -> where the value ends
Fill = Callable[[Object, bytes, int, int, int], int]

DEPTH_MAX = 200  # Messages in messages; JSON schemas of custom resources nest most.


class Malformed(Exception):
    """The bytes are no message of the type."""


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """An unsigned number and where it ends."""
    if at < end and data[at] < 128:
        return data[at], at + 1
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            raise Malformed("integer overflow")
    raise Malformed("unexpected EOF")


def extent(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Where a length-delimited value begins and ends."""
    size, at = varint(data, at, end)
    if size > end - at:
        raise Malformed("unexpected EOF")
    return at, at + size


def skip(data: bytes, at: int, end: int, tag: int) -> int:
    """Past a field that nobody knows."""
    kind = tag & 7
    if kind == 0:
        return varint(data, at, end)[1]
    if kind == 2:
        return extent(data, at, end)[1]
    size = {1: 8, 5: 4}.get(kind)
    if size is None:
        raise Malformed(f"illegal wireType {kind}")
    if at + size > end:
        raise Malformed("unexpected EOF")
    return at + size


def message(types: Types, definition: str) -> Message:
    made = types.readers
    found = made.get(definition)
    if found is None:
        fills: dict[int, Fill] = {}
        found = made[definition] = _reader(fills)  # Before its fields: types may hold themselves.
        fills.update(_fills(types, definition, protobuf_fields.of(types, definition)))
    return found


def _reader(fills: dict[int, Fill]) -> Message:
    def read(data: bytes, at: int, end: int, depth: int) -> Any:
        made: Object = {}
        fill_from(made, fills, data, at, end, depth)
        return made

    return read


def fill_from(made: Object, fills: dict[int, Fill], data: bytes, at: int, end: int, depth: int) -> None:
    """Read one message into `made`."""
    if depth > DEPTH_MAX:
        raise Malformed("exceeded max depth")
    while at < end:
        tag = data[at]
        at += 1
        if tag > 127:
            tag, at = varint(data, at - 1, end)
        fill = fills.get(tag)
        at = skip(data, at, end, tag) if fill is None else fill(made, data, at, end, depth + 1)


def _fills(types: Types, definition: str, fields: Fields) -> dict[int, Fill]:
    fills: dict[int, Fill] = {}
    for name, (number, schema) in fields.plain.items():
        if schema.kind == "list" and protobuf_fields.wraps_list(types, definition, name):
            fills[number << 3 | 2] = _keep(name, _texts)
        else:
            fills.update(_fill(name, number, schema))
    for number, inner in fields.folded.items():
        fills[number << 3 | 2] = _folded(_fills(types, definition, inner))
    return fills


def _folded(inner: dict[int, Fill]) -> Fill:
    """A message whose fields JSON shows as its parent's."""

    def fill(made: Object, data: bytes, at: int, end: int, depth: int) -> int:
        at, stop = extent(data, at, end)
        fill_from(made, inner, data, at, stop, depth)
        return stop

    return fill


def _fill(name: str, number: int, schema: Schema) -> dict[int, Fill]:
    items = schema.items
    if schema.kind == "list" and items is not None:
        return _list(name, number, items)
    if schema.kind == "map" and items is not None:
        return {number << 3 | 2: _map(name, items)}
    if schema.kind in _NUMBERS:
        return {number << 3: _keep_number(name, _NUMBERS[schema.kind])}
    if schema.kind == "float64":
        return {number << 3 | 1: _keep_float(name)}
    return {number << 3 | 2: _keep(name, _payload(schema))}


def _keep(name: str, payload: Message) -> Fill:
    def fill(made: Object, data: bytes, at: int, end: int, depth: int) -> int:
        at, stop = extent(data, at, end)
        made[name] = payload(data, at, stop, depth)
        return stop

    return fill


def _keep_number(name: str, form: Callable[[int], Any]) -> Fill:
    def fill(made: Object, data: bytes, at: int, end: int, depth: int) -> int:
        value, at = varint(data, at, end)
        made[name] = form(value)
        return at

    return fill


def _keep_float(name: str) -> Fill:
    def fill(made: Object, data: bytes, at: int, end: int, depth: int) -> int:
        if at + 8 > end:
            raise Malformed("unexpected EOF")
        made[name] = struct.unpack_from("<d", data, at)[0]
        return at + 8

    return fill


def _list(name: str, number: int, items: Schema) -> dict[int, Fill]:
    form = _NUMBERS.get(items.kind)
    if form is not None:
        return {number << 3: _one_number(name, form), number << 3 | 2: _packed(name, form)}
    payload = _payload(items)

    def fill(made: Object, data: bytes, at: int, end: int, depth: int) -> int:
        at, stop = extent(data, at, end)
        made.setdefault(name, []).append(payload(data, at, stop, depth))
        return stop

    return {number << 3 | 2: fill}


def _one_number(name: str, form: Callable[[int], Any]) -> Fill:
    def fill(made: Object, data: bytes, at: int, end: int, depth: int) -> int:
        value, at = varint(data, at, end)
        made.setdefault(name, []).append(form(value))
        return at

    return fill


def _packed(name: str, form: Callable[[int], Any]) -> Fill:
    def fill(made: Object, data: bytes, at: int, end: int, depth: int) -> int:
        at, stop = extent(data, at, end)
        values = made.setdefault(name, [])
        while at < stop:
            value, at = varint(data, at, stop)
            values.append(form(value))
        return stop

    return fill


def _map(name: str, items: Schema) -> Fill:
    inner: dict[int, Fill] = {0x0A: _keep("key", _text)}
    inner.update({0x12: _keep("value", _texts)} if items.kind == "list" else _fill("value", 2, items))
    empty = {"struct": dict, "list": list, "string": str, "bytes": str}.get(items.kind, lambda: None)

    def fill(made: Object, data: bytes, at: int, end: int, depth: int) -> int:
        at, stop = extent(data, at, end)
        entry: Object = {}
        fill_from(entry, inner, data, at, stop, depth)
        made.setdefault(name, {})[entry.get("key", "")] = entry["value"] if "value" in entry else empty()
        return stop

    return fill


def _payload(schema: Schema) -> Message:
    if schema.kind == "struct":
        return message(schema.types, schema.ref)
    if schema.kind in _UNIONS:
        return _union(schema)
    return _PAYLOADS[schema.kind]


def _union(schema: Schema) -> Message:
    """One schema, or instead a list of them, a list of texts, or a truth value."""
    one, other = _UNIONS[schema.kind]
    props = message(schema.types, PROPS)
    fills: dict[int, Fill] = {one: _keep("one", props)}
    if schema.kind == "oneorbool":
        fills[other] = _keep_number("other", bool)
    else:
        item = props if schema.kind == "oneormany" else _text

        def many(made: Object, data: bytes, at: int, end: int, depth: int) -> int:
            at, stop = extent(data, at, end)
            made.setdefault("other", []).append(item(data, at, stop, depth))
            return stop

        fills[other] = many

    def read(data: bytes, at: int, end: int, depth: int) -> Any:
        made: Object = {}
        fill_from(made, fills, data, at, end, depth)
        if made.get("one") is not None:
            return made["one"]
        return made.get("other", False if schema.kind == "oneorbool" else {})

    return read


def _text(data: bytes, at: int, end: int, depth: int) -> Any:
    return data[at:end].decode(errors="replace")


def _bytes(data: bytes, at: int, end: int, depth: int) -> Any:
    return binascii.b2a_base64(data[at:end], newline=False).decode()


def _texts(data: bytes, at: int, end: int, depth: int) -> Any:
    """A message that is only a list of texts."""
    texts = []
    while at < end:
        tag, at = varint(data, at, end)
        if tag == 0x0A:
            begin, at = extent(data, at, end)
            texts.append(data[begin:at].decode(errors="replace"))
        else:
            at = skip(data, at, end, tag)
    return texts


def _numbers(data: bytes, at: int, end: int) -> dict[int, int]:
    """The numeric fields of a small message, by number."""
    found: dict[int, int] = {}
    while at < end:
        tag, at = varint(data, at, end)
        if tag & 7 == 0:
            found[tag >> 3], at = varint(data, at, end)
        else:
            at = skip(data, at, end, tag)
    return found


def _quantity(data: bytes, at: int, end: int, depth: int) -> Any:
    texts = _texts(data, at, end, depth)
    return texts[-1] if texts and texts[-1] else "0"


def _time(data: bytes, at: int, end: int, depth: int) -> Any:
    return _moment(data, at, end, False)


def _microtime(data: bytes, at: int, end: int, depth: int) -> Any:
    return _moment(data, at, end, True)


def _moment(data: bytes, at: int, end: int, with_micros: bool) -> Any:
    """An empty message is no time at all."""
    found = _numbers(data, at, end)
    seconds, nanos = _int64(found.get(1, 0)), _int32(found.get(2, 0))
    if not seconds and not nanos:
        return None
    try:
        return moment.from_parts(seconds, nanos, with_micros)
    except (OverflowError, ValueError):
        raise Malformed("timestamp out of range") from None


def _int_or_string(data: bytes, at: int, end: int, depth: int) -> Any:
    found = _numbers(data, at, end)
    if found.get(1) != 1:
        return _int32(found.get(2, 0))
    made: Object = {}
    fill_from(made, {0x1A: _keep("text", _text)}, data, at, end, depth)
    return made.get("text", "")


def _json(data: bytes, at: int, end: int, depth: int) -> Any:
    """JSON inside a message: field 1 holds its text."""
    made: Object = {}
    fill_from(made, {0x0A: _keep("raw", lambda data, at, end, depth: data[at:end])}, data, at, end, depth)
    raw = made.get("raw", b"")
    if not raw:
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Malformed("embedded JSON does not parse") from None


def _int32(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def _int64(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


_NUMBERS: dict[str, Callable[[int], Any]] = {"bool": bool, "int32": _int32, "int64": _int64}
# Tags of the one schema, and of what may stand in its place.
_UNIONS = {"oneormany": (0x0A, 0x12), "oneorbool": (0x12, 0x08), "oneorstrings": (0x0A, 0x12)}
_PAYLOADS: dict[str, Message] = {
    "string": _text,
    "bytes": _bytes,
    "quantity": _quantity,
    "time": _time,
    "microtime": _microtime,
    "intorstring": _int_or_string,
    "raw": _json,
    "fields": _json,
    "json": _json,
    "any": _json,
}
