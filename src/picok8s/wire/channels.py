"""Kubernetes' uses of WebSocket: channels of remote commands, streams of output, and SPDY in a tunnel.

A message of a remote command is a byte that names its channel, then data; in version 5 byte 255 and a channel say that
nothing more comes on it. Output (logs, watches) is messages without a channel. A tunnel's messages are the bytes of a
SPDY connection, cut anywhere; its subprotocol is a prefix and the protocol that is spoken inside.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from picok8s.wire import websocket

STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
END = 255

V5 = "v5.channel.k8s.io"
OUTPUT = ("", "binary.k8s.io", "base64.binary.k8s.io")
TUNNEL_PREFIX, TUNNEL_SUFFIX = "SPDY/3.1+", ".k8s.io"


class ProtocolError(Exception):
    """A message that means nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a channel; `end`: the last ones."""

    channel: int
    data: bytes = b""
    end: bool = False


def decode(data: bytes) -> Piece | None:
    """A message of version 5; None for an empty one. Channels that do not exist are the caller's to pass over."""
    if not data:
        return None
    if data[0] != END:
        return Piece(data[0], data[1:])
    if len(data) != 2 or data[1] > RESIZE:
        raise ProtocolError("the end of no channel")
    return Piece(data[1], end=True)


def encode(channel: int, data: bytes = b"") -> bytes:
    """The WebSocket message that carries this data."""
    return websocket.message(bytes((channel,)) + data)


def output(protocol: str, data: bytes) -> bytes:
    """The WebSocket message of some output, as its subprotocol wants it."""
    if protocol.startswith("base64."):
        return websocket.message(base64.b64encode(data), text=True)
    return websocket.message(data)


def tunnelled(offered: Iterable[str]) -> list[str]:
    """The protocols to be spoken inside a tunnel, of the subprotocols that a client offers."""
    return [
        name.removeprefix(TUNNEL_PREFIX)
        for name in offered
        if name.startswith(TUNNEL_PREFIX) and name.endswith(TUNNEL_SUFFIX)
    ]
