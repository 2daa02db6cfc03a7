"""Channels in WebSocket messages: which bytes are whose, and what ends one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.wire import channels, websocket
from picok8s.wire.channels import Piece


@given(st.integers(0, 4), st.binary(max_size=200))
def test_what_is_sent_on_a_channel_is_heard_on_it(channel: int, data: bytes):
    (message,) = websocket.Reader(masked=False).feed(channels.encode(channel, data))
    assert isinstance(message, websocket.Message)
    assert channels.decode(message.data) == Piece(channel, data)


def test_a_channel_ends():
    assert channels.decode(b"\xff\x00") == Piece(channels.STDIN, end=True)
    assert channels.decode(b"") is None


@pytest.mark.parametrize("raw", [b"\xff", b"\xff\x05", b"\xff\x00x"])
def test_the_end_of_nothing_is_refused(raw: bytes):
    with pytest.raises(channels.ProtocolError):
        channels.decode(raw)


def test_output_is_bytes_or_base64_text():
    reader = websocket.Reader(masked=False)
    assert reader.feed(channels.output("", b"\xff")) == [websocket.Message(b"\xff")]
    assert reader.feed(channels.output("binary.k8s.io", b"a")) == [websocket.Message(b"a")]
    told = reader.feed(channels.output("base64.binary.k8s.io", b"\xff"))
    assert told == [websocket.Message(base64.b64encode(b"\xff"), text=True)]


def test_tunnels():
    offered = ["v4.channel.k8s.io", "SPDY/3.1+portforward.k8s.io", "SPDY/3.1+other"]
    assert channels.tunnelled(offered) == ["portforward.k8s.io"]
