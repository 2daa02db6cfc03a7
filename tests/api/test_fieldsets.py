"""Sets of fields: their algebra, and how they are printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api import fieldsets
from picok8s.api.fieldsets import difference, intersection, union

KEY = 'k:{"name":"c"}'


def leaves(fields: dict, prefix: tuple = ()) -> set:
    found = set()
    for element, node in fieldsets.children(fields):
        path = (*prefix, element)
        found |= {path} if fieldsets.holds(node) else set()
        found |= leaves(node, path)
    return found


NODES = st.recursive(
    st.just({}),
    lambda inner: st.tuples(
        st.booleans(), st.dictionaries(st.sampled_from(["f:a", "f:b", KEY]), inner, min_size=1, max_size=3)
    ).map(lambda pair: {".": {}, **pair[1]} if pair[0] else pair[1]),
    max_leaves=6,
)
SETS = st.dictionaries(st.sampled_from(["f:a", "f:b", "f:c"]), NODES, max_size=3)


@given(SETS, SETS)
def test_the_algebra_is_that_of_sets_of_paths(one: dict, other: dict) -> None:
    assert leaves(union(one, other)) == leaves(one) | leaves(other)
    assert leaves(difference(one, other)) == leaves(one) - leaves(other)
    assert leaves(intersection(one, other)) == leaves(one) & leaves(other)


@given(SETS)
def test_a_set_is_written_in_order_and_read_back(fields: dict) -> None:
    assert fieldsets.ordered(fields) == fields
    assert fieldsets.is_set(fields)


def test_without_takes_what_is_below() -> None:
    fields = {"f:spec": {"f:a": {}, "f:b": {"f:c": {}}}, "f:x": {}}
    assert fieldsets.without(fields, fieldsets.at(["spec.b", "x"])) == {"f:spec": {"f:a": {}}}


def test_paths_of_a_level_come_before_what_is_deeper() -> None:
    fields = {"f:spec": {"f:items": {'k:{"name":"x","port":80}': {"f:v": {}}}, "f:plain": {}, "f:set": {'v:"p"': {}}}}
    assert list(fieldsets.paths(fields)) == [".spec.plain", '.spec.items[name="x",port=80].v', '.spec.set[="p"]']


@pytest.mark.parametrize("value", [[], {"q:data": {}}, {"f:a": 1}, {"k:x": {}}, {"i:a": {}}])
def test_what_is_no_set(value: object) -> None:
    assert not fieldsets.is_set(value)
