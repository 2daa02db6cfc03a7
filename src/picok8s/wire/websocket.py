"""WebSocket (RFC 6455) as a server speaks it: the handshake, and bytes to events and back.

Nothing here reads or writes: `Reader.feed` takes bytes as they come and gives whole messages and control frames,
whatever their fragments; `message`, `ping`, `pong` and `close` give bytes to send. No extension is ever agreed to.
"""

import base64
import binascii
import hashlib
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MESSAGE_MAX = 32 << 20  # As the library that Kubernetes' API server uses.
CONTROL_MAX = 125

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
NORMAL, GOING_AWAY, PROTOCOL_ERROR, BAD_DATA, TOO_BIG = 1000, 1001, 1002, 1007, 1009
CODES_OF_THE_RFC = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message; text is UTF-8 and left as bytes."""

    data: bytes
    text: bool = False


@dataclass(frozen=True, slots=True)
class Ping:
    data: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The other side will send no more. `code` is 0 when it gave none."""

    code: int = 0
    reason: str = ""


Event = Message | Ping | Pong | Close


class ProtocolError(Exception):
    """The other side broke the protocol: `code` is what its connection is closed with."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handshake is answered: 101 and the chosen subprotocol, or why not."""

    code: int
    protocol: str = ""
    accept: str = ""
    text: str = ""

    def head(self) -> bytes:
        """The bytes of an accepting answer."""
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        lines.append(f"Sec-WebSocket-Accept: {self.accept}")
        if self.protocol:
            lines.append(f"Sec-WebSocket-Protocol: {self.protocol}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def is_asked_for(headers: Mapping[str, str]) -> bool:
    """Whether a request (header names in lower case) wants to become a WebSocket."""
    return "upgrade" in headers.get("connection", "").lower() and headers.get("upgrade", "").lower() == "websocket"


def protocols(headers: Mapping[str, str]) -> list[str]:
    """The subprotocols that a client offers, its first choice first."""
    offered = headers.get("sec-websocket-protocol", "").replace("\x00", ",").split(",")
    return [name.strip() for name in offered if name.strip()]


def accept(key: str) -> str:
    """What proves that the server has read the client's key."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def handshake(method: str, headers: Mapping[str, str], supported: Collection[str]) -> Answer:
    """The answer to a client's handshake. "" in `supported`: a client that offers no subprotocol is welcome."""
    if method != "GET":
        return Answer(405, text="bad method")
    key = headers.get("sec-websocket-key", "")
    if not _is_key(key):
        return Answer(400, text="mismatch challenge/response")
    if headers.get("sec-websocket-version") != "13":
        return Answer(400, text="missing or bad WebSocket Version")
    chosen = next((name for name in protocols(headers) or [""] if name in supported), None)
    if chosen is None:
        return Answer(403)
    return Answer(101, chosen, accept(key))


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


class Reader:
    """Bytes of one side -> events. `masked`: these are a client's bytes, and RFC 6455 has them masked."""

    def __init__(self, masked: bool = True, message_max: int = MESSAGE_MAX) -> None:
        self._masked = masked
        self._max = message_max
        self._buffer = bytearray()
        self._parts = bytearray()  # Of the message whose last fragment has not come yet.
        self._kind = 0  # TEXT or BINARY while there is such a message.
        self._closed = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete with these bytes. Raises ProtocolError; what follows a Close is dropped."""
        self._buffer += data
        events: list[Event] = []
        while not self._closed and (frame := self._frame()) is not None:
            event = self._event(*frame)
            if event is not None:
                events.append(event)
        return events

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """(whether it is final, opcode, payload) of the first frame in the buffer, when all of it is there."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        final, opcode, length = bool(buffer[0] & 0x80), buffer[0] & 0x0F, buffer[1] & 0x7F
        self._check(buffer[0], buffer[1])
        at = 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if len(buffer) < at + size:
                return None
            length = int.from_bytes(buffer[at : at + size], "big")
            at += size
        if length + len(self._parts) > self._max:
            raise ProtocolError(TOO_BIG, f"a message of more than {self._max} bytes")
        mask = b""
        if self._masked:
            mask = bytes(buffer[at : at + 4])
            at += 4
        if len(buffer) < at + length:
            return None
        payload = bytes(buffer[at : at + length])
        del buffer[: at + length]
        return final, opcode, masked(payload, mask) if mask else payload

    def _check(self, first: int, second: int) -> None:
        """The rules on a frame's first two bytes."""
        final, opcode = first & 0x80, first & 0x0F
        if first & 0x70:
            raise ProtocolError(PROTOCOL_ERROR, "reserved bits are set, and no extension was agreed to")
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise ProtocolError(PROTOCOL_ERROR, f"unknown opcode {opcode}")
        if bool(second & 0x80) is not self._masked:
            raise ProtocolError(PROTOCOL_ERROR, "a client masks its frames, and only a client does")
        if opcode >= CLOSE and (not final or second & 0x7F > CONTROL_MAX):
            raise ProtocolError(PROTOCOL_ERROR, "a control frame is one frame of at most 125 bytes")
        if opcode == CONTINUATION and not self._kind:
            raise ProtocolError(PROTOCOL_ERROR, "nothing to continue")
        if opcode in (TEXT, BINARY) and self._kind:
            raise ProtocolError(PROTOCOL_ERROR, "a message began before the last one ended")

    def _event(self, final: bool, opcode: int, payload: bytes) -> Event | None:
        if opcode == PING:
            return Ping(payload)
        if opcode == PONG:
            return Pong(payload)
        if opcode == CLOSE:
            return self._close(payload)
        kind = self._kind or opcode
        if not final:
            self._kind = kind
            self._parts += payload
            return None
        data = bytes(self._parts) + payload if self._parts else payload
        self._kind, self._parts = 0, bytearray()
        if kind == TEXT:
            _text(data)
        return Message(data, kind == TEXT)

    def _close(self, payload: bytes) -> Close:
        self._closed = True
        if not payload:
            return Close()
        code = int.from_bytes(payload[:2], "big")
        if len(payload) < 2 or not (code in CODES_OF_THE_RFC or 3000 <= code <= 4999):
            raise ProtocolError(PROTOCOL_ERROR, "a close frame with no valid code")
        return Close(code, _text(payload[2:]))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ProtocolError(BAD_DATA, "text that is not UTF-8") from None


def masked(payload: bytes, mask: bytes) -> bytes:
    """The payload XOR the mask, again and again; as one number, since a loop over bytes is a hundred times slower."""
    size = len(payload)
    pattern = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big")


def frame(opcode: int, payload: bytes, final: bool = True, mask: bytes = b"") -> bytes:
    """One frame. A client gives four bytes of mask, a server none."""
    size, bit = len(payload), 0x80 if mask else 0
    first = opcode | (0x80 if final else 0)
    if size < 126:
        head = struct.pack(">BB", first, bit | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", first, bit | 126, size)
    else:
        head = struct.pack(">BBQ", first, bit | 127, size)
    return head + mask + (masked(payload, mask) if mask else payload)


def message(data: bytes, text: bool = False) -> bytes:
    return frame(TEXT if text else BINARY, data)


def ping(data: bytes = b"") -> bytes:
    return frame(PING, data)


def pong(data: bytes) -> bytes:
    return frame(PONG, data)


def close(code: int = NORMAL, reason: str = "") -> bytes:
    """A close frame; `code` 0 says nothing."""
    return frame(CLOSE, struct.pack(">H", code) + reason.encode()[: CONTROL_MAX - 2] if code else b"")
