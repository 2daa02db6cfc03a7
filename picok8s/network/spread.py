"""Endpoints at random, by chains that all services share.

A chain for each *number* of endpoints draws an index and looks the endpoint up by (what the packet carries, index).
So a service costs elements of maps and no chain of its own, which the kernel takes more than ten times faster, and a
change of endpoints is a change of elements.
"""

from picok8s.network.endpoints import Endpoint
from picok8s.network.family import Family, networks
from picok8s.network.port import Port, Way
from picok8s.network.skeleton import PROTOCOLS, Front, Here, one_of
from picok8s.network.table import Piece


def inside(piece: Piece, port: Port, way: Way, anywhere: list[Endpoint]) -> str:
    """From pods and this node, to any endpoint."""
    put(piece, way.front.endpoints, way, anywhere)
    return any_of(piece, port, way.front, len(anywhere))


def outside(piece: Piece, port: Port, way: Way, anywhere: list[Endpoint]) -> str:
    """From outside, to any endpoint: masqueraded, so that the answer comes back this way wherever the endpoint is."""
    put(piece, way.front.endpoints, way, anywhere)
    name = f"{way.front.prefix}outside-{len(anywhere)}"
    piece.chains[name] = ("jump masquerade-later", draw(port.family, way.front, way.front.endpoints, len(anywhere)))
    return f"goto {name}"


def only_here(piece: Piece, port: Port, way: Way, here: list[Endpoint]) -> str:
    """To an endpoint of this node."""
    put(piece, way.front.local, way, here)
    name = f"{way.front.prefix}local-{len(here)}"
    piece.chains[name] = (draw(port.family, way.front, way.front.local, len(here)),)
    return f"goto {name}"


def split(piece: Piece, port: Port, way: Way, anywhere: list[Endpoint], here: list[Endpoint]) -> str:
    """From pods and this node to any endpoint; from outside to one of this node, which sees the client's address."""
    verdict = inside(piece, port, way, anywhere)
    rest = only_here(piece, port, way, here) if here else "drop"
    name = f"{way.front.prefix}split-{len(anywhere)}-{len(here)}"
    piece.chains[name] = split_rules(port.family, port.here, verdict, rest)
    return f"goto {name}"


def split_rules(family: Family, here: Here, inside: str, outside: str) -> tuple[str, ...]:
    return (f"{family.table} saddr {pods(family, here)} {inside}", f"fib saddr type local {inside}", outside)


def any_of(piece: Piece, port: Port, front: Front, count: int) -> str:
    name = f"{front.prefix}any-{count}"
    piece.chains[name] = (to_masquerade(port.family, port.here), draw(port.family, front, front.endpoints, count))
    return f"goto {name}"


def to_masquerade(family: Family, here: Here) -> str:
    """What comes from outside the pod network: the answer must pass here again to be translated back."""
    return f"{family.table} saddr != {pods(family, here)} jump masquerade-later"


def draw(family: Family, front: Front, endpoints: str, count: int) -> str:
    carried = front.carried(family)
    return f"meta l4proto {PROTOCOLS} dnat {family.table} to {carried} . numgen random mod {count} map @{endpoints}"


def put(piece: Piece, name: str, way: Way, endpoints: list[Endpoint]) -> None:
    for index, endpoint in enumerate(endpoints):
        piece.elements[name, f"{way.key} . {index}"] = f"{endpoint.address} . {endpoint.port}"


def pods(family: Family, here: Here) -> str:
    return one_of(networks(family, here.pod_networks))
