"""Merge patch: the examples of the RFC, and that a difference is its own inverse."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api.mergepatch import difference, merge_patch


@pytest.mark.parametrize(
    "value, patch, merged",
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": "foo"}, None, None),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge(value: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(value, patch) == merged


JSON = st.recursive(
    st.booleans() | st.integers(0, 3) | st.text(max_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


@given(OBJECTS, OBJECTS)
def test_a_difference_makes_the_new_of_the_old(old: dict, new: dict) -> None:
    assert merge_patch(old, difference(old, new)) == new
