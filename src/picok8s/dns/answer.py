"""A query to its answer, or to the question that must be asked elsewhere.

The order of a decision: the cluster's own names; the reverse names of its networks; everything else goes to the
resolvers of the machine. A name that exists without the wanted type is answered without records, one that does not
exist by NXDOMAIN, both with the zone's SOA, which says for how long this holds.
"""

from dataclasses import dataclass, replace

from picok8s.dns import zone as names
from picok8s.dns.message import CNAME, IN, NO_NAME, REFUSED, SOA, Answer, Query, Record
from picok8s.dns.zone import Found, Zone

ALIASES_MAX = 8


@dataclass(frozen=True, slots=True)
class Forward:
    """Ask the machine's resolvers for `name`; `before` (aliases that lead there) goes in front of what they say."""

    name: str
    before: tuple[Record, ...] = ()


def answer(zone: Zone, query: Query) -> Answer | Forward:
    if query.kind != IN:
        return Answer(REFUSED, authoritative=False)
    records: list[Record] = []
    name = query.name
    for _ in range(ALIASES_MAX):
        found = look(zone, name, query.type)
        if isinstance(found, Forward):
            return Forward(name, tuple(records))
        if found is None:
            return Answer(NO_NAME, tuple(records), (zone.soa,))
        records += [owned(record, name, query.name) for record in found.records]
        if not found.alias or query.type == CNAME:
            return finished(zone, query, found, records)
        name = found.alias
    return Answer(records=tuple(records))


def look(zone: Zone, name: str, kind: int) -> Found | Forward | None:
    if zone.holds(name):
        return names.find(zone, name, kind)
    if name.endswith(".arpa") and names.is_ours(zone, names.reversed_address(name)):
        return names.find_reverse(zone, name, kind)
    return Forward(name)


def owned(record: Record, name: str, asked: str) -> Record:
    """Records after an alias belong to the alias's name, not to the question's."""
    return record if record.owner or name == asked else replace(record, owner=name)


def finished(zone: Zone, query: Query, found: Found, records: list[Record]) -> Answer:
    if not found.records:
        return Answer(records=tuple(records), authority=(zone.soa,) if query.type != SOA or not records else ())
    return Answer(records=turned(records, query.id), more=found.more)


def turned(records: list[Record], by: int) -> tuple[Record, ...]:
    """Many clients take the first: each query gives another one, after the aliases."""
    aliases = [record for record in records if record.type == CNAME]
    rest = [record for record in records if record.type != CNAME]
    start = by % len(rest) if rest else 0
    return (*aliases, *rest[start:], *rest[:start])
