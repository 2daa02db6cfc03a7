"""Endpoints at random, by chains and maps that all services share.

A chain for each *number* of endpoints draws an index, and a map for each index says which endpoint that is, by what the
packet carries. So a service costs elements of maps and no chain of its own, which the kernel takes more than ten times
faster, and a change of endpoints is a change of elements.
"""

from functools import cache

from picok8s.network.endpoints import Endpoint
from picok8s.network.family import Family, networks
from picok8s.network.port import Port, Way
from picok8s.network.skeleton import PROTOCOLS, Front, Here, one_of
from picok8s.network.table import Piece

Chain = tuple[str, tuple[str, ...]]  # Name, rules. Cached: thousands of services name the same ones.


def inside(piece: Piece, port: Port, way: Way, anywhere: list[Endpoint]) -> str:
    """From pods and this node, to any endpoint."""
    put(piece, port.family, way, way.front.endpoints, anywhere)
    return go(piece, any_of(port.family, port.here, way.front, len(anywhere)))


def outside(piece: Piece, port: Port, way: Way, anywhere: list[Endpoint]) -> str:
    """From outside, to any endpoint: masqueraded, so that the answer comes back this way wherever the endpoint is."""
    put(piece, port.family, way, way.front.endpoints, anywhere)
    return go(piece, outside_of(way.front, len(anywhere)))


def only_here(piece: Piece, port: Port, way: Way, here: list[Endpoint]) -> str:
    """To an endpoint of this node."""
    put(piece, port.family, way, way.front.local, here)
    return go(piece, local_of(way.front, len(here)))


def split(piece: Piece, port: Port, way: Way, anywhere: list[Endpoint], here: list[Endpoint]) -> str:
    """From pods and this node to any endpoint; from outside to one of this node, which sees the client's address."""
    verdict = inside(piece, port, way, anywhere)
    rest = only_here(piece, port, way, here) if here else "drop"
    name = f"{way.front.prefix}split-{len(anywhere)}-{len(here)}"
    return go(piece, (name, split_rules(port.family, port.here, verdict, rest)))


def go(piece: Piece, chain: Chain) -> str:
    name, rules = chain
    piece.chains[name] = rules
    return f"goto {name}"


def put(piece: Piece, family: Family, way: Way, kind: str, endpoints: list[Endpoint]) -> None:
    for index, endpoint in enumerate(endpoints):
        name, declaration, chain = indexed(family, way.front, kind, index)
        piece.sets[name] = declaration
        go(piece, chain)
        piece.elements[name, way.key] = f"{endpoint.address} . {endpoint.port}"


@cache
def indexed(family: Family, front: Front, kind: str, index: int) -> tuple[str, str, Chain]:
    """The map of the endpoints that are number `index` of their service, its type, and the chain that looks there."""
    name = f"{kind}-{index}"
    rule = f"meta l4proto {PROTOCOLS} dnat {family.table} to {front.carried(family)} map @{name}"
    return name, f"type {front.type(family)} : {family.address} . inet_service;", (f"to-{name}", (rule,))


@cache
def any_of(family: Family, here: Here, front: Front, count: int) -> Chain:
    return f"{front.prefix}any-{count}", (to_masquerade(family, here), draw(front.endpoints, count))


@cache
def outside_of(front: Front, count: int) -> Chain:
    return f"{front.prefix}outside-{count}", ("jump masquerade-later", draw(front.endpoints, count))


@cache
def local_of(front: Front, count: int) -> Chain:
    return f"{front.prefix}local-{count}", (draw(front.local, count),)


def draw(kind: str, count: int) -> str:
    return one_at_random([f"goto to-{kind}-{index}" for index in range(count)])


def one_at_random(verdicts: list[str]) -> str:
    if len(verdicts) == 1:
        return verdicts[0]
    numbered = ", ".join(f"{index} : {verdict}" for index, verdict in enumerate(verdicts))
    return f"numgen random mod {len(verdicts)} vmap {{ {numbered} }}"


def split_rules(family: Family, here: Here, inside: str, outside: str) -> tuple[str, ...]:
    return (f"{family.table} saddr {pods(family, here)} {inside}", f"fib saddr type local {inside}", outside)


def to_masquerade(family: Family, here: Here) -> str:
    """What comes from outside the pod network: the answer must pass here again to be translated back."""
    return f"{family.table} saddr != {pods(family, here)} jump masquerade-later"


def pods(family: Family, here: Here) -> str:
    return one_of(networks(family, here.pod_networks))
