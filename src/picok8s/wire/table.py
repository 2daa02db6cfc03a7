"""Tables: what `kubectl get` prints, made by the server. Columns come from the resource, rows from `wire/cells`.

A table of one object or of a list, with the objects' metadata, the whole objects, or nothing beside the cells.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources as files
from typing import Any

import orjson

from picok8s.api import schema
from picok8s.api.errors import bad_request, invalid_value
from picok8s.api.resource import Resource
from picok8s.wire.cells import ROWS, Row, custom, pods

Object = dict[str, Any]

GROUP = "meta.k8s.io"
INCLUDED = ("Metadata", "Object", "None", "")
META = "@io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta/"
# Columns that mean the same in every kind.
COMMON = {"Name": META + "name", "Age": META + "creationTimestamp", "Created At": META + "creationTimestamp"}


def table(
    resource: Resource, objects: Iterable[Object], include: str, metadata: Object, version: str, now: float
) -> Object:
    """A Table of `objects`. `include` is Metadata, Object or None; `metadata` that of the list. Raises ApiError 400."""
    if include not in INCLUDED:
        problem = invalid_value("includeObject", include, "must be 'Metadata', 'Object', 'None', or empty")
        raise bad_request(f"Unable to convert to Table as requested: {problem}")
    api_version = f"{GROUP}/{version}"
    return {
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": metadata,
        "columnDefinitions": columns(resource),
        "rows": [row(resource, obj, include, version, now) for obj in objects],
    }


def row(resource: Resource, obj: Object, include: str, version: str, now: float) -> Object:
    """One object as a row."""
    cells = printer(resource)(obj, now)
    made: Object = {"cells": cells}
    if resource.name == "pods" and (conditions := pods.completed(obj)):
        made["conditions"] = conditions
    if include == "Object":
        made["object"] = obj
    else:
        made["object"] = None if include == "None" else partial(obj, version)
    return made


def partial(obj: Object, version: str = "v1") -> Object:
    """The metadata of an object alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"{GROUP}/{version}",
        "metadata": obj["metadata"],
    }


def printer(resource: Resource) -> Row:
    """The function that prints the rows of a resource."""
    built_in = ROWS.get(f"{resource.name}/{resource.version}") or ROWS.get(resource.name)
    if built_in is not None:
        return built_in
    shown = resource.columns or (custom.AGE,)
    return lambda obj, now: custom.row(shown, obj, now)


def columns(resource: Resource) -> list[Object]:
    """The column definitions of a resource."""
    if resource.name in ROWS:
        return _columns(resource)
    name: Object = {"name": "Name", "type": "string", "format": "name", "description": _text(COMMON["Name"])}
    return [{**name, "priority": 0}, *(_custom(column) for column in resource.columns or (custom.AGE,))]


@lru_cache(maxsize=256)
def _built_in(name: str, version: str) -> dict[str, str]:
    known = descriptions().get(name, {})
    return {column: _text(source, version) for column, source in {**COMMON, **known}.items()}


def _columns(resource: Resource) -> list[Object]:
    told = _built_in(resource.name, resource.version)
    return [
        {
            "name": column["name"],
            "type": column["type"],
            "format": column.get("format", ""),
            "description": told.get(column["name"], ""),
            "priority": column.get("priority", 0),
        }
        for column in resource.columns
    ]


def _custom(column: Object) -> Object:
    """A printer column of a custom resource."""
    told = column.get("description") or f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"
    if column is custom.AGE:
        told = _text(COMMON["Age"])
    return {
        "name": column["name"],
        "type": column["type"],
        "format": column.get("format", ""),
        "description": told,
        "priority": column.get("priority", 0),
    }


@cache
def descriptions() -> dict[str, dict[str, str]]:
    """Resource -> column -> words, or "@TYPE/FIELD" where they are those of a field of the API."""
    found: dict[str, dict[str, str]] = orjson.loads(
        files.files("picok8s.wire").joinpath("data/columns.json").read_bytes()
    )
    return found


def _text(source: str, version: str = "") -> str:
    """Words as they are, or what the API says of a field."""
    if not source.startswith("@"):
        return source
    type_name, _, field = source[1:].partition("/")
    if not type_name.startswith("io."):
        group, _, rest = type_name.partition(".")
        _, _, kind = rest.partition(".")
        names = [f"io.k8s.api.{group}.{version}.{kind}", f"io.k8s.api.{type_name}"]
    else:
        names = [type_name]
    known = _fields(schema.current().version)
    return next((known[f"{name}/{field}"] for name in names if f"{name}/{field}" in known), "")


@cache
def _fields(version: str) -> dict[str, str]:
    """What the API says of the fields that columns show, kept when the first table is asked for."""
    definitions = orjson.loads(schema.definitions_file(version).read_bytes())["$defs"]
    sources = [*COMMON.values(), *(source for row in descriptions().values() for source in row.values())]
    wanted = {tuple(_kind_of(source)) for source in sources if source.startswith("@")}
    return {
        f"{name}/{field}": properties[field].get("description", "")
        for name, properties in ((name, found.get("properties", {})) for name, found in definitions.items())
        for kind, field in wanted
        if name.endswith(f".{kind}") and field in properties
    }


def _kind_of(source: str) -> tuple[str, str]:
    type_name, _, field = source[1:].partition("/")
    return type_name.rpartition(".")[2], field
