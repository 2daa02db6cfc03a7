"""Objects of any type with values of all sorts, for tests that must hold for every kind."""

from random import Random
from typing import Any

from picok8s.api.schema import PROPS, Schema, Types

TEXTS = ("a", "", "naïve ☃", "x" * 200, "yes", 'quoted "text"\n')
QUANTITIES = ("1", "0", "1500m", "1.50", "2Gi", "1024Ki", "-3", "1e3", 5, 0.5)
TIMES = ("2024-02-29T12:00:00Z", "2031-01-01T01:00:00+01:00", "1969-12-31T23:59:59Z")
MICROTIMES = ("2024-02-29T12:00:00.123456Z", "2031-01-01T01:00:00.000000+01:00")
INTEGERS = (0, 1, -1, 80, 2**31 - 1, -(2**31))
SCALARS: dict[str, tuple[Any, ...]] = {
    "string": TEXTS,
    "bool": (True, False),
    "int32": INTEGERS,
    "int64": (*INTEGERS, 2**63 - 1, -(2**63)),
    "float64": (0, 1.5, -2, 1e30),
    "bytes": ("", "aGk=", "/+8="),
    "quantity": QUANTITIES,
    "time": TIMES,
    "microtime": MICROTIMES,
    "intorstring": (80, 0, "http", "50%", ""),
    "raw": ({"kind": "X", "a": [1, None]}, {}),
    "fields": ({"f:a": {}},),
    "json": (1, "x", {"a": []}, [None], False),
    "any": ("x", 1, {"a": 1}),
}


def make(types: Types, definition: str, random: Random, depth: int = 6) -> dict[str, Any]:
    """An object of a type; each field is there or not by chance, deep ones ever less."""
    names = types.fields(definition).items()
    is_kind = "metadata" in dict(names) or definition.endswith(("Options", "APIGroup"))
    left_out = {"kind", "apiVersion"} if is_kind else set()  # Protobuf has them in the envelope only.
    return {
        name: None if random.random() < 0.03 else value(schema, random, depth)
        for name, schema in names
        if name not in left_out and random.random() < (0.5 if depth > 3 else 0.25)
    }


def value(schema: Schema, random: Random, depth: int) -> Any:
    if schema.kind == "struct":
        return make(schema.types, schema.ref, random, depth - 1) if depth > 0 else {}
    if schema.kind.startswith("oneor"):
        other = {"oneorbool": random.random() < 0.5, "oneorstrings": ["a", "b"]}.get(schema.kind)
        if other is not None and random.random() < 0.5:
            return other
        one = make(schema.types, PROPS, random, depth - 3) if depth > 3 else {}
        return [one] if schema.kind == "oneormany" and random.random() < 0.5 else one
    if schema.items is None:
        return random.choice(SCALARS[schema.kind])
    many = [value(schema.items, random, depth - 1) for _ in range(random.choice((0, 1, 1, 2)))]
    if schema.kind == "list":
        return many
    return {random.choice(("k", "é", "a.b/c", "")): item for item in many}
