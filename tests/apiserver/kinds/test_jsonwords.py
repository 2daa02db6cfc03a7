"""Go's words for texts that are no JSON objects."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver.kinds.jsonwords import map_problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", ""),
        ("null", ""),
        ("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ("1x", "invalid character 'x' after top-level value"),
        ("{nope", "invalid character 'n' looking for beginning of object key string"),
        ("", "unexpected end of JSON input"),
        ('{"a"', "unexpected end of JSON input"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":[1 2]}', "invalid character '2' after array element"),
        ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        ('{"a":x}', "invalid character 'x' looking for beginning of value"),
    ],
)
def test_words(text, words):
    assert map_problem(text.encode()) == words


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_objects_are_good(value):
    assert map_problem(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS) if _fits(value) else b"{}") == ""


def _fits(value):
    return all(not isinstance(v, int) or abs(v) < 2**63 for v in value.values())


@given(st.binary())
def test_any_bytes_have_an_answer(data):
    assert isinstance(map_problem(data), str)
