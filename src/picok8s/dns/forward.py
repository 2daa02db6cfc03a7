"""What goes to the machine's resolvers, and what to make of their replies.

A reply is passed on as it came: only its id, its question (the client's capitals) and its TTLs are written anew. Where
aliases of ours stand in front, its records are taken apart first, since names in them point into the message.
"""

import struct
from dataclasses import dataclass
from ipaddress import ip_address

from picok8s.dns.message import (
    AAAA,
    CHECKING_DISABLED,
    CNAME,
    HEADER,
    IN,
    NAME_MAX,
    NO_ERROR,
    NO_NAME,
    OPT,
    QUESTION_AT,
    RECORD,
    RECURSION_DESIRED,
    RESPONSE,
    SOA,
    SRV,
    TAIL,
    TRUNCATED,
    TXT,
    UDP_MAX,
    WANTS_DNSSEC,
    A,
    Malformed,
    Query,
    Record,
    name_bytes,
    skip_name,
)

CODE = 0x000F
SERVERS_MAX = 3  # As the C library reads resolv.conf.
POINTERS_MAX = 64


@dataclass(frozen=True, slots=True)
class Reply:
    data: bytes
    code: int
    ttl: int  # For how long it may be kept; 0: not at all.
    ttls: tuple[int, ...]  # Where TTLs are in `data`.
    question_end: int


def request(query: Query, name: str, ident: int) -> bytes:
    flags = RECURSION_DESIRED | (query.flags & CHECKING_DISABLED)
    question = query.question if name == query.name else name_bytes(name) + TAIL.pack(query.type, query.kind)
    extra = b"\0" + RECORD.pack(OPT, UDP_MAX, WANTS_DNSSEC if query.dnssec else 0, 0) if query.edns else b""
    return HEADER.pack(ident, flags, 1, 0, 0, 1 if extra else 0) + question + extra


def is_reply(request: bytes, data: bytes) -> bool:
    """Whether `data` answers `request`: anybody may send to a port."""
    if len(data) < HEADER.size or data[:2] != request[:2]:
        return False
    _, flags, questions, *_ = HEADER.unpack_from(data)
    end = question_end(request)
    return (
        bool(flags & RESPONSE) and questions == 1 and data[QUESTION_AT:end].lower() == request[QUESTION_AT:end].lower()
    )


def question_end(request: bytes) -> int:
    return skip_name(request, QUESTION_AT) + TAIL.size


def is_truncated(data: bytes) -> bool:
    return bool(HEADER.unpack_from(data)[1] & TRUNCATED)


def read(data: bytes) -> Reply:
    """Raises Malformed."""
    try:
        _, flags, _, answers, authorities, additional = HEADER.unpack_from(data)
        end = at = question_end(data)
        ttls, lives, negative = [], [], 0
        for number in range(answers + authorities + additional):
            after = skip_name(data, at)
            kind, _, ttl, length = RECORD.unpack_from(data, after)
            at = after + RECORD.size + length
            if at > len(data):
                raise Malformed
            if kind == OPT:
                continue
            ttls.append(after + 4)
            lives.append(ttl)
            if kind == SOA and answers <= number < answers + authorities:
                negative = min(ttl, struct.unpack_from("!I", data, at - 4)[0])
    except (struct.error, IndexError):
        raise Malformed from None
    code = flags & CODE
    life = 0
    if code == NO_ERROR and answers:
        life = min(lives)
    elif code in (NO_ERROR, NO_NAME):
        life = negative
    return Reply(data, code, life, tuple(ttls), end)


def answered(reply: Reply, query: Query, age: int, limit: int) -> bytes:
    """The reply for a query with the same question, `age` seconds after it came."""
    data = bytearray(reply.data)
    data[0:2] = query.id.to_bytes(2, "big")
    data[QUESTION_AT : reply.question_end] = query.question
    if not query.flags & RECURSION_DESIRED:
        data[2] &= ~(RECURSION_DESIRED >> 8) & 0xFF
    if len(data) > limit:
        return truncated(bytes(data[: reply.question_end]))
    for at in reply.ttls if age else ():
        left = max(0, int.from_bytes(data[at : at + 4], "big") - age)
        data[at : at + 4] = left.to_bytes(4, "big")
    return bytes(data)


def truncated(head: bytes) -> bytes:
    ident, flags, *_ = HEADER.unpack_from(head)
    return HEADER.pack(ident, flags | TRUNCATED, 1, 0, 0, 0) + head[QUESTION_AT:]


def records(reply: Reply) -> tuple[Record, ...]:
    """The answers, each complete in itself. Other types than these do not follow an alias of ours."""
    data, at = reply.data, reply.question_end
    found = []
    for _ in range(HEADER.unpack_from(data)[3]):
        owner, after = full_name(data, at)
        kind, group, ttl, length = RECORD.unpack_from(data, after)
        start = after + RECORD.size
        at = start + length
        if group != IN or kind not in (A, AAAA, CNAME, TXT, SRV):
            continue
        content = name_bytes(full_name(data, start)[0]) if kind == CNAME else data[start:at]
        found.append(Record(kind, ttl, content, owner=owner))
    return tuple(found)


def full_name(data: bytes, at: int) -> tuple[str, int]:
    """A name and where it ends, through its pointers. Raises Malformed when they go on for too long."""
    labels: list[str] = []
    end = 0
    for _ in range(POINTERS_MAX + NAME_MAX):
        length = data[at]
        if length >= 0xC0:
            end = end or at + 2
            at = int.from_bytes(data[at : at + 2], "big") & 0x3FFF
        elif length:
            labels.append(data[at + 1 : at + 1 + length].decode("latin-1"))
            at += length + 1
        else:
            return ".".join(labels), end or at + 1
    raise Malformed


def servers(text: str, own: frozenset[str]) -> tuple[str, ...]:
    """The resolvers of a resolv.conf, without ourselves."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver" and is_address(words[1]) and words[1] not in own:
            found.append(words[1])
    return tuple(found[:SERVERS_MAX])


def is_address(word: str) -> bool:
    try:
        ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return True
