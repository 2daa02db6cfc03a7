"""Moments: read as Go reads RFC 3339, written as Kubernetes writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api import moment

LAYOUT = "2006-01-02T15:04:05Z07:00"
MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"


@pytest.mark.parametrize(
    "text, canonical",
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00+02:00", "2023-12-31T22:00:00Z"),
        ("2024-01-01T00:00:00.999Z", "2024-01-01T00:00:00Z"),
        ("2024-01-01T5:00:00Z", "2024-01-01T05:00:00Z"),
        ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"),
    ],
)
def test_a_time(text, canonical):
    assert moment.canonical_time(text) == canonical


@pytest.mark.parametrize(
    "text, words",
    [
        ("yesterday", f'as "{LAYOUT}": cannot parse "yesterday" as "2006"'),
        ("", f'as "{LAYOUT}": cannot parse "" as "2006"'),
        ("2024-1-01T00:00:00Z", f'as "{LAYOUT}": cannot parse "1-01T00:00:00Z" as "01"'),
        ("2024-01-01 00:00:00Z", f'as "{LAYOUT}": cannot parse " 00:00:00Z" as "T"'),
        ("2024-01-01T00:00:00", f'as "{LAYOUT}": cannot parse "" as "Z07:00"'),
        ("2024-02-30T00:00:00Z", "day out of range"),
        ("2024-13-01T00:00:00Z", "month out of range"),
        ("2024-01-01T00:00:00Zx", 'extra text: "x"'),
        ("2024-01-01T00:00:00+25:00", "time zone offset hour out of range"),
    ],
)
def test_words_of_a_refused_time(text, words):
    with pytest.raises(ValueError, match="parsing time") as refusal:
        moment.canonical_time(text)
    assert str(refusal.value).startswith(f'parsing time "{text}"')
    assert str(refusal.value).endswith(words)


@pytest.mark.parametrize(
    "text, stopped", [("2024-01-01T00:00:00Z", ".000000"), ("2024-01-01T00:00:00.1234567Z", "Z07:00")]
)
def test_a_micro_time_has_six_digits_of_fraction(text, stopped):
    with pytest.raises(ValueError, match="cannot parse") as refusal:
        moment.canonical_micro(text)
    assert f'as "{MICRO_LAYOUT}"' in str(refusal.value)
    assert str(refusal.value).endswith(f'as "{stopped}"')


def test_a_micro_time_becomes_utc():
    assert moment.canonical_micro("2024-01-01T00:00:00.123456+01:00") == "2023-12-31T23:00:00.123456Z"


@given(st.integers(-60_000_000_000, 250_000_000_000), st.integers(0, 999_999))
def test_what_is_written_is_read_again(seconds, micros):
    assert moment.parts(moment.from_parts(seconds)) == (seconds, 0)
    assert moment.parts(moment.from_parts(seconds, micros * 1000, with_micros=True)) == (seconds, micros * 1000)


def test_clock_readings():
    assert moment.time(1_700_000_000.9) == "2023-11-14T22:13:20Z"
    assert moment.micro(1.5) == "1970-01-01T00:00:01.500000Z"
    assert moment.seconds("1970-01-01T00:00:01.500000Z") == 1.5
