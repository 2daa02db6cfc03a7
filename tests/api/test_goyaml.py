"""YAML as Go reads it: plain words, keys, merges, repeated keys, errors."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api import goyaml


def read(text):
    return goyaml.parse(text.encode())[0]


@pytest.mark.parametrize(
    "word, value",
    [
        ("y", True),
        ("No", False),
        ("~", None),
        ("017", 15),
        ("08", 8),
        ("0o17", 15),
        ("0x1f", 31),
        ("0b11", 3),
        ("1_000", 1000),
        ("+5", 5),
        ("1:30", "1:30"),
        ("1e3", 1000),
        (".5", 0.5),
        ("1.0", 1),
        ("1e400", "1e400"),
        ("99999999999999999999", 100000000000000000000),
        ("2024-01-01", "2024-01-01"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("!!int '7'", 7),
        ("!!binary aGk=", "hi"),
    ],
)
def test_what_a_word_means(word, value):
    assert read(f"a: {word}") == {"a": value}


def test_keys_become_text():
    assert read("1: a\ntrue: b\n1.0: c\n2024-01-01: d\n'y': e") == {
        "1": "c",
        "true": "b",
        "2024-01-01": "d",
        "y": "e",
    }


def test_anchors_and_merges():
    assert read("a: &x {b: 1}\nc: {<<: *x, d: 2}\ne: [*x]") == {"a": {"b": 1}, "c": {"b": 1, "d": 2}, "e": [{"b": 1}]}
    assert read("a: &x 5\nb: *x") == {"a": 5, "b": 5}


def test_repeated_keys_are_told_with_their_line():
    assert goyaml.parse(b"a: 1\nb: {c: 1, c: 2}\na: 2") == (
        {"a": 2, "b": {"c": 2}},
        ['yaml: unmarshal errors:\n  line 2: key "c" already set in map\n  line 3: key "a" already set in map'],
    )


def test_only_the_first_document_is_read():
    assert read("a: 1\n---\nb: [") == {"a": 1}


@pytest.mark.parametrize(
    "text, words",
    [
        ("a: [b", "yaml: line 1: did not find expected ',' or ']'"),
        ("a:\n\t- b", "yaml: line 2: found character that cannot start any token"),
        ("\tx", "yaml: found character that cannot start any token"),
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("a: *q", "yaml: unknown anchor 'q' referenced"),
        ("? [x]\n: y", 'yaml: invalid map key: []interface {}{"x"}'),
        ("a: .inf", "json: unsupported value: +Inf"),
    ],
)
def test_words_of_what_is_refused(text, words):
    with pytest.raises(ValueError, match=r"yaml|json") as refusal:
        read(text)
    assert str(refusal.value) == words


def test_aliases_cannot_make_a_small_text_enormous():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ValueError, match="excessive aliasing"):
        read("\n".join(lines))


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(alphabet="abyn017:.- é", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
)


@given(st.dictionaries(st.text("abc", min_size=1), values, max_size=3))
def test_quoted_yaml_is_read_as_written(value):
    assert read(yaml.safe_dump(value, default_style='"', allow_unicode=True)) == value


@given(st.text(max_size=30))
def test_any_text_is_yaml_or_a_value_error(text):
    try:
        goyaml.parse(text.encode("utf-8", "replace"))
    except ValueError:
        pass
