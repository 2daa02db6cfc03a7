"""SPDY/3.1 frames: bytes to frames and back, with compressed headers.

Only framing is here; what frames mean (which streams there are, when they end) is the caller's. Both directions of a
connection have a compression context of their own, so it has one `Reader` and one `Writer`, each used in order.
Flow control: Kubernetes' SPDY library neither sends nor honours WINDOW_UPDATE, so that TCP alone holds a sender back;
the frames are read and written here, and what they ask is not done.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

VERSION = 3
SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
FIN, UNIDIRECTIONAL = 0x01, 0x02

PROTOCOL_ERROR, INVALID_STREAM, REFUSED_STREAM, UNSUPPORTED_VERSION, CANCEL, INTERNAL_ERROR = 1, 2, 3, 4, 5, 6

FRAME_MAX = 1 << 20  # Kubernetes' largest frame is 32 KiB; a length field holds 16 MiB.
HEADERS_MAX = 64 * 1024  # Bytes of a header block, decompressed.
CONTROL, STREAM_MASK = 0x80, 0x7FFFFFFF

_WORDS = (
    "options,head,post,put,delete,trace,accept,accept-charset,accept-encoding,accept-language,accept-ranges,age,allow,"
    "authorization,cache-control,connection,content-base,content-encoding,content-language,content-length,"
    "content-location,content-md5,content-range,content-type,date,etag,expect,expires,from,host,if-match,"
    "if-modified-since,if-none-match,if-range,if-unmodified-since,last-modified,location,max-forwards,pragma,"
    "proxy-authenticate,proxy-authorization,range,referer,retry-after,server,te,trailer,transfer-encoding,upgrade,"
    "user-agent,vary,via,warning,www-authenticate,method,get,status,200 OK,version,HTTP/1.1,url,public,set-cookie,"
    "keep-alive,origin"
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
# SPDY/3, section 2.6.10.1: words with their lengths, then plain text.
DICTIONARY = b"".join(struct.pack(">I", len(word)) + word.encode() for word in _WORDS.split(",")) + _TAIL.encode()


@dataclass(frozen=True, slots=True)
class SynStream:
    """A new stream. Names of headers are in lower case; "\\x00" parts the values of one name."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False
    unidirectional: bool = False
    associated: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class SynReply:
    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class RstStream:
    stream: int
    status: int


@dataclass(frozen=True, slots=True)
class Settings:
    """(flags, id, value) of each setting."""

    values: tuple[tuple[int, int, int], ...] = ()
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Ping:
    """Sent back as it is by whom it was not made: a client makes odd ones, a server even ones."""

    id: int


@dataclass(frozen=True, slots=True)
class GoAway:
    last_stream: int
    status: int = 0


@dataclass(frozen=True, slots=True)
class Headers:
    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class WindowUpdate:
    stream: int
    delta: int


@dataclass(frozen=True, slots=True)
class Data:
    stream: int
    data: bytes
    fin: bool = False


Frame = SynStream | SynReply | RstStream | Settings | Ping | GoAway | Headers | WindowUpdate | Data


class ProtocolError(Exception):
    """The other side broke the protocol: nothing that follows can be understood."""


