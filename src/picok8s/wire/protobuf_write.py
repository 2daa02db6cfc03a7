"""Objects to protobuf messages: one writer for each type, made when first needed."""

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
Message = Callable[[Any], bytes]
Emit = Callable[[list[bytes], Any], None]  # Appends a field, tag and all.

_ONE_BYTE = tuple(bytes((n,)) for n in range(128))


def varint(value: int) -> bytes:
    if 0 <= value < 128:
        return _ONE_BYTE[value]
    if value < 0:
        value += 1 << 64
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def block(tag: int, data: bytes) -> bytes:
    """A length-delimited field whose tag fits in a byte."""
    return b"%c%b%b" % (tag, varint(len(data)), data)


def text(tag: int, value: str) -> bytes:
    return block(tag, value.encode())


def message(types: Types, definition: str) -> Message:
    """The writer of a type: an object to the bytes of its message. Fields that JSON does not show are not written."""
    made = types.writers
    found = made.get(definition)
    if found is None:
        emits: list[tuple[str, Emit]] = []

        def write(obj: Any) -> bytes:
            parts: list[bytes] = []
            for name, emit in emits:
                value = obj.get(name) if name else obj
                if value is not None:
                    emit(parts, value)
            return b"".join(parts)

        found = made[definition] = write  # Before its fields: types may hold themselves.
        emits += _emits(types, definition, protobuf_fields.of(types, definition))
    return found


def _emits(types: Types, definition: str, fields: Fields) -> list[tuple[str, Emit]]:
    """In the order of the numbers. The name of a folded message is "": it is written from the whole object."""
    numbered: list[tuple[int, str, Emit]] = []
    for name, (number, schema) in fields.plain.items():
        alone = schema.kind == "list" and protobuf_fields.wraps_list(types, definition, name)
        numbered.append((number, name, _list_message(number, schema) if alone else _emit(number, schema)))
    for number, inner in fields.folded.items():
        numbered.append((number, "", _folded(number, _emits(types, definition, inner))))
    return [(name, emit) for _, name, emit in sorted(numbered, key=lambda row: row[0])]


def _folded(number: int, emits: list[tuple[str, Emit]]) -> Emit:
    tag = varint(number << 3 | 2)

    def emit(parts: list[bytes], obj: Any) -> None:
        inner: list[bytes] = []
        for name, emit_inner in emits:
            value = obj.get(name) if name else obj
            if value is not None:
                emit_inner(inner, value)
        if inner:
            data = b"".join(inner)
            parts += (tag, varint(len(data)), data)

    return emit


def _list_message(number: int, schema: Schema) -> Emit:
    """A list of texts as a message with the items in field 1."""
    tag = varint(number << 3 | 2)

    def emit(parts: list[bytes], value: Any) -> None:
        data = b"".join(text(0x0A, item) for item in value)
        parts += (tag, varint(len(data)), data)

    return emit


def _emit(number: int, schema: Schema) -> Emit:
    items = schema.items
    if schema.kind == "list" and items is not None:
        one = _emit(number, items)

        def many(parts: list[bytes], value: Any) -> None:
            for item in value:
                one(parts, item)

        return many
    if schema.kind == "map" and items is not None:
        return _map(number, items)
    if schema.kind in ("bool", "int32", "int64"):
        return _number(varint(number << 3))
    if schema.kind == "float64":
        tag = varint(number << 3 | 1)
        return lambda parts, value: parts.append(tag + struct.pack("<d", value))
    return _block(varint(number << 3 | 2), _payload(schema))


def _number(tag: bytes) -> Emit:
    return lambda parts, value: parts.append(tag + varint(int(value)))


def _block(tag: bytes, payload: Message) -> Emit:
    def emit(parts: list[bytes], value: Any) -> None:
        data = payload(value)
        parts += (tag, varint(len(data)), data)

    return emit


def _map(number: int, items: Schema) -> Emit:
    """Entries in the order of their keys, so that equal maps are equal bytes."""
    tag = varint(number << 3 | 2)
    # A list inside a map is a message of its own: no field can repeat there.
    value_of = _list_message(2, items) if items.kind == "list" else _emit(2, items)

    def emit(parts: list[bytes], value: Any) -> None:
        for key in sorted(value):
            entry = [text(0x0A, key)]
            if value[key] is not None:
                value_of(entry, value[key])
            data = b"".join(entry)
            parts += (tag, varint(len(data)), data)

    return emit


def _payload(schema: Schema) -> Message:
    """What stands after the length of a field that has one."""
    if schema.kind == "struct":
        return message(schema.types, schema.ref)
    if schema.kind in _UNIONS:
        return _UNIONS[schema.kind](message(schema.types, PROPS))
    return _PAYLOADS[schema.kind]


def _quantity(value: Any) -> bytes:
    return text(0x0A, str(value))


def _time(value: Any) -> bytes:
    seconds, nanos = moment.parts(value)
    return b"\x08" + varint(seconds) + b"\x10" + varint(nanos)


def _int_or_string(value: Any) -> bytes:
    if isinstance(value, str):
        return b"\x08\x01\x10\x00" + text(0x1A, value)
    return b"\x08\x00\x10" + varint(value) + b"\x1a\x00"


def _json(value: Any) -> bytes:
    return block(0x0A, orjson.dumps(value))


def _one_or_many(props: Message) -> Message:
    def write(value: Any) -> bytes:
        if isinstance(value, list):
            return b"".join(block(0x12, props(item)) for item in value)
        return block(0x0A, props(value))

    return write


def _one_or_bool(props: Message) -> Message:
    def write(value: Any) -> bytes:
        if isinstance(value, bool):
            return b"\x08\x01" if value else b"\x08\x00"
        return b"\x08\x01" + block(0x12, props(value))

    return write


def _one_or_strings(props: Message) -> Message:
    def write(value: Any) -> bytes:
        if isinstance(value, list):
            return b"".join(text(0x12, item) for item in value)
        return block(0x0A, props(value))

    return write


_UNIONS: dict[str, Callable[[Message], Message]] = {
    "oneormany": _one_or_many,
    "oneorbool": _one_or_bool,
    "oneorstrings": _one_or_strings,
}
_PAYLOADS: dict[str, Message] = {
    "string": lambda value: value.encode(),
    "bytes": binascii.a2b_base64,
    "quantity": _quantity,
    "time": _time,
    "microtime": _time,
    "intorstring": _int_or_string,
    "raw": _json,
    "fields": _json,
    "json": _json,
    "any": _json,
}
