"""Types of custom resources: they merge and are owned by their schema."""

from typing import Any

import pytest

from picok8s.api.apply import Writer, after_write, apply
from picok8s.api.errors import ApiError
from picok8s.api.opentype import of_version

NAMED = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "items": {"type": "object", "properties": {"name": {"type": "string"}, "v": {"type": "string"}}},
}
GIZMO = of_version(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "a": {"type": "string"},
                    "items": NAMED,
                    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                    "plain": {"type": "array", "items": {"type": "string"}},
                    "at": {
                        "type": "object",
                        "x-kubernetes-map-type": "atomic",
                        "additionalProperties": {"type": "string"},
                    },
                    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        },
    }
)


def gizmo(**spec: Any) -> dict:
    return {"apiVersion": "x.io/v1", "kind": "Gizmo", "metadata": {"name": "a"}, "spec": spec}


def applied(manager: str, live: dict | None, config: dict) -> dict:
    return apply(live, config, GIZMO, Writer(manager, "x.io/v1", "Gizmo", now="2026-01-01T00:00:00Z"))


FULL = gizmo(a="1", items=[{"name": "x", "v": "1"}], set=["p"], plain=["1"], at={"k": "v"}, any={"d": {"e": [1]}})


def test_fields_are_owned_by_the_schema() -> None:
    (entry,) = applied("m", None, FULL)["metadata"]["managedFields"]
    assert entry["fieldsV1"]["f:spec"] == {
        "f:a": {},
        "f:any": {"f:d": {".": {}, "f:e": {}}},
        "f:at": {},
        "f:items": {'k:{"name":"x"}': {".": {}, "f:name": {}, "f:v": {}}},
        "f:plain": {},
        "f:set": {'v:"p"': {}},
    }


def test_lists_and_sets_merge() -> None:
    live = applied("m", None, FULL)
    made = applied("n", live, gizmo(items=[{"name": "y"}], set=["q"]))
    assert made["spec"]["items"] == [{"name": "x", "v": "1"}, {"name": "y"}]
    assert made["spec"]["set"] == ["p", "q"]


def test_atoms_conflict_as_one() -> None:
    live = applied("m", None, FULL)
    with pytest.raises(ApiError) as refused:
        applied("n", live, gizmo(items=[{"name": "x", "v": "3"}], plain=["2"], at={"j": "v"}))
    assert refused.value.message == (
        'Apply failed with 3 conflicts: conflicts with "m":\n- .spec.at\n- .spec.plain\n- .spec.items[name="x"].v'
    )


def test_undeclared_fields_are_refused() -> None:
    with pytest.raises(ApiError, match=r"\.spec\.nope: field not declared in schema"):
        applied("m", None, gizmo(nope=1))


def test_a_create_owns_the_maps_that_it_made() -> None:
    (entry,) = after_write(None, gizmo(a="1"), GIZMO, Writer("m", "x.io/v1"))
    assert entry["fieldsV1"] == {"f:spec": {".": {}, "f:a": {}}}


def test_without_a_schema_everything_passes() -> None:
    free = of_version(None)
    made = apply(None, gizmo(z=[1]), free, Writer("m", "x.io/v1", "Gizmo"))
    assert made["metadata"]["managedFields"][0]["fieldsV1"] == {"f:spec": {".": {}, "f:z": {}}}
