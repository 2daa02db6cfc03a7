"""DNS messages: bytes of a query to what it asks, and an answer to bytes.

Only what a server of one zone and a forwarder need: one question, records whose data is bytes already. The question is
copied back as it came, so that its capitals are kept, and an owner that is the question's name is a pointer to it.
"""

import struct
from dataclasses import dataclass, field

A, NS, CNAME, SOA, PTR, TXT, AAAA, SRV, OPT, ANY = 1, 2, 5, 6, 12, 16, 28, 33, 41, 255
IN = 1
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NO_NAME, NOT_IMPLEMENTED, REFUSED = range(6)

HEADER = struct.Struct("!HHHHHH")
TAIL = struct.Struct("!HH")  # Type and class after a name.
RECORD = struct.Struct("!HHIH")  # Type, class, TTL, length of the data.
RESPONSE, AUTHORITATIVE, TRUNCATED, RECURSION_DESIRED, RECURSION_AVAILABLE, CHECKING_DISABLED = (
    0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0010,
)  # fmt: skip
OPCODE = 0x7800
WANTS_DNSSEC = 0x8000  # In the TTL field of OPT, lower half.

PLAIN_MAX = 512  # Bytes of an answer over UDP without EDNS.
UDP_MAX = 1232  # With EDNS: what passes any network in one piece.
TCP_MAX = 65535
NAME_MAX, LABEL_MAX = 255, 63
QUESTION = 0xC00C.to_bytes(2, "big")  # A pointer to the name of the question.
QUESTION_AT = HEADER.size


class Malformed(Exception):
    """Not a query that can be answered; `code` is for the answer, None where there is nothing to answer."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Query:
    id: int
    flags: int
    name: str  # In lower case, without the last dot. Bytes that are not ASCII are kept as latin-1.
    type: int
    kind: int  # The class.
    question: bytes  # As it came.
    edns: int = 0  # The most bytes that the client takes over UDP; 0 without EDNS.
    dnssec: bool = False

    @property
    def udp_max(self) -> int:
        return max(PLAIN_MAX, min(self.edns, UDP_MAX)) if self.edns else PLAIN_MAX


@dataclass(frozen=True, slots=True)
class Record:
    type: int
    ttl: int
    data: bytes
    owner: str = ""  # "": the question's name.


@dataclass(frozen=True, slots=True)
class Answer:
    code: int = NO_ERROR
    records: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    more: tuple[Record, ...] = field(default=())
    authoritative: bool = True


def read(data: bytes) -> Query:
    """Raises Malformed."""
    if len(data) < HEADER.size:
        raise Malformed
    ident, flags, questions, answers, authorities, additional = HEADER.unpack_from(data)
    if flags & RESPONSE:
        raise Malformed  # Answering an answer could go on for ever.
    if flags & OPCODE:
        raise Malformed(NOT_IMPLEMENTED)
    if questions != 1 or answers or authorities:
        raise Malformed(FORMAT_ERROR)
    try:
        name, at = read_name(data, QUESTION_AT)
        kind, group = TAIL.unpack_from(data, at)
        end = at + TAIL.size
        edns, dnssec = read_edns(data, end, additional)
    except (struct.error, IndexError):
        raise Malformed(FORMAT_ERROR) from None
    return Query(ident, flags, name.lower(), kind, group, data[QUESTION_AT:end], edns, dnssec)


def read_name(data: bytes, at: int) -> tuple[str, int]:
    """A name without compression, as questions are, and where it ends."""
    labels = []
    while length := data[at]:
        if length > LABEL_MAX or at + length >= len(data):
            raise Malformed(FORMAT_ERROR)
        labels.append(data[at + 1 : at + 1 + length].decode("latin-1"))
        at += length + 1
    name = ".".join(labels)
    if len(name) > NAME_MAX:
        raise Malformed(FORMAT_ERROR)
    return name, at + 1


def read_edns(data: bytes, at: int, records: int) -> tuple[int, bool]:
    for _ in range(records):
        at = skip_name(data, at)
        kind, size, ttl, length = RECORD.unpack_from(data, at)
        if kind == OPT:
            return max(size, PLAIN_MAX), bool(ttl & WANTS_DNSSEC)
        at += RECORD.size + length
    return 0, False


def skip_name(data: bytes, at: int) -> int:
    while length := data[at]:
        if length >= 0xC0:
            return at + 2
        at += length + 1
    return at + 1


def name_bytes(name: str) -> bytes:
    """Labels on the wire, without compression."""
    labels = (label.encode("latin-1") for label in name.rstrip(".").split("."))
    return b"".join(bytes((len(label),)) + label for label in labels if label) + b"\0"


def write(query: Query, answer: Answer, limit: int) -> bytes:
    """What does not fit into `limit` is left out from the end, and TC says so: the client asks again over TCP."""
    flags = RESPONSE | RECURSION_AVAILABLE | (query.flags & (RECURSION_DESIRED | CHECKING_DISABLED)) | answer.code
    if answer.authoritative:
        flags |= AUTHORITATIVE
    end = opt() if query.edns else b""
    room = limit - QUESTION_AT - len(query.question) - len(end)
    parts, counts = [], [0, 0, 0]
    for section, records in enumerate((answer.records, answer.authority, answer.more)):
        for record in records:
            data = record_bytes(record)
            if len(data) > room:
                if section < 2:  # Additional records are a courtesy: nobody asks again for them.
                    flags |= TRUNCATED
                break
            room -= len(data)
            parts.append(data)
            counts[section] += 1
        if flags & TRUNCATED:
            break
    counts[2] += bool(end)
    return b"".join((HEADER.pack(query.id, flags, 1, *counts), query.question, *parts, end))


def record_bytes(record: Record) -> bytes:
    owner = name_bytes(record.owner) if record.owner else QUESTION
    return owner + RECORD.pack(record.type, IN, record.ttl, len(record.data)) + record.data


def opt() -> bytes:
    return b"\0" + RECORD.pack(OPT, UDP_MAX, 0, 0)


def refusal(data: bytes, code: int) -> bytes:
    """The answer to what could not be read: its header only."""
    ident, flags = struct.unpack_from("!HH", data)
    return HEADER.pack(ident, RESPONSE | (flags & (OPCODE | RECURSION_DESIRED)) | code, 0, 0, 0, 0)
