"""Which endpoints a connection may go to.

Reads the EndpointSlices of one service. Ready endpoints are used; where none is ready, those that are terminating and
still serve. A hint for this node, or for its zone, narrows the choice as long as every candidate carries hints.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from picok8s.api.objects import Object
from picok8s.network.family import Family, is_of


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: str
    port: int
    local: bool = False
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    nodes: tuple[str, ...] = ()  # Hints: the nodes, the zones that should use it.
    zones: tuple[str, ...] = ()


def of_port(slices: Iterable[Object], port_name: str, protocol: str, family: Family, node: str) -> list[Endpoint]:
    """The endpoints behind one service port, in a fixed order. Slices carry numbers: names are resolved already."""
    found: dict[tuple[str, int], Endpoint] = {}
    for endpoints in slices:
        if endpoints["addressType"] != family.slices:
            continue
        for number in port_numbers(endpoints, port_name, protocol):
            for endpoint in endpoints.get("endpoints") or ():
                one = read(endpoint, number, node)
                if not is_of(family, one.address):
                    continue
                known = found.get((one.address, number))
                # While an endpoint moves between slices it may be in two; the one that says ready is the newer.
                if known is None or (one.ready and not known.ready):
                    found[one.address, number] = one
    return [found[key] for key in sorted(found)]


def port_numbers(endpoints: Object, port_name: str, protocol: str) -> list[int]:
    return [
        port["port"]
        for port in endpoints.get("ports") or ()
        if (port.get("name") or "") == port_name and port.get("protocol", "TCP") == protocol and port.get("port")
    ]


def read(endpoint: Object, port: int, node: str) -> Endpoint:
    conditions = endpoint.get("conditions") or {}
    hints = endpoint.get("hints") or {}
    ready = conditions.get("ready") is not False
    serving = conditions.get("serving")
    return Endpoint(
        address=endpoint["addresses"][0],  # Consumers are told to use the first only.
        port=port,
        local=endpoint.get("nodeName") == node,
        ready=ready,
        serving=ready if serving is None else serving,
        terminating=bool(conditions.get("terminating")),
        nodes=tuple(hint["name"] for hint in hints.get("forNodes") or ()),
        zones=tuple(hint["name"] for hint in hints.get("forZones") or ()),
    )


def usable(endpoints: list[Endpoint]) -> list[Endpoint]:
    ready = [endpoint for endpoint in endpoints if endpoint.ready]
    return ready or [endpoint for endpoint in endpoints if endpoint.serving and endpoint.terminating]


def usable_here(endpoints: list[Endpoint]) -> list[Endpoint]:
    return usable([endpoint for endpoint in endpoints if endpoint.local])


def near(endpoints: list[Endpoint], node: str, zone: str) -> list[Endpoint]:
    """Those meant for this node, else for this zone, else all. One without hints: they are not complete yet."""
    for hints, wanted in (("nodes", node), ("zones", zone)):
        if wanted and all(getattr(endpoint, hints) for endpoint in endpoints):
            chosen = [endpoint for endpoint in endpoints if wanted in getattr(endpoint, hints)]
            if chosen:
                return chosen
    return endpoints
