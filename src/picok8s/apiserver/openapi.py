"""OpenAPI documents: what the server says of itself to kubectl and to code generators, in versions 2 and 3.

Nothing is built until it is asked for. A document is known by what it is made from (the Kubernetes version, the
resources of its group version, the schemas of custom ones), so that the index of all documents costs no document.
Built documents are kept compressed: they are large, and read rarely.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from picok8s.api import schema
from picok8s.api.resource import Resource
from picok8s.apiserver import openapi_paths, openapi_types
from picok8s.wire import gnostic

Object = dict[str, Any]
# Schemas of custom resources, as their definition gives them: "group/version/Kind" -> openAPIV3Schema.
Custom = Mapping[str, Object]
Document = tuple[bytes, str, str]  # The body, its entity tag, its content type.

JSON = "application/json"
KEPT_MAX = 64  # Documents; there are about two for each group.
_kept: dict[str, tuple[str, bytes]] = {}  # name -> (tag, compressed body)


def v3_index(resources: Iterable[Resource], custom: Custom | None = None) -> Document:
    """The names of all version 3 documents, with where to find them."""
    names = _names(tuple(resources))
    paths = {
        name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={_tag(name, rows, custom or {})}"}
        for name, rows in sorted(names.items())
    }
    body = orjson.dumps({"paths": paths})
    return body, _digest(body), JSON


def v3(resources: Iterable[Resource], name: str, custom: Custom | None = None) -> Document | None:
    """One version 3 document: "api/v1", "apis/apps/v1", "apis/apps", "version". None when there is no such."""
    rows = _names(tuple(resources)).get(name)
    if rows is None:
        return None
    tag = _tag(name, rows, custom or {})
    return _once(f"v3/{name}", tag, lambda: orjson.dumps(_v3(name, rows, custom or {}))), tag, JSON


def v2(resources: Iterable[Resource], accept: str = "", custom: Custom | None = None) -> Document:
    """The version 2 document, of everything at once, as JSON or in gnostic's protobuf where that is asked for."""
    rows = tuple(resources)
    tag = _tag("v2", rows, custom or {})
    if accept.split(",", 1)[0].split(";", 1)[0].strip() not in gnostic.ASKED:
        return _once("v2", tag, lambda: orjson.dumps(_v2(rows, custom or {}))), tag, JSON
    return _once("v2+protobuf", tag, lambda: gnostic.encode(_v2(rows, custom or {}))), tag, gnostic.MEDIA


def _names(resources: tuple[Resource, ...]) -> dict[str, tuple[Resource, ...]]:
    """Every version 3 document with the resources that it describes."""
    found: dict[str, list[Resource]] = {"api": [], "apis": [], "version": [], "openid/v1/jwks": []}
    found[".well-known/openid-configuration"] = []
    for row in resources:
        if row.group:
            found.setdefault(f"apis/{row.group}", [])
        found.setdefault(f"apis/{row.api_version}" if row.group else f"api/{row.version}", []).append(row)
    return {name: tuple(rows) for name, rows in found.items()}


def _tag(name: str, rows: tuple[Resource, ...], custom: Custom) -> str:
    """What a document is made from, as a hash: equal tags are equal documents."""
    facts = [name, schema.current().version, schema.mark()]
    for row in rows:
        facts += [row.name, row.version, row.kind, *sorted(row.verbs), *sorted(row.subresources)]
        own = custom.get(f"{row.api_version}/{row.kind}")
        if own is not None:
            facts.append(orjson.dumps(own, option=orjson.OPT_SORT_KEYS).decode())
    return _digest("\x00".join(facts).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha512(data).hexdigest().upper()


def _once(name: str, tag: str, build: Callable[[], bytes]) -> bytes:
    kept = _kept.get(name)
    if kept is not None and kept[0] == tag:
        return zlib.decompress(kept[1])
    body = build()
    if name not in _kept and len(_kept) >= KEPT_MAX:
        _kept.pop(next(iter(_kept)))
    _kept[name] = (tag, zlib.compress(body, 1))
    return body


def _info(version: str) -> Object:
    return {"title": "Kubernetes", "version": version}


def _v3(name: str, rows: tuple[Resource, ...], custom: Custom) -> Object:
    paths = openapi_paths.general(name)
    for row in rows:
        paths.update(openapi_paths.of(row))
    definitions = openapi_types.v3(_roots(paths), custom)
    _claim_own(definitions, {(row.group, row.version) for row in rows})
    return {
        "openapi": "3.0.0",
        "info": _info(schema.current().version),
        "paths": {path: _path_v3(row) for path, row in sorted(paths.items())},
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "BearerToken": {
                    "type": "apiKey",
                    "description": "Bearer Token authentication",
                    "name": "authorization",
                    "in": "header",
                }
            },
        },
    }


