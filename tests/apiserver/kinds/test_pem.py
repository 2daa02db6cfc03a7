"""PEM texts: blocks wherever they are."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver.kinds.pem import Block, blocks, certificate_problem


def block(kind, content, headers=""):
    text = base64.b64encode(content).decode()
    return f"-----BEGIN {kind}-----\n{headers}{text}\n-----END {kind}-----\n"


def test_text_between_blocks_is_passed_over():
    text = "# mine\n" + block("A", b"one") + "words\n" + block("B", b"two")
    assert blocks(text.encode()) == [Block("A", b"one"), Block("B", b"two")]


def test_headers_are_noticed():
    assert blocks(block("A", b"x", "K: v\n\n").encode()) == [Block("A", b"x", True)]


def test_chains_hold_certificates():
    assert certificate_problem(b"nope") == "must contain at least one CERTIFICATE PEM block"
    assert certificate_problem(block("KEY", b"x").encode()) == 'only CERTIFICATE PEM blocks are allowed, found "KEY"'


@given(st.binary(min_size=1, max_size=200))
def test_any_content_comes_back(content):
    assert blocks(block("X", content).encode()) == [Block("X", content)]


@given(st.binary(max_size=100))
def test_any_text_is_read(text):
    blocks(text)
