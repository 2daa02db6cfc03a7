"""JSON that does not parse: Go's words for the first byte that does not belong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api import jsontext


@pytest.mark.parametrize(
    "data, words",
    [
        ('{"a":1,', "unexpected end of JSON input"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("[1 2]", "invalid character '2' after array element"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        ('{"a":1}x', "invalid character 'x' after top-level value"),
        ('"a\nb"', r"invalid character '\n' in string literal"),
        (r'"\x"', "invalid character 'x' in string escape code"),
        (r'"\u12g4"', r"invalid character 'g' in \u hexadecimal character escape"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("01", "invalid character '1' after top-level value"),
        ("1.", "invalid character ' ' after decimal point in numeric literal"),
        ("trux", "invalid character 'x' in literal true (expecting 'e')"),
        ("'", r"invalid character '\'' looking for beginning of value"),
    ],
)
def test_the_first_byte_that_does_not_belong(data, words):
    with pytest.raises(ValueError, match=r"input|character") as refusal:
        jsontext.check(data.encode())
    assert str(refusal.value) == words


@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\ \n', max_size=20))
def test_it_takes_what_python_takes(text):
    try:
        json.loads(text, parse_constant=lambda word: json.loads("!"))
    except ValueError:
        with pytest.raises(ValueError, match=r"input|character"):
            jsontext.check(text.encode())
    else:
        jsontext.check(text.encode())
