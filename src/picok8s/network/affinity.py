"""Endpoints that remember their clients (session affinity ClientIP).

Each endpoint has a set of the clients that it served, which forgets one after the service's timeout without a new
connection, and a chain that renews it. A service has chains of its own here, whose names spell it out:

    service/NS/NAME/tcp/PORT          any endpoint
    local/...                         an endpoint of this node
    outside/..., split/...            from outside, by external traffic policy
    endpoint/.../ADDRESS/PORT         one endpoint
"""

from picok8s.network.endpoints import Endpoint
from picok8s.network.family import joined
from picok8s.network.port import Port, Way
from picok8s.network.spread import one_at_random, split_rules, to_masquerade
from picok8s.network.table import Piece

SECONDS = 10800
CLIENTS_MAX = 65535  # Remembered by each endpoint; more clients are balanced without memory.


def inside(piece: Piece, port: Port, way: Way, anywhere: list[Endpoint]) -> str:
    name = f"service/{port.path}"
    if name not in piece.chains:
        piece.chains[name] = (to_masquerade(port.family, port.here), *choose(piece, port, anywhere))
    return f"goto {name}"


def outside(piece: Piece, port: Port, way: Way, anywhere: list[Endpoint]) -> str:
    name = f"outside/{port.path}"
    piece.chains[name] = ("jump masquerade-later", inside(piece, port, way, anywhere))
    return f"goto {name}"


def only_here(piece: Piece, port: Port, way: Way, here: list[Endpoint]) -> str:
    name = f"local/{port.path}"
    if name not in piece.chains:
        piece.chains[name] = tuple(choose(piece, port, here))
    return f"goto {name}"


def split(piece: Piece, port: Port, way: Way, anywhere: list[Endpoint], here: list[Endpoint]) -> str:
    rest = only_here(piece, port, way, here) if here else "drop"
    name = f"split/{port.path}"
    piece.chains[name] = split_rules(port.family, port.here, inside(piece, port, way, anywhere), rest)
    return f"goto {name}"


def choose(piece: Piece, port: Port, endpoints: list[Endpoint]) -> list[str]:
    """First whoever had this client, else anyone."""
    ip = port.family.table
    config = (port.spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    seconds = config.get("timeoutSeconds") or SECONDS
    rules, verdicts = [], []
    for endpoint in endpoints:
        path = f"{port.path}/{endpoint.address.replace(':', '.')}/{endpoint.port}"
        clients = f"clients-{seconds}/{path}"  # The timeout is in the name: a set cannot change its timeout.
        piece.sets[clients] = (
            f"type {port.family.address}; size {CLIENTS_MAX}; flags dynamic,timeout; timeout {seconds}s;"
        )
        piece.chains[f"endpoint/{path}"] = (
            f"update @{clients} {{ {ip} saddr }}",
            f"meta l4proto {port.protocol} dnat {ip} to {joined(port.family, endpoint.address, endpoint.port)}",
        )
        rules.append(f"{ip} saddr @{clients} goto endpoint/{path}")
        verdicts.append(f"goto endpoint/{path}")
    return [*rules, one_at_random(verdicts)]
