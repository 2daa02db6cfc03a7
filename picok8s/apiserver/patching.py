"""What a PATCH request asks: read once, it gives the object that it makes of another, decoded and defaulted again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from picok8s.api import decode, document, errors, objects
from picok8s.api.errors import ApiError
from picok8s.apiserver import body
from picok8s.apiserver.messages import Call
from picok8s.apiserver.server import Server

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    onto: Callable[[Server, Call, Object | None], Object]
    is_apply: bool = False
    names_revision: bool = False


def read(call: Call) -> Change:
    media = body.media_of(call.request)
    data = call.request.obj if call.request.obj is not None else document.parse_json(call.request.body)[0]

    def onto(server: Server, call: Call, before: Object | None) -> Object:
        assert before is not None
        if isinstance(data, list):
            import jsonpatch

            new = jsonpatch.apply_patch(before, data)
        else:
            new = merge(before, data)
        return finish(call, new)

    return Change(onto)


def finish(call: Call, new: Object) -> Object:
    made, warnings = decode.decode(call.of, new, body.mode(call))
    call.of.behaviour.default(made)
    call.warnings += warnings
    return made


def merge(a: Any, b: Any) -> Any:
    if not isinstance(b, dict):
        return b
    out = dict(a) if isinstance(a, dict) else {}
    for k, v in b.items():
        if v is None:
            out.pop(k, None)
        else:
            out[k] = merge(out.get(k), v)
    return out
