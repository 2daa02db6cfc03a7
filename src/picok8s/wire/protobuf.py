"""Kubernetes' protobuf: built-in objects to bytes and back, in the envelope that names their kind.

The envelope is `k8s\\0` and a runtime.Unknown message that holds apiVersion, kind and the object's own message. A watch
is a sequence of WatchEvent messages, each behind its length in four bytes, which hold enveloped objects.
"""

from typing import Any

import orjson

from picok8s.api import schema
from picok8s.api.errors import ApiError, bad_request
from picok8s.wire import protobuf_read, protobuf_write
from picok8s.wire.protobuf_read import Malformed

Object = dict[str, Any]

MAGIC = b"k8s\x00"
META_KINDS = frozenset(
    {"CreateOptions", "DeleteOptions", "GetOptions", "ListOptions", "PatchOptions", "UpdateOptions", "WatchEvent"}
)
META_GROUPS = frozenset({"meta.k8s.io/v1", "meta.k8s.io/v1beta1"})
NO_MESSAGE = frozenset({"Table"})  # Kinds that exist in JSON only.


def definition(api_version: str, kind: str) -> str:
    """The definition name of a kind that has a protobuf message, "" for one that has none."""
    types = schema.current()
    if kind in NO_MESSAGE:
        return ""
    name = types.kinds.get(f"{api_version}/{kind}")
    if name is None and (kind in META_KINDS or api_version in META_GROUPS):
        name = schema.META + kind if schema.META + kind in types else None
    return name or ""


def encode(obj: Object) -> bytes:
    """An object, which must carry apiVersion and kind. ApiError 406 for kinds that protobuf has no message for."""
    api_version, kind = obj.get("apiVersion", ""), obj.get("kind", "")
    name = definition(api_version, kind)
    if not name:
        version = api_version.rpartition("/")[2]
        message = (
            f"object *{version}.{kind} does not implement the protobuf marshalling interface "
            "and cannot be encoded to a protobuf message"
        )
        raise ApiError("NotAcceptable", message)
    raw = protobuf_write.message(schema.current(), name)(obj)
    head = protobuf_write.text(0x0A, api_version) + protobuf_write.text(0x12, kind)
    return b"".join((MAGIC, protobuf_write.block(0x0A, head), protobuf_write.block(0x12, raw), b"\x1a\x00\x22\x00"))


def frame(kind: str, obj: Object) -> bytes:
    """One event of a watch, with its length in front."""
    inner = protobuf_write.block(0x0A, encode(obj))
    event = protobuf_write.text(0x0A, kind) + protobuf_write.block(0x12, inner)
    return len(event).to_bytes(4, "big") + event


def unframe(data: bytes) -> list[tuple[str, Object]]:
    """The events of a watch that came as protobuf: whole frames only."""
    events, at = [], 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            break
        parts = _parts(data[at + 4 : end])
        inner = _parts(parts.get(2, b""))
        events.append((parts.get(1, b"").decode(), decode(inner.get(1, b""))))
        at = end
    return events


def decode(data: bytes, api_version: str = "", kind: str = "") -> Object:
    """The object of an envelope, empty values and all. The kind given is for an envelope that names none.

    ApiError 400 when the bytes are no envelope, the kind is unknown or the message is damaged.
    """
    if not data.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        parts = _parts(data[len(MAGIC) :])
        head = _parts(parts.get(1, b""))
        api_version = head.get(1, b"").decode() or api_version
        kind = head.get(2, b"").decode() or kind
        raw = parts.get(2, b"")
        if parts.get(4) == b"application/json":
            return dict(orjson.loads(raw))
        name = definition(api_version, kind)
        if not name:
            raise bad_request(
                f'no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/runtime/scheme.go:111"'
            )
        made = protobuf_read.message(schema.current(), name)(raw, 0, len(raw), 0)
    except (Malformed, ValueError, IndexError) as error:
        raise bad_request(f"proto: {str(error) or 'illegal wireType'}") from None
    return {"kind": kind, "apiVersion": api_version, **made}


def _parts(data: bytes) -> dict[int, bytes]:
    """The text and message fields of a message by their numbers."""
    parts: dict[int, bytes] = {}
    at, end = 0, len(data)
    while at < end:
        tag, at = protobuf_read.varint(data, at, end)
        if tag & 7 == 2:
            size, at = protobuf_read.varint(data, at, end)
            if size > end - at:
                raise Malformed("unexpected EOF")
            parts[tag >> 3] = data[at : at + size]
            at += size
        else:
            at = protobuf_read.skip(data, at, end, tag)
    return parts
