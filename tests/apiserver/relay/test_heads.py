"""Heads of HTTP messages at an upgrade: what is passed on, and what an answer says."""

import pytest

from picok8s.apiserver.messages import Request
from picok8s.apiserver.relay import heads


def test_passes_on_all_but_what_is_between_client_and_server():
    request = Request("GET", "/x", headers={
        "host": "a", "connection": "Upgrade", "upgrade": "SPDY/3.1", "authorization": "Bearer t", "impersonate-user": "u",
        "x-stream-protocol-version": "v4.channel.k8s.io\x00v3.channel.k8s.io", "content-length": "0",
    })  # fmt: skip
    assert heads.passed_on(request, "node:1", "/exec?a=b") == (
        b"GET /exec?a=b HTTP/1.1\r\nHost: node:1\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n"
        b"x-stream-protocol-version: v4.channel.k8s.io\r\nx-stream-protocol-version: v3.channel.k8s.io\r\n\r\n"
    )


def test_keeps_a_browsers_token_to_itself():
    given = {"sec-websocket-protocol": "base64url.bearer.authorization.k8s.io.c2VjcmV0, v4.channel.k8s.io"}
    passed = heads.passed_on(Request("GET", "/", headers=given), "node:1", "/")
    assert b"sec-websocket-protocol: v4.channel.k8s.io\r\n" in passed and b"bearer" not in passed


def test_reads_an_answer():
    head = heads.parse(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
    assert (head.status, head.is_spdy) == (101, True)
    assert not heads.parse(b"HTTP/1.1 404 Not Found\r\n\r\n").is_spdy


@pytest.mark.parametrize("raw", [b"\r\n\r\n", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_refuses_what_is_no_answer(raw: bytes):
    with pytest.raises(heads.NotHttp):
        heads.parse(raw)


@pytest.mark.parametrize(
    "headers, raw, whole, body",
    [
        ({"content-length": "3"}, b"abc", True, b"abc"),
        ({"content-length": "3"}, b"ab", False, b"ab"),
        ({}, b"abc", False, b"abc"),
        ({"transfer-encoding": "chunked"}, b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", True, b"abcde"),
        ({"transfer-encoding": "chunked"}, b"3\r\nabc\r\n2\r\nd", False, b"abcd"),
        ({"transfer-encoding": "chunked"}, b"0\r\n\r\n", True, b""),
    ],
)
def test_knows_the_body_of_a_refusal(headers: dict[str, str], raw: bytes, whole: bool, body: bytes):
    assert heads.is_whole(headers, raw) is whole
    assert heads.content(headers, raw) == body
