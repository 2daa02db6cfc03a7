"""The protobuf form of OpenAPI version 2: members in their fields, extensions as text."""

from picok8s.wire import gnostic


def test_a_small_document():
    document = {
        "swagger": "2.0",
        "definitions": {"A": {"type": "object", "x-y": [1], "properties": {"b": {"$ref": "#/c"}}}},
    }
    schema_b = b"\x0a\x03#/c"
    named_b = b"\x0a\x01b\x12\x05" + schema_b
    properties = b"\x0a" + bytes([len(named_b)]) + named_b
    extension = b"\xfa\x01\x0c\x0a\x03x-y\x12\x05\x12\x03[1]"
    schema_a = b"\xb2\x01\x08\x0a\x06object" + extension + b"\xca\x01" + bytes([len(properties)]) + properties
    named_a = b"\x0a\x01A\x12" + bytes([len(schema_a)]) + schema_a
    definitions = b"\x0a" + bytes([len(named_a)]) + named_a
    assert gnostic.encode(document) == b"\x0a\x032.0\x4a" + bytes([len(definitions)]) + definitions


def test_parameters_by_their_place():
    parameters = [{"in": place, "name": "n"} for place in ("body", "query", "path")]
    body, query, path = (gnostic._parameter(row) for row in parameters)
    assert body[:1] == b"\x0a" and body[2:3] == b"\x0a"
    assert query[2:3] == b"\x12" and query[4:5] == b"\x1a"
    assert path[2:3] == b"\x12" and path[4:5] == b"\x22"
