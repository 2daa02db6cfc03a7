"""Selectors: what they select, and what Kubernetes says of those that it cannot read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api import selectors
from picok8s.api.errors import ApiError

LABELS = {"x": "1", "t": "w", "n": "12"}


@pytest.mark.parametrize(
    "text, selected",
    [
        ("", True),
        ("x", True),
        ("!x", False),
        ("!y", True),
        ("x=1", True),
        ("x==1,t=w", True),
        ("x!=1", False),
        ("y!=1", True),
        ("x in (1, 2),t", True),
        ("x notin (1)", False),
        ("y notin (1)", True),
        ("n>5", True),
        ("n<5", False),
        ("t>5", False),
        ("y>5", False),
        ("in in (in)", False),
        ("y in ()", False),
    ],
)
def test_text(text: str, selected: bool) -> None:
    assert selectors.matches(selectors.parse(text), LABELS) is selected


@pytest.mark.parametrize(
    "text, words",
    [
        ("x in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
        ("x=a b", "found 'b', expected: ',' or 'end of string'"),
        ("x,", "found '', expected: identifier after ','"),
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("x in a", "unable to parse requirement: found 'a' expected: '('"),
        ("x y", "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"),
        (
            "x>a",
            'unable to parse requirement: values[0]: Invalid value: "a": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_text_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(ApiError) as refused:
        selectors.parse(text)
    assert (refused.value.code, refused.value.message) == (400, words)


def test_text_form_is_sorted() -> None:
    selector = {
        "matchLabels": {"b": "1"},
        "matchExpressions": [
            {"key": "a", "operator": "In", "values": ["y", "x"]},
            {"key": "c", "operator": "DoesNotExist"},
        ],
    }
    assert selectors.text(selectors.requirements(selector)) == "a in (x,y),b=1,!c"


def test_a_missing_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not selectors.selects(None, {})
    assert selectors.selects({}, {})


@given(st.text(alphabet="abc!=,()<> in", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = selectors.parse(text)
    except ApiError as error:
        assert error.code == 400
    else:
        assert selectors.parse(selectors.text(found)) == found


def test_a_bad_selector_is_told_by_path() -> None:
    selector = {"matchExpressions": [{"key": "a", "operator": "In"}, {"key": "a b", "operator": "Gt", "values": ["1"]}]}
    assert [error.field for error in selectors.validate(selector, "spec.selector")] == [
        "spec.selector.matchExpressions[0].values",
        "spec.selector.matchExpressions[1].operator",
        "spec.selector.matchExpressions[1].key",
    ]


FIELDS = {"metadata.name": "a", "spec.x": "1,2"}


@pytest.mark.parametrize(
    "text, selected",
    [
        ("", True),
        ("metadata.name=a", True),
        ("metadata.name==a,", True),
        ("metadata.name!=a", False),
        (r"spec.x=1\,2,metadata.name=a", True),
        ("spec.y=", True),
    ],
)
def test_fields(text: str, selected: bool) -> None:
    terms = selectors.parse_fields(text)
    assert selectors.matches_fields(terms, lambda path: FIELDS.get(path, "")) is selected


@pytest.mark.parametrize(
    "text, words",
    [
        ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
        ("metadata.name===a", "invalid field selector: unescaped character in value: 61"),
        ("metadata.name=a\\b", "invalid field selector: invalid escape sequence: \\b"),
    ],
)
def test_fields_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(ApiError) as refused:
        selectors.parse_fields(text)
    assert refused.value.message == words


def test_unknown_fields_are_told_by_kind() -> None:
    terms = selectors.parse_fields("spec.z=1")
    with pytest.raises(ApiError, match=r"field label not supported: spec\.z"):
        selectors.check_fields(terms, ["spec.x"], namespaced=True)
    with pytest.raises(ApiError, match=r'field label "spec\.z" not supported for Job'):
        selectors.check_fields(terms, ["status.successful"], namespaced=True, resource="jobs.batch")
    with pytest.raises(ApiError, match=r'"spec\.z" is not a known field selector: only "metadata\.name", '):
        selectors.check_fields(terms, [], namespaced=True)


@pytest.mark.parametrize(
    "term, selected",
    [
        ({}, False),
        ({"matchExpressions": [{"key": "x", "operator": "In", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "x", "operator": "Gt", "values": ["0"]}]}, True),
        ({"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n1"]}]}, False),
    ],
)
def test_node_terms(term: dict, selected: bool) -> None:
    node = {"metadata": {"name": "n1", "labels": {"x": "1"}}}
    assert selectors.selects_node({"nodeSelectorTerms": [term]}, node) is selected


def test_no_node_selector_selects_every_node() -> None:
    assert selectors.selects_node(None, {"metadata": {"name": "n"}})
