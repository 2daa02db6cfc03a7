"""Bodies: JSON and YAML text to an object, with what a strict reader says about repeated keys, in Go's words.

Good JSON costs one pass of orjson and a count of quotation marks; only a body that does not parse or seems to repeat a
key is read again, slowly, to say where.
"""

import json
from typing import Any

import orjson

from picok8s.api import complaint, goyaml, jsontext

Object = dict[str, Any]

HEADER = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'


def read_json(data: bytes, kind: str, strict: bool = True) -> tuple[Object, list[str]]:
    """A JSON body that should be a `kind`, and complaints about repeated fields. ApiError when it is no object."""
    try:
        value, repeated = parse_json(data, strict)
    except ValueError as error:
        raise complaint.unrecognized(kind, f"couldn't get version/kind; json parse error: {error}", data) from None
    return _header(value, kind, data), repeated


def read_yaml(data: bytes, kind: str, strict: bool = True) -> tuple[Object, list[str]]:
    """The same for YAML."""
    try:
        value, repeated = goyaml.parse(data)
    except ValueError as error:
        raise complaint.unrecognized(kind, str(error), data) from None
    return _header(value, kind, data), repeated if strict else []


def parse_json(data: bytes, strict: bool = True) -> tuple[Any, list[str]]:
    """Any JSON value, and complaints about repeated fields where `strict`. ValueError has Go's words."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        jsontext.check(data)
        return _lenient(data, strict)
    if strict and _may_repeat(data, value):
        return value, jsontext.repeated(data)
    return value, []


def _may_repeat(data: bytes, value: Any) -> bool:
    """A repeated key leaves quotation marks in the text that the value has not; escaped ones make that uncertain."""
    return data.count(b'"') != orjson.dumps(value).count(b'"') or b"\\u0022" in data


def _lenient(data: bytes, strict: bool) -> tuple[Any, list[str]]:
    """Text that Go takes and orjson does not: bytes that are no UTF-8, halves of surrogate pairs: both are U+FFFD."""
    try:
        value = json.loads(data.decode(errors="replace"))
    except RecursionError:
        raise ValueError("invalid character '[' exceeded max depth") from None
    again = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass").decode(errors="replace")
    return json.loads(again), jsontext.repeated(data) if strict else []


def _header(value: Any, kind: str, data: bytes) -> Object:
    """What every body must be before it is anything else: an object whose kind and version are texts."""
    if value is None:
        return {}
    refused = "couldn't get version/kind; json parse error: json: cannot unmarshal"
    if not isinstance(value, dict):
        raise complaint.unrecognized(kind, f"{refused} {complaint.word(value)} into Go value of type {HEADER}", data)
    for name in ("apiVersion", "kind"):
        text = value.get(name)
        if text is not None and not isinstance(text, str):
            why = f"{refused} {complaint.word(text)} into Go struct field .{name} of type string"
            raise complaint.unrecognized(kind, why, data)
    version = value.get("apiVersion") or ""
    if version.count("/") > 1:
        raise complaint.unrecognized(kind, f"unexpected GroupVersion string: {version}", data)
    return value
