"""The protobuf form of an OpenAPI version 2 document (gnostic's), which Go clients ask for; written from the JSON form.

One table says for each message which JSON member is which field and how it is written. Members that begin with `x-` are
extensions: their values travel as text.
"""

import struct
from typing import Any

import orjson

from picok8s.wire.protobuf_write import text, varint

Object = dict[str, Any]

MEDIA = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
# How clients name it.
ASKED = (MEDIA, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")

# Message -> (number of its extensions, JSON member -> (number, form)). A form is a scalar, a message, `[X]` for many,
# `{X}` for a map, which is a message of its own.
_MESSAGES: dict[str, tuple[int, dict[str, tuple[int, str]]]] = {
    "Document": (
        16,
        {
            "swagger": (1, "text"),
            "info": (2, "Info"),
            "paths": (8, "Paths"),
            "definitions": (9, "{Schema}"),
            "security": (12, "[{Texts}]"),
            "securityDefinitions": (13, "{Security}"),
        },
    ),
    "Info": (7, {"title": (1, "text"), "version": (2, "text"), "description": (3, "text")}),
    "PathItem": (
        10,
        {
            "get": (2, "Operation"),
            "put": (3, "Operation"),
            "post": (4, "Operation"),
            "delete": (5, "Operation"),
            "options": (6, "Operation"),
            "head": (7, "Operation"),
            "patch": (8, "Operation"),
            "parameters": (9, "[Parameter]"),
        },
    ),
    "Operation": (
        13,
        {
            "tags": (1, "[text]"),
            "description": (3, "text"),
            "operationId": (5, "text"),
            "produces": (6, "[text]"),
            "consumes": (7, "[text]"),
            "parameters": (8, "[Parameter]"),
            "responses": (9, "Responses"),
            "schemes": (10, "[text]"),
        },
    ),
    "Body": (
        6,
        {
            "description": (1, "text"),
            "name": (2, "text"),
            "in": (3, "text"),
            "required": (4, "bool"),
            "schema": (5, "Schema"),
        },
    ),
    "Query": (
        23,
        {
            "required": (1, "bool"),
            "in": (2, "text"),
            "description": (3, "text"),
            "name": (4, "text"),
            "type": (6, "text"),
            "uniqueItems": (20, "bool"),
        },
    ),
    "PathParameter": (
        22,
        {
            "required": (1, "bool"),
            "in": (2, "text"),
            "description": (3, "text"),
            "name": (4, "text"),
            "type": (5, "text"),
            "uniqueItems": (19, "bool"),
        },
    ),
    "Response": (5, {"description": (1, "text"), "schema": (2, "SchemaItem")}),
    "ApiKey": (
        5,
        {"type": (1, "text"), "name": (2, "text"), "in": (3, "text"), "description": (4, "text")},
    ),
    "Schema": (
        31,
        {
            "$ref": (1, "text"),
            "format": (2, "text"),
            "title": (3, "text"),
            "description": (4, "text"),
            "default": (5, "any"),
            "multipleOf": (6, "double"),
            "maximum": (7, "double"),
            "exclusiveMaximum": (8, "bool"),
            "minimum": (9, "double"),
            "exclusiveMinimum": (10, "bool"),
            "maxLength": (11, "int"),
            "minLength": (12, "int"),
            "pattern": (13, "text"),
            "maxItems": (14, "int"),
            "minItems": (15, "int"),
            "uniqueItems": (16, "bool"),
            "maxProperties": (17, "int"),
            "minProperties": (18, "int"),
            "required": (19, "[text]"),
            "enum": (20, "[any]"),
            "additionalProperties": (21, "SchemaOrBool"),
            "type": (22, "Type"),
            "items": (23, "SchemaItem"),
            "properties": (25, "{Schema}"),
            "example": (30, "any"),
        },
    ),
}


def encode(document: Object) -> bytes:
    """A version 2 document as one message."""
    return _message("Document", document)


def _block(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def _message(name: str, value: Object) -> bytes:
    extensions, fields = _MESSAGES[name]
    parts = []
    for member, item in value.items():
        if member in fields:
            number, form = fields[member]
            parts.append(_field(number, form, item))
        elif member.startswith("x-") and extensions:
            parts.append(_block(extensions, text(0x0A, member) + _block(2, _any(item))))
    return b"".join(parts)


def _field(number: int, form: str, value: Any) -> bytes:
    if form.startswith("["):
        return b"".join(_field(number, form[1:-1], item) for item in value)
    if form == "bool":
        return varint(number << 3) + (b"\x01" if value else b"\x00")
    if form == "int":
        return varint(number << 3) + varint(int(value))
    if form == "double":
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return _block(number, _value(form, value))


def _value(form: str, value: Any) -> bytes:
    """What stands after the length of a field that has one."""
    if form == "text":
        return str(value).encode()
    if form == "any":
        return _any(value)
    if form.startswith("{"):
        return b"".join(_named(1, name, _value(form[1:-1], item)) for name, item in value.items())
    special = _SPECIAL.get(form)
    return special(value) if special else _message(form, value)


def _named(number: int, name: str, data: bytes) -> bytes:
    return _block(number, text(0x0A, name) + _block(2, data))


def _any(value: Any) -> bytes:
    """Any value as YAML; JSON is YAML."""
    return text(0x12, orjson.dumps(value).decode())


def _paths(value: Object) -> bytes:
    return b"".join(_named(2, path, _message("PathItem", item)) for path, item in value.items())


def _responses(value: Object) -> bytes:
    return b"".join(_named(1, code, _block(1, _message("Response", item))) for code, item in value.items())


def _parameter(value: Object) -> bytes:
    if value["in"] == "body":
        return _block(1, _block(1, _message("Body", value)))
    number, name = (3, "Query") if value["in"] == "query" else (4, "PathParameter")
    return _block(1, _block(2, _block(number, _message(name, value))))


def _schema_or_bool(value: Any) -> bytes:
    return _field(2, "bool", value) if isinstance(value, bool) else _block(1, _message("Schema", value))


def _schema_item(value: Any) -> bytes:
    return _block(1, _message("Schema", value))


def _type(value: Any) -> bytes:
    return b"".join(text(0x0A, word) for word in ([value] if isinstance(value, str) else value))


def _security(value: Object) -> bytes:
    return _block(2, _message("ApiKey", value))


def _texts(value: Any) -> bytes:
    return b"".join(text(0x0A, word) for word in value)


_SPECIAL = {
    "Paths": _paths,
    "Responses": _responses,
    "Parameter": _parameter,
    "SchemaOrBool": _schema_or_bool,
    "SchemaItem": _schema_item,
    "Type": _type,
    "Security": _security,
    "Texts": _texts,
}
