"""The body of a write: bytes of a media type to a decoded object of the resource, with warnings for what it should not hold."""

from typing import Any

from picok8s.api import decode as decoder
from picok8s.api import document, errors, objects
from picok8s.api.errors import ApiError
from picok8s.apiserver import negotiate, ownership, respond
from picok8s.apiserver.messages import Call, Request

Object = dict[str, Any]

MODES = ("", "Ignore", "Strict", "Warn")
ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


def mode(call: Call) -> str:
    """How unknown and repeated fields are taken (fieldValidation). Raises ApiError 422."""
    asked = call.request.one("fieldValidation")
    if asked not in MODES:
        raise respond.bad_option("fieldValidation", asked, MODES, call.request)
    return asked or "Warn"


def media_of(request: Request) -> str:
    return request.header("content-type").split(";", 1)[0].strip().lower() or negotiate.JSON


def parsed(request: Request, kind: str, how: str = "Ignore") -> tuple[Any, list[str]]:
    """The body as data, and what it repeats. Raises ApiError 400, 415."""
    if request.obj is not None:
        return objects.copy(request.obj), []
    media = negotiate.SERVED.get(media_of(request))
    if media is None:
        message = f"the body of the request was in an unknown format - accepted media types include: {ACCEPTED}"
        raise ApiError("UnsupportedMediaType", message)
    if media == negotiate.PROTOBUF:
        from picok8s.wire import protobuf  # Most servers of one user never see a protobuf body.

        return protobuf.decode(request.body), []
    read = document.read_yaml if media == negotiate.YAML else document.read_json
    return read(request.body, kind, how != "Ignore")


def read(call: Call, kind: str = "", api_version: str = "", also: tuple[str, ...] = ()) -> Object:
    """The decoded, defaulted object of a write: of the call's resource, or of the kind that a subresource takes."""
    how = mode(call)
    data, repeated = parsed(call.request, kind or call.of.kind, how)
    if kind:
        if also and isinstance(data, dict) and data.get("apiVersion") in also:
            data = {**data, "apiVersion": api_version}
        new, warnings = decoder.decode_kind(api_version, kind, data, how, repeated)
    else:
        new, warnings = decoder.decode(call.of, data, how, repeated)
        call.of.behaviour.default(new)
    call.warnings += warnings
    new.setdefault("metadata", {})
    if call.verb == "update":
        ownership.keep_reset(data, new)
    return new


def delete_options(call: Call) -> Object:
    """DeleteOptions from the body, and from the query where there is no body. Raises ApiError."""
    request = call.request
    if request.obj is not None:
        return request.obj
    if request.body.strip():
        data, _ = _options_data(request)
        return decode_options(call, data)
    options: Object = {}
    if text := request.one("gracePeriodSeconds"):
        digits = text.lstrip("+-")
        if not digits.isdigit():
            raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        options["gracePeriodSeconds"] = int(text)
    if "orphanDependents" in request.query:
        options["orphanDependents"] = request.flag("orphanDependents")
    if text := request.one("propagationPolicy"):
        options["propagationPolicy"] = text
    return options


def _options_data(request: Request) -> tuple[Any, list[str]]:
    if negotiate.SERVED.get(media_of(request)) != negotiate.JSON:
        return parsed(request, "DeleteOptions")
    try:
        return document.parse_json(request.body, False)
    except ValueError as error:
        raise errors.bad_request(f"couldn't get version/kind; json parse error: {error}") from None


def decode_options(call: Call, data: Any) -> Object:
    """A DeleteOptions of any group's version."""
    if isinstance(data, dict):
        kind, version = data.get("kind") or "DeleteOptions", data.get("apiVersion") or "v1"
        if kind != "DeleteOptions":
            where = f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
            raise errors.bad_request(where)
    try:
        options, _ = decoder.unmarshal("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", data)
    except ValueError as error:
        raise errors.bad_request(str(error)) from None
    return options
