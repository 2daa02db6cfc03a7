"""Errors by meaning: what the API refuses and why, in the form of a Kubernetes Status.

`ApiError` is the one exception that ends a request; only `apiserver/respond.py` turns it into an answer.
A `FieldError` says what is wrong with one field; `invalid` folds many of them into one ApiError, in Kubernetes' words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

Object = dict[str, Any]

# Reason of a Status -> HTTP code (API conventions, "Response Status Kind").
CODES = {
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "MethodNotAllowed": 405,
    "NotAcceptable": 406,
    "AlreadyExists": 409,
    "Conflict": 409,
    "Gone": 410,
    "Expired": 410,
    "RequestEntityTooLarge": 413,
    "UnsupportedMediaType": 415,
    "Invalid": 422,
    "TooManyRequests": 429,
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "Timeout": 504,
}


class ApiError(Exception):
    """A refusal. `reason` is a key of CODES or ""; `code` overrides its HTTP code; `details` are the Status's."""

    def __init__(self, reason: str, message: str, details: Object | None = None, code: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.details = details
        self.code = code if code is not None else CODES.get(reason, 500)

    def status(self) -> Object:
        """The Status object that a client is answered."""
        body: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: `reason` is a CauseType (FieldValueInvalid ...), `body` what follows the path."""

    reason: str
    field: str
    body: str

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def shown(value: Any) -> str:
    """A value as Kubernetes prints it in an error: strings quoted, numbers and truth bare, the rest as JSON."""
    if value is None:
        return "null"
    if isinstance(value, str) and not value.isprintable():
        return _quoted(value)
    return orjson.dumps(value).decode()


GO_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def _quoted(text: str) -> str:
    """A text with signs that cannot be seen, in Go's quotes."""

    def shown_as(letter: str) -> str:
        if letter in GO_ESCAPES or letter.isprintable():
            return GO_ESCAPES.get(letter, letter)
        code = ord(letter)
        return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return '"' + "".join(map(shown_as, text)) + '"'


def required(field: str, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", field, _join("Required value", detail))


def invalid_value(field: str, value: Any, detail: str = "") -> FieldError:
    return FieldError("FieldValueInvalid", field, _join(f"Invalid value: {shown(value)}", detail))


def invalid_whole(field: str, detail: str) -> FieldError:
    """Wrong as a whole: the value itself is not repeated."""
    return FieldError("FieldValueInvalid", field, f"Invalid value: {detail}")


def unsupported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    """A set of supported values is printed sorted, any other collection in its own order, each value quoted."""
    listed = sorted(supported) if isinstance(supported, set | frozenset) else supported
    values = ", ".join(shown(word) for word in listed)
    return FieldError("FieldValueNotSupported", field, f"Unsupported value: {shown(value)}: supported values: {values}")


def duplicate(field: str, value: Any, detail: str = "") -> FieldError:
    return FieldError("FieldValueDuplicate", field, _join(f"Duplicate value: {shown(value)}", detail))


def forbidden_field(field: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", field, _join("Forbidden", detail))


def not_found_field(field: str, value: Any, detail: str = "") -> FieldError:
    return FieldError("FieldValueNotFound", field, _join(f"Not found: {shown(value)}", detail))


def too_long(field: str, limit: int, detail: str = "") -> FieldError:
    """A string or body over `limit` bytes."""
    return FieldError("FieldValueTooLong", field, detail or f"Too long: may not be more than {limit} bytes")


def too_many(field: str, count: int, limit: int) -> FieldError:
    return FieldError("FieldValueTooMany", field, f"Too many: {count}: must have at most {limit} items")


def internal_field(field: str, detail: str) -> FieldError:
    return FieldError("InternalError", field, f"Internal error: {detail}")


def _join(words: str, detail: str) -> str:
    return f"{words}: {detail}" if detail else words


def invalid(kind: str, group: str, name: str, errors: list[FieldError]) -> ApiError:
    """422 for one object: all field errors in one message, and each as a cause."""
    unique = list(dict.fromkeys(str(error) for error in errors))
    told = unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]"
    subject = f"{kind}.{group}" if group else kind
    details: Object = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = [{"reason": e.reason, "message": e.body, "field": e.field} for e in errors]
    return ApiError("Invalid", f'{subject} "{name}" is invalid: {told}', details)


def _subject(group: str, plural: str) -> str:
    return f"{plural}.{group}" if group else plural


def _details(group: str, plural: str, name: str) -> Object:
    details: Object = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if plural:
        details["kind"] = plural
    return details


def not_found(group: str, plural: str, name: str) -> ApiError:
    return ApiError("NotFound", f'{_subject(group, plural)} "{name}" not found', _details(group, plural, name))


def already_exists(group: str, plural: str, name: str) -> ApiError:
    message = f'{_subject(group, plural)} "{name}" already exists'
    return ApiError("AlreadyExists", message, _details(group, plural, name))


def conflict(group: str, plural: str, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {_subject(group, plural)} "{name}": {why}'
    return ApiError("Conflict", message, _details(group, plural, name))


def forbidden(group: str, plural: str, name: str, why: str) -> ApiError:
    if not plural:
        return ApiError("Forbidden", f"forbidden: {why}", {})
    subject = f'{_subject(group, plural)} "{name}"' if name else _subject(group, plural)
    return ApiError("Forbidden", f"{subject} is forbidden: {why}", _details(group, plural, name))


def bad_request(message: str) -> ApiError:
    return ApiError("BadRequest", message)
