"""Quantities: what they amount to, how they are written, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api import quantity

FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@pytest.mark.parametrize(
    "text, canonical",
    [
        ("1.50", "1500m"),
        ("0.1", "100m"),
        ("1024Ki", "1Mi"),
        ("1000M", "1G"),
        ("1500Ki", "1500Ki"),
        ("0.5Gi", "512Mi"),
        ("0.5Ki", "512"),
        ("1.1Ki", "1126400m"),
        ("12e2", "1200"),
        ("1E3", "1E3"),
        ("1.500", "1.500"),
        ("0.1n", "1n"),
        ("16Ei", "9223372036854775807"),
        ("5e19", "50e18"),
        ("0Ki", "0"),
        ("-0.5m", "-500u"),
        (".", "0"),
    ],
)
def test_canonical_form(text, canonical):
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize(
    "text, words",
    [
        ("one", FORM),
        ("", FORM),
        ("1 ", FORM),
        ("1.2.3", FORM),
        ("1Kii", "unable to parse quantity's suffix"),
        ("1ee", "unable to parse quantity's suffix"),
        ("1e999999999999", "unable to parse quantity's suffix"),
        ("Pi", "unable to parse numeric part of quantity"),
    ],
)
def test_what_is_refused(text, words):
    with pytest.raises(ValueError, match="quantit") as refusal:
        quantity.canonical(text)
    assert str(refusal.value) == words


def test_sums_keep_the_form_of_the_first():
    assert quantity.add("1Gi", "512M") == "1548576Ki"
    assert quantity.add("0", "1Gi") == "1Gi"
    assert quantity.add("1500m", "500m") == "2"
    assert quantity.subtract("1Gi", "512Mi") == "512Mi"


def test_units_are_rounded_up():
    assert quantity.value("1.1Ki") == 1127
    assert quantity.millis("1u") == 1
    assert quantity.compare("1Gi", "1G") == 1
    assert quantity.compare("1000m", "1") == 0


@given(st.integers(-(10**20), 10**20), st.sampled_from([quantity.DECIMAL, quantity.BINARY, quantity.EXPONENT]))
def test_what_is_written_is_read_again(nanos, form):
    assert quantity.nanos(quantity.write(nanos, form)) == nanos or form == quantity.BINARY
    assert quantity.canonical(quantity.canonical(quantity.write(nanos, form))) == quantity.write(nanos, form)


@given(st.text(alphabet="0123456789.+-eEinumkKMGTP ", max_size=12))
def test_any_text_is_a_quantity_or_a_value_error(text):
    try:
        kept = quantity.canonical(text)
    except ValueError:
        return
    assert quantity.nanos(kept) == quantity.nanos(text)
