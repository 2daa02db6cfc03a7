"""The body of a write: bytes of a media type to a decoded object of the resource, with warnings for what it should not hold."""

from typing import Any

from picok8s.api import decode as decoder
from picok8s.api.errors import ApiError, bad_request
from picok8s.api.resource import Resource
from picok8s.apiserver import negotiate, respond
from picok8s.apiserver.messages import Call
from picok8s.wire import protobuf

Object = dict[str, Any]
MODES = ("Ignore", "Warn", "Strict")


def mode(call: Call) -> str:
    """How unknown and repeated fields are taken (fieldValidation)."""
    asked = call.request.one("fieldValidation") or "Warn"
    if asked not in MODES:
        raise respond.bad_option("fieldValidation", asked, MODES, call.request)
    return asked