def _claim_own(definitions: Object, served: set[tuple[str, str]]) -> None:
    """Kinds that every group has (DeleteOptions) are named in a group's document as that group's only."""
    for name in ("DeleteOptions", "WatchEvent"):
        made = definitions.get(schema.META + name)
        if made is not None:
            kinds = made["x-kubernetes-group-version-kind"]
            made["x-kubernetes-group-version-kind"] = [k for k in kinds if (k["group"], k["version"]) in served]


def _v2(rows: tuple[Resource, ...], custom: Custom) -> Object:
    paths: dict[str, openapi_paths.Path] = {}
    for name, own in _names(rows).items():
        paths.update(openapi_paths.general(name))
        for row in own:
            paths.update(openapi_paths.of(row))
    return {
        "swagger": "2.0",
        "info": _info(f"v{schema.current().version}.0"),
        "paths": {path: _path_v2(row) for path, row in sorted(paths.items())},
        "definitions": openapi_types.v2(_roots(paths), custom),
        "securityDefinitions": {
            "BearerToken": {
                "description": "Bearer Token authentication",
                "type": "apiKey",
                "name": "authorization",
                "in": "header",
            }
        },
        "security": [{"BearerToken": []}],
    }


def _roots(paths: Mapping[str, openapi_paths.Path]) -> set[str]:
    """The definitions that operations take or give."""
    return {
        name
        for path in paths.values()
        for operation in path.operations.values()
        for name in (operation.takes, operation.gives)
        if name
    }


# One operation in each of the two languages.


def _path_v3(path: openapi_paths.Path) -> Object:
    made: Object = {method: _operation_v3(operation) for method, operation in path.operations.items()}
    if path.parameters:
        made["parameters"] = [_parameter_v3(parameter) for parameter in path.parameters]
    return made


def _operation_v3(operation: openapi_paths.Operation) -> Object:
    made: Object = {
        "tags": [operation.tag],
        "description": operation.description,
        "operationId": operation.id,
    }
    if operation.parameters:
        made["parameters"] = [_parameter_v3(parameter) for parameter in operation.parameters]
    if operation.takes:
        reference = {"schema": {"$ref": f"#/components/schemas/{operation.takes}"}}
        content = {media: reference for media in operation.consumes}
        made["requestBody"] = {"content": content, "required": True} if operation.required else {"content": content}
    given = {"$ref": f"#/components/schemas/{operation.gives}"} if operation.gives else {"type": "string"}
    answer = {"content": {media: {"schema": given} for media in operation.produces}}
    made["responses"] = {
        **{str(code): {"description": openapi_paths.SAID[code], **answer} for code in operation.codes},
        "401": {"description": "Unauthorized"},
    }
    return {**made, **_extensions(operation)}


def _parameter_v3(parameter: openapi_paths.Parameter) -> Object:
    made: Object = {"name": parameter.name, "in": parameter.place, "description": parameter.description}
    if parameter.place == "path":
        made["required"] = True
    return {**made, "schema": {"type": parameter.type, "uniqueItems": True}}


def _path_v2(path: openapi_paths.Path) -> Object:
    made: Object = {method: _operation_v2(operation) for method, operation in path.operations.items()}
    if path.parameters:
        made["parameters"] = [_parameter_v2(parameter) for parameter in path.parameters]
    return made


def _operation_v2(operation: openapi_paths.Operation) -> Object:
    parameters = [_parameter_v2(parameter) for parameter in operation.parameters]
    if operation.takes:
        body: Object = {"name": "body", "in": "body", "schema": {"$ref": f"#/definitions/{operation.takes}"}}
        parameters.insert(0, {**body, "required": True} if operation.required else body)
    given = {"$ref": f"#/definitions/{operation.gives}"} if operation.gives else {"type": "string"}
    made: Object = {
        "description": operation.description,
        "consumes": list(operation.consumes),
        "produces": list(operation.produces),
        "schemes": ["https"],
        "tags": [operation.tag],
        "operationId": operation.id,
        "responses": {
            **{str(code): {"description": openapi_paths.SAID[code], "schema": given} for code in operation.codes},
            "401": {"description": "Unauthorized"},
        },
    }
    if parameters:
        made["parameters"] = parameters
    return {**made, **_extensions(operation)}


def _parameter_v2(parameter: openapi_paths.Parameter) -> Object:
    made: Object = {"uniqueItems": True, "type": parameter.type, "description": parameter.description}
    made |= {"name": parameter.name, "in": parameter.place}
    return {**made, "required": True} if parameter.place == "path" else made


def _extensions(operation: openapi_paths.Operation) -> Object:
    made: Object = {}
    if operation.action:
        made["x-kubernetes-action"] = operation.action
    if operation.kind:
        group, version, kind = operation.kind
        made["x-kubernetes-group-version-kind"] = {"group": group, "version": version, "kind": kind}
    return made
