"""Addresses and ranges in fields: what is taken, and in which words the rest is refused."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver.kinds import addresses


@pytest.mark.parametrize(
    "text, words",
    [
        ("192.0.2.010", "must not have leading 0s"),
        ("300.1.1.1", addresses.NOT_AN_ADDRESS),
        ("::ffff:1.2.3.4", addresses.MAPPED),
    ],
)
def test_addresses(text, words):
    assert [error.body for error in addresses.ip(text, "p")] == [f'Invalid value: "{text}": {words}']


@pytest.mark.parametrize(
    "text, words",
    [
        ("10.1.2.3/8", "must not have bits set beyond the prefix length"),
        ("010.0.0.0/8", "must not have leading 0s in IP or prefix length"),
        ("10.0.0.0", addresses.NOT_A_RANGE),
    ],
)
def test_ranges(text, words):
    assert [error.body for error in addresses.cidr(text, "p")] == [f'Invalid value: "{text}": {words}']


@pytest.mark.parametrize(
    "text, words",
    [
        ("127.0.0.1", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        ("169.254.1.1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        ("0.0.0.0", "may not be unspecified (0.0.0.0)"),
    ],
)
def test_endpoints(text, words):
    assert [error.body for error in addresses.endpoint(text, "p")] == [f'Invalid value: "{text}": {words}']


def test_spellings_that_warn():
    assert addresses.ip_warnings("2001:DB8::1", "p") == [
        'p: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")'
    ]
    assert addresses.range_warnings("10.0.0.1/8", "p") == [
        'p: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)'
    ]


@given(st.ip_addresses())
def test_every_address_is_taken_as_python_writes_it(address):
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    assert bool(addresses.canonical_ip(str(address), "p")) == mapped


@given(st.text(max_size=20))
def test_any_text_is_answered(text):
    addresses.ip(text, "p"), addresses.cidr(text, "p"), addresses.range_warnings(text, "p")
