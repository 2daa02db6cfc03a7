"""What kinds check alike."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver.kinds import checks


@pytest.mark.parametrize("value, number", [("25%", 25), (3, 3), ("0%", 0), ("7", 7), ("x%", 0), (None, 0)])
def test_amounts(value, number):
    assert checks.amount(value) == number


@given(st.one_of(st.text(max_size=6), st.integers(-5, 5)))
def test_any_value_is_a_count_a_percentage_or_refused(value):
    good = value >= 0 if isinstance(value, int) else re.fullmatch("[0-9]+%", value) is not None
    assert bool(checks.int_or_percent(value, "p")) != good
    assert checks.amount(value) == 0 or isinstance(value, int) or any(letter.isdigit() for letter in value)


def test_a_prefixed_path_tells_the_part_that_is_wrong():
    assert [str(e) for e in checks.domain_path("a_b/c d", "p")] == [
        'p: Invalid value: "a_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '
        "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
        "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        "p: Invalid value: \"c d\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
    ]


def test_maps_are_printed_sorted_and_structs_in_order():
    value = {"matchLabels": {"b": 1, "a": 2}, "matchExpressions": []}
    shown = checks.in_order(value)
    assert list(shown) == ["matchLabels", "matchExpressions"] and list(shown["matchLabels"]) == ["a", "b"]


def test_structs_are_spelled_with_every_field():
    table = (("Type", "type"), ("Inner", ("inner", (("A", "a"),))))
    assert checks.spelled({"inner": {}}, table) == {"Type": None, "Inner": {"A": None}}


def test_a_status_alone_leaves_the_metadata():
    old = {"metadata": {"labels": {"a": "b"}}, "spec": {"x": 1}, "status": {}}
    new = {"metadata": {"annotations": {"c": "d"}}, "spec": {"x": 2}, "status": {"y": 3}}
    checks.status_alone(new, old)
    assert new == {"metadata": {"labels": {"a": "b"}}, "spec": {"x": 1}, "status": {"y": 3}}
