"""Cells of custom resources: what their printer columns find in an object."""

from functools import lru_cache
from typing import Any

import orjson

from picok8s.api import duration, moment
from picok8s.api.jsonpath import BadPath, Find, compile_path
from picok8s.wire.cells import words
from picok8s.wire.cells.words import Cells, Object

AGE: Object = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def row(columns: tuple[Object, ...], obj: Object, now: float) -> Cells:
    """The name, and a cell for each printer column."""
    return [words.name(obj), *(cell(column, obj, now) for column in columns)]


def cell(column: Object, obj: Object, now: float) -> Any:
    """What the path of a column finds first; nothing where it does not fit the column's type."""
    try:
        found = _path(column["jsonPath"])(obj)
    except BadPath:
        return None
    value = found[0] if found else None
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match column.get("type"):
        case "string":
            return value if isinstance(value, str) else orjson.dumps(value).decode()
        case "integer":
            return int(value) if number else None
        case "number":
            return value if number else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "date":
            return _date(value, now) if isinstance(value, str) else None
    return None


def _date(text: str, now: float) -> str:
    try:
        return duration.since(moment.canonical_time(text), now)
    except ValueError:
        return duration.INVALID


@lru_cache(maxsize=512)
def _path(text: str) -> Find:
    return compile_path(text)
