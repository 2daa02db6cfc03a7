"""Replies of other resolvers, kept for as long as they say, and no more of them than fit."""

from collections import OrderedDict
from dataclasses import dataclass

from picok8s.dns.forward import Reply
from picok8s.dns.message import CHECKING_DISABLED, Query

LIFE_MAX_S = 300  # A machine that moves to another network should not live with the old one's names for long.
REPLIES_MAX = 4096
BYTES_MAX = 4 * 1024 * 1024

Question = tuple[str, int, int, bool, bool, int]


def question(query: Query, name: str) -> Question:
    """What a reply depends on."""
    return name, query.type, query.kind, query.edns > 0, query.dnssec, query.flags & CHECKING_DISABLED


@dataclass(slots=True)
class Kept:
    reply: Reply
    since: float
    until: float


class Cache:
    """The least recently used goes first. Time is an argument."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Question, Kept] = OrderedDict()
        self.bytes = 0

    def get(self, key: Question, now: float) -> tuple[Reply, int] | None:
        """The reply and its age in seconds."""
        kept = self.kept.get(key)
        if kept is None:
            return None
        if now >= kept.until:
            self.drop(key)
            return None
        self.kept.move_to_end(key)
        return kept.reply, int(now - kept.since)

    def put(self, key: Question, reply: Reply, now: float) -> None:
        if reply.ttl <= 0:
            return
        self.drop(key)
        self.kept[key] = Kept(reply, now, now + min(reply.ttl, LIFE_MAX_S))
        self.bytes += len(reply.data)
        while len(self.kept) > REPLIES_MAX or self.bytes > BYTES_MAX:
            self.drop(next(iter(self.kept)))

    def drop(self, key: Question) -> None:
        kept = self.kept.pop(key, None)
        if kept is not None:
            self.bytes -= len(kept.reply.data)
