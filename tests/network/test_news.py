"""News from the kernel."""

from hypothesis import given
from hypothesis import strategies as st

from picok8s.network.news import HEADER, TABLE_DELETED, is_of_tables


def message(kind, body=b""):
    return HEADER.pack(HEADER.size + len(body), kind, 0, 0, 0) + body + b"\0" * (-len(body) % 4)


def test_a_deletion_among_others():
    assert is_of_tables(message(0xA0C, b"abc") + message(TABLE_DELETED))
    assert not is_of_tables(message(0xA0C, b"abc") + message(0xA03))


@given(st.binary(max_size=100))
def test_any_bytes(data):
    assert is_of_tables(data) in (True, False)
