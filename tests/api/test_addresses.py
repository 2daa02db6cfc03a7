"""Addresses and ranges: what is taken, refused and warned of."""

import pytest

from picok8s.api import addresses


@pytest.mark.parametrize(
    "text, words",
    [
        ("10.9.8.7", []),
        ("2001:db8::1", []),
        ("x", [addresses.NOT_AN_ADDRESS]),
        ("fe80::1%eth0", [addresses.NOT_AN_ADDRESS]),
        ("010.9.8.7", ["must not have leading 0s"]),
        ("::ffff:1.2.3.4", ["must not be an IPv4-mapped IPv6 address"]),
        ("2001:DB8:0::1", ['must be in canonical form ("2001:db8::1")']),
    ],
)
def test_canonical_address(text: str, words: list[str]) -> None:
    assert addresses.canonical_address(text) == words


def test_old_fields_take_any_form() -> None:
    assert addresses.address("010.009.8.7", strict=False) == []
    assert addresses.canonical(addresses.parse("010.009.8.70")) == "10.9.8.70"


@pytest.mark.parametrize(
    "text, words",
    [
        ("10.0.0.0/8", []),
        ("2001:db8::/32", []),
        ("10.0.0.0", [addresses.NOT_A_RANGE]),
        ("10.0.0.0/33", [addresses.NOT_A_RANGE]),
        ("10.0.0.0/08", ["must not have leading 0s in IP or prefix length"]),
        ("10.0.0.1/8", ["must not have bits set beyond the prefix length"]),
        ("::ffff:1.2.3.0/120", ["must not have an IPv4-mapped IPv6 address"]),
        ("2001:DB8::/32", ['must be in canonical form ("2001:db8::/32")']),
    ],
)
def test_canonical_range(text: str, words: list[str]) -> None:
    assert addresses.canonical_cidr(text) == words


def test_warnings() -> None:
    assert addresses.address_warnings("1.2.3.04", "p") == [
        'p: non-standard IP address "1.2.3.04" is invalid: use "1.2.3.4"'
    ]
    assert addresses.cidr_warnings("10.0.0.1/8", "p") == [
        'p: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)'
    ]
