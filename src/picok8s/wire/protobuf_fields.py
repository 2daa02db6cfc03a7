"""Which JSON field is which protobuf field: names to numbers, with the messages that JSON folds into their parent.

Both names come from data: `wire.json` has the numbers of Kubernetes' messages, `types.json` says where JSON calls a
field otherwise or shows the fields of an inner message as those of the outer one (a Volume's source).
"""

from dataclasses import dataclass, field
from functools import cache
from importlib import resources as files
from typing import Any

import orjson

from picok8s.api.schema import Schema, Types

Object = dict[str, Any]


@dataclass(slots=True)
class Fields:
    """The fields of one message: `plain` by JSON name, `folded` the messages whose fields JSON shows as its own."""

    plain: dict[str, tuple[int, Schema]] = field(default_factory=dict)
    folded: dict[int, "Fields"] = field(default_factory=dict)


@cache
def _numbers() -> Object:
    data: Object = orjson.loads(files.files("picok8s.api").joinpath("data/wire.json").read_bytes())
    return data


@cache
def _renamed() -> Object:
    data: Object = orjson.loads(files.files("picok8s.api").joinpath("data/types.json").read_bytes())["protobuf"]
    return data


def message_name(definition: str) -> str:
    """`io.k8s.api.core.v1.Pod` -> `k8s.io.api.core.v1.Pod`."""
    return "k8s.io." + definition.removeprefix("io.k8s.").replace("-", "_")


def of(types: Types, definition: str) -> Fields:
    """The fields of a definition's message; what only JSON has (kind, apiVersion) is left out."""
    numbers = _numbers()
    renamed = _renamed().get(definition, {})
    names, folded = renamed.get("names", {}), renamed.get("inline", {})
    top = Fields()
    message = message_name(definition)
    for name, schema in types.fields(definition).items():
        inside, rows = top, numbers.get(message, {})
        for step in filter(None, folded.get(name, "").split("/")):
            number, inner = rows[step]
            inside = inside.folded.setdefault(number, Fields())
            rows = numbers.get(inner, {})
        row = rows.get(names.get(name, name))
        if row is not None:
            inside.plain[name] = (row[0], schema)
    return top


def wraps_list(types: Types, definition: str, name: str) -> bool:
    """Whether a list is a message of its own in protobuf (`Verbs`), where messages would else repeat the field."""
    row = _numbers().get(message_name(definition), {}).get(name)
    return row is not None and not row[1].startswith("[]")
