"""Answers in the form that was asked for: bytes of a Response by content negotiation, Status bodies of refusals."""

from typing import Any

import orjson
import yaml

from picok8s.api.errors import ApiError, FieldError, invalid, unsupported
from picok8s.api.resource import Resource
from picok8s.apiserver import negotiate
from picok8s.apiserver.messages import Request, Response

Object = dict[str, Any]


def refusal(error: ApiError) -> Response:
    headers = {}
    if seconds := (error.details or {}).get("retryAfterSeconds"):
        headers["Retry-After"] = str(seconds)
    return Response(error.code, obj=error.status(), headers=headers)


def success(resource: Resource, name: str, uid: str) -> Object:
    """The Status that a deletion is answered."""
    details: Object = {"name": name, "kind": resource.plural, "uid": uid}
    if resource.group:
        details = {"name": name, "group": resource.group, "kind": resource.plural, "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def bad_option(field: str, value: str, supported: tuple[str, ...], request: Request) -> ApiError:
    """A query parameter with a value that is not known."""
    kinds = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions", "DELETE": "DeleteOptions"}
    error = unsupported(field, [value] if field == "dryRun" else value, supported)
    return invalid(kinds.get(request.method, "ListOptions"), "meta.k8s.io", "", [error])


def options_invalid(errors: list[FieldError], kind: str = "ListOptions") -> ApiError:
    return invalid(kind, "meta.k8s.io", "", errors)


def render(response: Response, request: Request, now: float) -> tuple[bytes, str]:
    """(body, content type) of a response that has an object. Raises ApiError 406."""
    assert response.obj is not None or response.data is not None
    failed = response.code >= 400 or (response.obj is not None and response.obj.get("kind") == "Status")
    try:
        form = negotiate.form(request.header("accept"))
    except ApiError:
        if not failed:
            raise
        form = negotiate.PLAIN
    try:
        return _rendered(response, form, request, now), form.media
    except ApiError:
        if form.media != negotiate.PROTOBUF:
            raise
    # Protobuf has no words for it: the next form that the client takes.
    form = negotiate.PLAIN if failed else negotiate.form(request.header("accept"), protobuf=False)
    return _rendered(response, form, request, now), form.media


def _rendered(response: Response, form: negotiate.Form, request: Request, now: float) -> bytes:
    if form.kind in negotiate.PARTIAL and response.code < 400 and response.resource is not None:
        return encode(partial(response.obj, response.resource, form, request, now), form.media)
    if form.media == negotiate.JSON:
        return response.data if response.data is not None else orjson.dumps(response.obj)
    return encode(response.obj if response.obj is not None else orjson.loads(response.data or b""), form.media)


class _Dumper(yaml.CSafeDumper):  # type: ignore[misc]
    """Writes a part that appears twice twice: Go's writer knows no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def encode(obj: Object, media: str) -> bytes:
    if media == negotiate.PROTOBUF:
        from picok8s.wire import protobuf  # Loaded when first asked for: most clusters of one user never are.

        return protobuf.encode(obj)
    if media == negotiate.YAML:
        return yaml.dump(obj, Dumper=_Dumper, sort_keys=True, default_flow_style=False).encode()
    return orjson.dumps(obj)


def _not_as(form: negotiate.Form, why: str, resource: Resource) -> ApiError:
    """One for many, or many for one. Upstream names the type of its own object, which clients see."""
    kind = f"{resource.kind}List" if why == "is a list" else resource.kind
    type_ = f"*{(resource.group or 'core').partition('.')[0]}.{kind}"
    return ApiError("NotAcceptable", f"you requested {form.kind}, but the requested object {why} ({type_})")


def partial(obj: Object | None, resource: Resource, form: negotiate.Form, request: Request, now: float) -> Object:
    """A table of `obj` (one object or a list), or its metadata alone."""
    assert obj is not None
    if "get" not in resource.verbs:  # A review is no object that has rows or metadata of its own.
        raise negotiate.not_offered()
    whole = obj["items"] if "items" in obj and obj.get("kind", "").endswith("List") else None
    api_version = f"meta.k8s.io/{form.version}"
    if form.kind == "Table":
        from picok8s.wire import table

        include = request.one("includeObject", "Metadata")
        items = whole if whole is not None else [obj]
        metadata = (
            obj["metadata"] if whole is not None else {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        )
        return table.table(resource, items, include, metadata, form.version, now)
    if form.kind == "PartialObjectMetadataList":
        if whole is None:
            raise _not_as(form, "is not a list", resource)
        items = [{"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": i["metadata"]} for i in whole]
        return {"kind": form.kind, "apiVersion": api_version, "metadata": obj["metadata"], "items": items}
    if whole is not None:
        raise _not_as(form, "is a list", resource)
    return {"kind": form.kind, "apiVersion": api_version, "metadata": obj["metadata"]}
