"""Metadata: what is refused of a new object, and what an update may not change."""

import pytest

from picok8s.api import metadata
from picok8s.api.resource import preferred

CONFIG_MAPS = preferred("configmaps")


def told(new: dict, old: dict | None = None) -> list[str]:
    return [
        str(error)[:90]
        for error in metadata.validate({"metadata": new}, {"metadata": old} if old else None, CONFIG_MAPS)
    ]


def test_a_plain_object_is_fine() -> None:
    assert told({"name": "a", "namespace": "n", "labels": {"a": ""}, "annotations": {"A.b/c": "x y"}}) == []


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"name": ""}, "metadata.name: Required value: name or generateName is required"),
        ({"name": "A"}, 'metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of '),
        ({"labels": {"a": "-"}}, 'metadata.labels: Invalid value: "-": a valid label must be an empty string'),
        ({"annotations": {"a b": ""}}, 'metadata.annotations: Invalid value: "a b": name part must consist of'),
        ({"annotations": {"a": "x" * 262144}}, "metadata.annotations: Too long: may not be more than 262144 bytes"),
        ({"finalizers": ["plain"]}, 'metadata.finalizers[0]: Invalid value: "plain": name is neither a standard'),
        ({"managedFields": [{"manager": "m"}]}, "metadata.managedFields[0].operation: Required value: must not"),
    ],
)
def test_what_is_wrong(wrong: dict, words: str) -> None:
    (found,) = told({"name": "a", "namespace": "n", **wrong})
    assert found.startswith(words[:90])


def test_an_owner_needs_all_of_its_fields() -> None:
    found = told({"name": "a", "namespace": "n", "ownerReferences": [{}]})
    assert [line.split(":")[0].rpartition(".")[2] for line in found] == ["apiVersion", "kind", "name", "uid"]


def test_only_one_owner_controls() -> None:
    owners = [{"apiVersion": "v1", "kind": k, "name": "n", "uid": k, "controller": True} for k in "XY"]
    (found,) = metadata.validate(
        {"metadata": {"name": "a", "namespace": "n", "ownerReferences": owners}}, None, CONFIG_MAPS
    )
    assert found.body.endswith('Found "true" in references for X/n and Y/n')


def test_identity_does_not_change() -> None:
    old = {"name": "a", "namespace": "n", "uid": "u"}
    assert told({**old, "uid": "v"}, old) == ['metadata.uid: Invalid value: "v": field is immutable']


def test_no_finalizer_is_added_to_what_is_being_deleted() -> None:
    old = {"name": "a", "namespace": "n", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["x.io/a"]}
    assert told({**old, "finalizers": []}, old) == []
    assert told({**old, "finalizers": ["x.io/a", "x.io/b"]}, old)[0].startswith(
        "metadata.finalizers: Forbidden: no new"
    )
