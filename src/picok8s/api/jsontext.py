"""JSON as text: why a document does not parse, as Go says it, and which keys it repeats. Slow, for wrong texts."""

import json
import re
from collections.abc import Iterator
from typing import Any

DEPTH_MAX = 10000

_SPACE = re.compile(rb"[ \t\r\n]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(rb"[0-9]*")
_LITERALS = {b"t": b"true", b"f": b"false", b"n": b"null"}
_ESCAPED = {"'": "\\'", '"': '"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class _End(Exception):
    """The text ends too early."""


def check(data: bytes) -> None:
    """Raises ValueError for the first byte that does not belong in a JSON document."""
    try:
        _document(data)
    except _End:
        raise ValueError("unexpected end of JSON input") from None


def _document(data: bytes) -> None:
    # `stack` holds the closing bytes of what is open; `state` what may come next.
    stack: list[bytes] = []
    at, state = 0, "value"
    while True:
        at = _skip(data, at)
        if state == "done":
            if at < len(data):
                raise _wrong(data, at, "after top-level value")
            return
        byte = _byte(data, at)
        if state in ("value", "first value"):
            if state == "first value" and byte == b"]":
                stack.pop()
                at, state = at + 1, _after(stack)
            elif byte in b"[{":
                stack.append(b"]" if byte == b"[" else b"}")
                if len(stack) > DEPTH_MAX:
                    raise _wrong(data, at, "exceeded max depth")
                at, state = at + 1, "first value" if byte == b"[" else "first key"
            else:
                at, state = _scalar(data, at), _after(stack)
        elif state in ("key", "first key"):
            if byte == b'"':
                at, state = _string(data, at), "colon"
            elif state == "first key" and byte == b"}":
                stack.pop()
                at, state = at + 1, _after(stack)
            else:
                raise _wrong(data, at, "looking for beginning of object key string")
        elif state == "colon":
            if byte != b":":
                raise _wrong(data, at, "after object key")
            at, state = at + 1, "value"
        else:
            at, state = _separator(data, at, byte, stack)


def _separator(data: bytes, at: int, byte: bytes, stack: list[bytes]) -> tuple[int, str]:
    """A comma, or the end of what is open."""
    in_list = stack[-1] == b"]"
    if byte == stack[-1]:
        stack.pop()
        return at + 1, _after(stack)
    if byte != b",":
        raise _wrong(data, at, "after array element" if in_list else "after object key:value pair")
    return at + 1, "value" if in_list else "key"


def _after(stack: list[bytes]) -> str:
    return "separator" if stack else "done"


def _skip(data: bytes, at: int) -> int:
    match = _SPACE.match(data, at)
    return match.end() if match else at


def _byte(data: bytes, at: int) -> bytes:
    if at >= len(data):
        raise _End
    return data[at : at + 1]


def _scalar(data: bytes, at: int) -> int:
    byte = _byte(data, at)
    if byte == b'"':
        return _string(data, at)
    if byte in b"-0123456789":
        return _number(data, at)
    literal = _LITERALS.get(byte)
    if literal is None:
        raise _wrong(data, at, "looking for beginning of value")
    for index, expected in enumerate(literal):
        if data[at + index : at + index + 1] != bytes([expected]):
            where = f"in literal {literal.decode()} (expecting '{chr(expected)}')"
            raise _wrong(data, at + index, where)
    return at + len(literal)


def _string(data: bytes, at: int) -> int:
    at += 1
    while True:
        match = _PLAIN.match(data, at)
        at = match.end() if match else at
        byte = _byte(data, at)
        if byte == b'"':
            return at + 1
        if byte != b"\\":
            raise _wrong(data, at, "in string literal")
        at += 1
        if _byte(data, at) == b"u":
            for offset in range(1, 5):
                if not re.match(rb"[0-9a-fA-F]", data[at + offset : at + offset + 1]):
                    raise _wrong(data, at + offset, r"in \u hexadecimal character escape")
            at += 5
        elif data[at : at + 1] in b'bfnrt\\/"':
            at += 1
        else:
            raise _wrong(data, at, "in string escape code")


def _number(data: bytes, at: int) -> int:
    at += data[at : at + 1] == b"-"
    if data[at : at + 1] == b"0":
        at += 1
    else:
        at = _digits(data, at, "in numeric literal")
    if data[at : at + 1] == b".":
        at = _digits(data, at + 1, "after decimal point in numeric literal")
    if data[at : at + 1] in (b"e", b"E"):
        at += 1
        at += data[at : at + 1] in (b"+", b"-")
        at = _digits(data, at, "in exponent of numeric literal")
    return at


def _digits(data: bytes, at: int, where: str) -> int:
    match = _DIGITS.match(data, at)
    end = match.end() if match else at
    if end == at:
        raise _wrong(data, at, where)
    return end


def _wrong(data: bytes, at: int, where: str) -> ValueError:
    letter = chr(data[at]) if at < len(data) else " "
    shown = _ESCAPED.get(letter) or (letter if letter.isprintable() else f"\\x{ord(letter):02x}")
    return ValueError(f"invalid character '{shown}' {where}")


class _Pairs(list[tuple[str, Any]]):
    """The members of an object, repeated ones too."""


def repeated(data: bytes) -> list[str]:
    """Complaints about keys that an object has twice, in the order of the document."""
    value = json.loads(data.decode(errors="replace"), object_pairs_hook=_Pairs)
    return list(dict.fromkeys(f'duplicate field "{path}"' for path in _repeated(value, "")))


def _repeated(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            inner = f"{path}.{key}" if path else key
            if key in seen:
                yield inner
            seen.add(key)
            yield from _repeated(item, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _repeated(item, f"{path}[{index}]")