class Reader:
    """Bytes -> frames. Unknown kinds of control frames are passed over, as the protocol wants."""

    def __init__(self, frame_max: int = FRAME_MAX) -> None:
        self._max = frame_max
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with these bytes. Raises ProtocolError."""
        self._buffer += data
        frames: list[Frame] = []
        at = 0
        while len(self._buffer) - at >= 8:
            flags, length = self._buffer[at + 4], int.from_bytes(self._buffer[at + 5 : at + 8], "big")
            if length > self._max:
                raise ProtocolError(f"a frame of {length} bytes; at most {self._max} are taken")
            if len(self._buffer) - at < 8 + length:
                break
            word = int.from_bytes(self._buffer[at : at + 4], "big")
            payload = bytes(self._buffer[at + 8 : at + 8 + length])
            at += 8 + length
            frame = self._control(word, flags, payload) if word >> 31 else Data(word, payload, bool(flags & FIN))
            if frame is not None:
                frames.append(frame)
        del self._buffer[:at]
        return frames

    def _control(self, word: int, flags: int, payload: bytes) -> Frame | None:
        if word >> 16 & 0x7FFF != VERSION:
            raise ProtocolError(f"version {word >> 16 & 0x7FFF}")
        kind, fin = word & 0xFFFF, bool(flags & FIN)
        try:
            if kind == SYN_STREAM:
                stream, associated, priority = struct.unpack_from(">IIB", payload)
                headers = self._headers(payload[10:])
                one_way = bool(flags & UNIDIRECTIONAL)
                return SynStream(stream & STREAM_MASK, headers, fin, one_way, associated & STREAM_MASK, priority >> 5)
            if kind in (SYN_REPLY, HEADERS):
                stream = int.from_bytes(payload[:4], "big") & STREAM_MASK
                return (SynReply if kind == SYN_REPLY else Headers)(stream, self._headers(payload[4:]), fin)
            return _simple(kind, fin, payload)
        except struct.error:
            raise ProtocolError(f"a control frame of type {kind} that is too short") from None

    def _headers(self, packed: bytes) -> dict[str, str]:
        """A header block. Every one must pass through here, as each is compressed with what came before."""
        try:
            block = self._inflate.decompress(packed, HEADERS_MAX + 1)
        except zlib.error as error:
            raise ProtocolError(f"headers that do not decompress: {error}") from None
        if len(block) > HEADERS_MAX or self._inflate.unconsumed_tail:
            raise ProtocolError(f"more than {HEADERS_MAX} bytes of headers")
        (count,) = struct.unpack_from(">I", block)
        texts, at = [], 4
        for _ in range(count * 2):
            (size,) = struct.unpack_from(">I", block, at)
            if at + 4 + size > len(block):
                raise ProtocolError("a header that ends early")
            texts.append(block[at + 4 : at + 4 + size].decode("latin-1"))
            at += 4 + size
        return dict(zip(texts[::2], texts[1::2], strict=True))


def _simple(kind: int, clear: bool, payload: bytes) -> Frame | None:
    """Control frames with no headers."""
    if kind == SETTINGS:
        (count,) = struct.unpack_from(">I", payload)
        if len(payload) < 4 + 8 * count:
            raise ProtocolError("settings that end early")
        rows = [struct.unpack_from(">II", payload, 4 + 8 * i) for i in range(count)]
        return Settings(tuple((word >> 24, word & 0xFFFFFF, value) for word, value in rows), clear)
    if kind == PING:
        return Ping(*struct.unpack_from(">I", payload))
    if kind not in (RST_STREAM, GOAWAY, WINDOW_UPDATE):
        return None
    stream, value = struct.unpack_from(">II", payload)
    stream &= STREAM_MASK
    if kind == WINDOW_UPDATE:
        return WindowUpdate(stream, value & STREAM_MASK)
    return RstStream(stream, value) if kind == RST_STREAM else GoAway(stream, value)


class Writer:
    """Frames -> bytes, to be sent in the order in which they were made."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def write(self, frame: Frame) -> bytes:
        match frame:
            case Data():
                flags = FIN if frame.fin else 0
                return struct.pack(">II", frame.stream, flags << 24 | len(frame.data)) + frame.data
            case SynStream():
                flags = (FIN if frame.fin else 0) | (UNIDIRECTIONAL if frame.unidirectional else 0)
                head = struct.pack(">IIBB", frame.stream, frame.associated, frame.priority << 5, 0)
                return _control(SYN_STREAM, flags, head + self._headers(frame.headers))
            case SynReply() | Headers():
                kind = SYN_REPLY if isinstance(frame, SynReply) else HEADERS
                payload = struct.pack(">I", frame.stream) + self._headers(frame.headers)
                return _control(kind, FIN if frame.fin else 0, payload)
            case RstStream():
                return _control(RST_STREAM, 0, struct.pack(">II", frame.stream, frame.status))
            case GoAway():
                return _control(GOAWAY, 0, struct.pack(">II", frame.last_stream, frame.status))
            case WindowUpdate():
                return _control(WINDOW_UPDATE, 0, struct.pack(">II", frame.stream, frame.delta))
            case Ping():
                return _control(PING, 0, struct.pack(">I", frame.id))
            case Settings():
                rows = b"".join(struct.pack(">II", flags << 24 | id_, value) for flags, id_, value in frame.values)
                return _control(SETTINGS, FIN if frame.clear else 0, struct.pack(">I", len(frame.values)) + rows)

    def _headers(self, headers: Mapping[str, str]) -> bytes:
        block = struct.pack(">I", len(headers))
        for pair in headers.items():
            for text in pair:
                raw = text.encode("latin-1")
                block += struct.pack(">I", len(raw)) + raw
        return self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def _control(kind: int, flags: int, payload: bytes) -> bytes:
    return struct.pack(">HHI", CONTROL << 8 | VERSION, kind, flags << 24 | len(payload)) + payload
