"""What a PATCH request asks: read once, it gives the object that it makes of another, decoded and defaulted again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from picok8s.api import decode, document, errors, jsonpatch, objects, patch, schema
from picok8s.api.errors import ApiError
from picok8s.apiserver import body, ownership, respond
from picok8s.apiserver.messages import Call
from picok8s.apiserver.server import Server

Object = dict[str, Any]

MEDIA = (patch.JSON, patch.MERGE, patch.STRATEGIC, patch.APPLY)
SCALE = ("autoscaling/v1", "Scale")


@dataclass(frozen=True, slots=True)
class Change:
    """A patch that was read. `onto(server, call, before)` gives the decoded object that it makes of another (None: of nothing)."""

    onto: Callable[[Server, Call, Object | None], Object]
    is_apply: bool = False
    names_revision: bool = False  # It says itself which revision it is for.


def read(call: Call) -> Change:
    """The patch of a request. Raises ApiError 400, 415, 422."""
    media = body.media_of(call.request)
    if media not in MEDIA:
        raise ApiError("UnsupportedMediaType", "415: Unsupported Media Type", {})
    if "force" in call.request.query and media != patch.APPLY:
        problem = errors.forbidden_field("force", "may not be specified for non-apply patch")
        raise respond.options_invalid([problem], "PatchOptions")
    how = body.mode(call)
    if media == patch.APPLY:
        from picok8s.apiserver import applying

        return applying.read(call, how)
    data, repeated = _data(call)
    if media == patch.JSON:
        jsonpatch.check(data)
        repeated = [f"json patch {complaint}" for complaint in repeated] + jsonpatch.unknown_members(data or [])
    names_revision = isinstance(data, dict) and bool((data.get("metadata") or {}).get("resourceVersion"))

    def onto(server: Server, call: Call, before: Object | None) -> Object:
        assert before is not None
        made = patch.apply_patch(
            media, objects.copy(before), data, schema_of(call) if media == patch.STRATEGIC else None
        )
        try:
            return finish(call, made, how, repeated)
        except ApiError as error:
            if error.reason != "BadRequest" or media == patch.STRATEGIC:
                raise
            raise _unfit(made, data if media == patch.MERGE else None, error) from None

    return Change(onto, names_revision=names_revision)


def _data(call: Call) -> tuple[Any, list[str]]:
    request = call.request
    if request.obj is not None:
        return request.obj, []
    try:
        return document.parse_json(request.body)
    except ValueError:
        raise errors.bad_request("invalid JSON patch") from None


def _unfit(made: Any, merged: Any, error: ApiError) -> ApiError:
    """What a JSON or merge patch made cannot be read: upstream shows all of it, and why."""
    if merged is None:
        text = orjson.dumps(made, option=orjson.OPT_SORT_KEYS).decode()
    else:
        text = orjson.dumps(_sorted(made, merged)).decode()
    why = error.message.split(": ", 1)[1] if " cannot be handled as a " in error.message else error.message
    return errors.invalid("", "", "", [errors.invalid_value("patch", text, why)])


def _sorted(made: Any, merged: Any) -> Any:
    """Keys in order where a merge patch went in: Go's merge takes apart, and writes sorted, no more than it changes."""
    if not isinstance(made, dict) or not isinstance(merged, dict):
        return made
    return {key: _sorted(made[key], merged.get(key)) for key in sorted(made)}


def schema_of(call: Call) -> Any:
    if call.subresource == "scale":
        return schema.current().definition("io.k8s.api.autoscaling.v1.Scale")
    return schema.schema_of(call.of)


def finish(call: Call, made: Any, how: str, repeated: list[str]) -> Object:
    """Decode and default what a patch made. Raises ApiError."""
    made = dict(sorted(made.items())) if isinstance(made, dict) else made  # Complaints come in the order of the keys.
    if call.subresource == "scale":
        new, warnings = decode.decode_kind(*SCALE, made, how, repeated)
    else:
        new, warnings = decode.decode(call.of, made, how, repeated)
        call.of.behaviour.default(new)
        ownership.keep_reset(made, new)
    call.warnings += [warning for warning in warnings if warning not in call.warnings]
    return new
