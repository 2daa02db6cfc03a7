"""Walks along a type: merging keeps order, removing undoes, changes are found."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api import fieldsets, structure
from picok8s.api.resource import preferred
from picok8s.api.schema import schema_of

POD = schema_of(preferred("pods"))


def pod(names: str) -> dict:
    return {"spec": {"containers": [{"name": name} for name in names]}}


@pytest.mark.parametrize(
    "live, config, merged",
    [("abc", "d", "abcd"), ("abc", "cb", "acb"), ("abc", "bxc", "abxc"), ("", "ab", "ab"), ("ab", "xa", "xab")],
)
def test_items_keep_the_order_of_the_configuration(live: str, config: str, merged: str) -> None:
    assert structure.merge(pod(live), pod(config), POD) == pod(merged)


NAMES = st.permutations("abcd").flatmap(lambda names: st.integers(0, 4).map(lambda n: "".join(names[:n])))


@given(NAMES, NAMES)
def test_merging_loses_nothing_and_keeps_what_was_applied_in_order(live: str, config: str) -> None:
    items = structure.merge(pod(live), pod(config), POD)["spec"]["containers"]
    merged = [item["name"] for item in items or []]
    assert sorted(merged) == sorted({*live, *config})
    assert [name for name in merged if name in config] == list(config)


@given(NAMES, NAMES)
def test_changes_are_what_one_has_and_the_other_lacks(live: str, config: str) -> None:
    found = structure.changes(pod(live), pod(config), POD)
    added = {path for path in fieldsets.paths(found.added) if path.endswith("]")}
    assert added == {f'.spec.containers[name="{name}"]' for name in {*config} - {*live}}
    assert structure.changes(pod(live), pod(live), POD).nothing


@pytest.mark.parametrize("one, other, equal", [(1, 1.0, True), (1, True, False), ({"a": [1]}, {"a": [1]}, True)])
def test_equality_of_values(one: Any, other: Any, equal: bool) -> None:
    assert structure.same(one, other) is equal


def test_remove_leaves_null_where_nothing_is_left() -> None:
    obj = {"metadata": {"labels": {"a": "1"}}, "spec": {"containers": [{"name": "c"}]}}
    fields = {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:containers": {'k:{"name":"c"}': {}}}}
    assert structure.remove(obj, fields, POD) == {"metadata": {"labels": None}, "spec": {"containers": None}}
