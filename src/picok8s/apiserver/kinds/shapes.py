"""Objects as Kubernetes' internal types print them, which is how refusals show a struct or the difference of two.

`api/data/shapes.json` has a row for each field of each type: its name there, its name in JSON, and its kind:
the zero value of a plain field; `T` a struct, `*T` one that may be missing, `[]T` a list, `map:T` a map of structs.
"""

import difflib
from functools import cache
from importlib import resources as files
from typing import Any

import orjson

Object = dict[str, Any]


@cache
def _shapes() -> dict[str, list[tuple[str, str, str]]]:
    data = orjson.loads(files.files("picok8s.api").joinpath("data/shapes.json").read_bytes())
    return {name: [(field[0], field[1], field[2]) for field in fields] for name, fields in data.items()}


def shown(type_name: str, obj: Object | None) -> Object | None:
    """`obj` with every field of its type, by its internal name."""
    if obj is None:
        return None
    out: Object = {}
    for name, key, kind in _shapes()[type_name]:
        if kind == "inline":
            out.update(obj.get(key) or {})
        else:
            out[name] = _field(kind, obj.get(key))
    return out


def _field(kind: str, value: Any) -> Any:
    if kind[0] == "*":
        return shown(kind[1:], value)
    if kind[:2] == "[]":
        return [shown(kind[2:], item) for item in value] if value else None
    if kind.startswith("map:"):
        return {key: shown(kind[4:], item) for key, item in sorted(value.items())} if value else None
    if kind in _shapes():
        return shown(kind, value or {})
    return orjson.loads(kind) if value is None else value


def difference(type_name: str, old: Object, new: Object) -> str:
    """What changed from `old` to `new`, as a unified diff of their indented JSON."""
    before, after = (_lines(shown(type_name, obj)) for obj in (old, new))
    lines = list(difflib.unified_diff(before, after, n=3))[2:]
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _lines(value: Any) -> list[str]:
    # orjson indents by two; Kubernetes by one.
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    lines = text.splitlines()
    return [" " * ((len(line) - len(line.lstrip(" "))) // 2) + line.lstrip(" ") + "\n" for line in lines]
