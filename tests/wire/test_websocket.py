"""WebSocket: the handshake, frames in any cut, and what a server must refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.wire import websocket
from picok8s.wire.websocket import Close, Message, Ping, Pong, ProtocolError, Reader

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, section 1.3.
ASKING = {
    "connection": "keep-alive, Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": KEY,
}
MASK = b"\x37\xfa\x21\x3d"


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


def read(pieces: list[bytes], masked: bool = True) -> list[websocket.Event]:
    reader = Reader(masked)
    return [event for piece in pieces for event in reader.feed(piece)]


def test_proves_that_it_read_the_key():
    answer = websocket.handshake("GET", ASKING, ("",))
    assert answer.head() == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )


@pytest.mark.parametrize(
    "method, changed, code",
    [
        ("POST", {}, 405),
        ("GET", {"sec-websocket-key": "short"}, 400),
        ("GET", {"sec-websocket-key": ""}, 400),
        ("GET", {"sec-websocket-version": "8"}, 400),
        ("GET", {"sec-websocket-protocol": "c, d"}, 403),
        ("GET", {}, 403),
        ("GET", {"sec-websocket-protocol": "c, b\x00a"}, 101),
    ],
)
def test_answers_a_handshake(method: str, changed: dict[str, str], code: int):
    answer = websocket.handshake(method, {**ASKING, **changed}, ("a", "b"))
    assert (answer.code, answer.protocol) == (code, "b" if code == 101 else "")


def test_knows_who_asks():
    assert websocket.is_asked_for(ASKING)
    assert not websocket.is_asked_for({**ASKING, "upgrade": "SPDY/3.1"})
    assert not websocket.is_asked_for({**ASKING, "connection": "close"})


def test_the_examples_of_the_rfc():
    assert read([bytes.fromhex("818537fa213d7f9f4d5158")]) == [Message(b"Hello", text=True)]
    assert read([bytes.fromhex("010348656c80026c6f")], masked=False) == [Message(b"Hello", text=True)]
    assert read([bytes.fromhex("890548656c6c6f8a0548656c6c6f")], masked=False) == [Ping(b"Hello"), Pong(b"Hello")]
    assert websocket.message(b"x" * 256)[:4] == bytes.fromhex("827e0100")
    assert websocket.message(b"x" * 65536)[:10] == bytes.fromhex("827f0000000000010000")


@given(
    st.lists(st.tuples(st.binary(max_size=300), st.booleans()), max_size=6), st.lists(st.integers(0, 99), max_size=20)
)
def test_reads_messages_however_they_are_cut(messages: list[tuple[bytes, bool]], sizes: list[int]):
    sent = [websocket.frame(websocket.BINARY, data, mask=MASK if masked else b"\0\0\0\0") for data, masked in messages]
    assert read(cut(b"".join(sent), sizes)) == [Message(data) for data, _ in messages]


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5), st.lists(st.integers(0, 30), max_size=9))
def test_joins_fragments_with_pings_between(parts: list[bytes], sizes: list[int]):
    frames = b""
    for number, part in enumerate(parts):
        opcode = websocket.BINARY if number == 0 else websocket.CONTINUATION
        frames += websocket.frame(websocket.PING, b"p", mask=MASK)
        frames += websocket.frame(opcode, part, final=number == len(parts) - 1, mask=MASK)
    assert read(cut(frames, sizes)) == [Ping(b"p")] * len(parts) + [Message(b"".join(parts))]


@given(st.binary(max_size=70_000))
def test_what_a_server_writes_a_client_reads(data: bytes):
    assert read([websocket.message(data)], masked=False) == [Message(data)]


@given(st.binary(max_size=200))
def test_any_bytes_are_events_or_refused(data: bytes):
    try:
        Reader().feed(data)
    except ProtocolError as error:
        assert error.code in (1002, 1007, 1009)


@pytest.mark.parametrize(
    "raw, code",
    [
        pytest.param(b"\x82\x01a", 1002, id="not-masked"),
        pytest.param(b"\xc2\x80", 1002, id="reserved-bit"),
        pytest.param(b"\x83\x80", 1002, id="unknown-opcode"),
        pytest.param(b"\x80\x80", 1002, id="nothing-to-continue"),
        pytest.param(b"\x02\x80\0\0\0\0\x82\x80", 1002, id="message-in-a-message"),
        pytest.param(b"\x09\x80", 1002, id="ping-in-parts"),
        pytest.param(b"\x89\xfe", 1002, id="long-ping"),
        pytest.param(b"\x81\x81\0\0\0\0\xff", 1007, id="not-utf-8"),
        pytest.param(b"\x88\x81\0\0\0\0\x03", 1002, id="half-a-code"),
        pytest.param(b"\x88\x82\0\0\0\0\x03\xed", 1002, id="code-1005"),
        pytest.param(b"\x82\xff\xff\0\0\0\0\0\0\0", 1009, id="huge"),
    ],
)
def test_refuses(raw: bytes, code: int):
    with pytest.raises(ProtocolError) as refused:
        Reader().feed(raw)
    assert refused.value.code == code


def test_a_message_in_parts_is_bounded_too():
    reader = Reader(message_max=10)
    reader.feed(websocket.frame(websocket.BINARY, b"123456", final=False, mask=MASK))
    with pytest.raises(ProtocolError):
        reader.feed(websocket.frame(websocket.CONTINUATION, b"12345", mask=MASK))


def test_nothing_is_read_after_a_close():
    closing = websocket.frame(websocket.CLOSE, b"\x03\xe8bye", mask=MASK)
    assert read([closing + websocket.frame(websocket.BINARY, b"x", mask=MASK), b"\xff\xff"]) == [Close(1000, "bye")]
    assert read([websocket.close(1001, "going")], masked=False) == [Close(1001, "going")]
    assert read([websocket.close(0)], masked=False) == [Close()]
