"""Bodies: JSON and YAML to objects, repeated keys, what is no object."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api import document
from picok8s.api.errors import ApiError

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@given(values)
def test_good_json_repeats_nothing(value):
    import orjson

    assert document.parse_json(orjson.dumps(value)) == (value, [])


def test_repeated_keys_are_named_by_path():
    data = b'{"metadata":{"name":"a","name":"b"},"spec":{"l":[{"x":1,"x":2}]},"metadata":{}}'
    assert document.parse_json(data)[1] == [
        'duplicate field "metadata.name"',
        'duplicate field "spec.l[0].x"',
        'duplicate field "metadata"',
    ]
    assert document.parse_json(data, strict=False)[1] == []


def test_escaped_quotation_marks_hide_no_repetition():
    assert document.parse_json(rb'{"a":"\u0022\u0022","b":1,"b":2}')[1] == ['duplicate field "b"']
    assert document.parse_json(rb'{"a":"{\"x\":1}"}')[1] == []


def test_bytes_that_are_no_text_become_the_replacement_character():
    assert document.parse_json(b'{"a":"\xff"}')[0] == {"a": "\ufffd"}


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        (
            b'{"apiVersion": "a/b/c", "kind": "ConfigMap"}',
            'unexpected GroupVersion string: a/b/c ({"apiVersion": "a/b/c", "kind" ...)',
        ),
        (
            b'{"apiVersion": "v1", "kind": 5}',
            "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind "
            'of type string ({"apiVersion": "v1", "kind": 5 ...)',
        ),
    ],
)
def test_json_that_says_not_what_it_is(data, words):
    with pytest.raises(ApiError) as caught:
        document.read_json(data, "ConfigMap")
    assert caught.value.message == f"the object provided is unrecognized (must be of type ConfigMap): {words}"


def test_nesting_has_a_bound():
    with pytest.raises(ValueError, match="exceeded max depth"):
        document.parse_json(b"[" * 10001)


def test_yaml_text_alone_is_no_object():
    with pytest.raises(ApiError) as caught:
        document.read_yaml(b"just text", "ConfigMap")
    assert "cannot unmarshal string into Go value of type struct { APIVersion string" in caught.value.message


def test_an_empty_yaml_body_is_an_empty_object():
    assert document.read_yaml(b"", "ConfigMap") == ({}, [])


def test_json_is_yaml():
    assert document.read_yaml(b'{"kind": "ConfigMap", "data": {"a": "1"}}', "ConfigMap")[0]["data"] == {"a": "1"}
