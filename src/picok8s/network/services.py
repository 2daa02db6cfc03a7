"""A service and its endpoints as rules.

Reads a Service and its EndpointSlices; gives the `Piece` of one family: what a connection to each cluster IP, external
and load-balancer address and node port meets. `spread.py` and `affinity.py` say how an endpoint is chosen; here is
which endpoints, by traffic policy, and what happens when there are none.
"""

from collections.abc import Iterable
from types import ModuleType

from picok8s.api import objects
from picok8s.api.objects import Object
from picok8s.network import affinity, endpoints, spread
from picok8s.network.endpoints import Endpoint
from picok8s.network.family import Family, networks
from picok8s.network.port import Port, Way, balancer_ways, cluster_ways, external_ways
from picok8s.network.skeleton import DROPPED, HAIRPIN, REFUSED, Here
from picok8s.network.table import EMPTY, Piece

OTHER_PROXY = "service.kubernetes.io/service-proxy-name"  # A label: another program does this service.


def piece(service: Object, slices: Iterable[Object], family: Family, here: Here) -> Piece:
    if not is_proxied(service):
        return EMPTY
    slices = list(slices)
    result = Piece()
    for entry in service["spec"].get("ports") or ():
        port = Port(service, entry, family, here)
        add(result, port, endpoints.of_port(slices, port.name, port.protocol.upper(), family, here.node))
    return result


def is_proxied(service: Object) -> bool:
    spec = service["spec"]
    return (
        spec.get("type") != "ExternalName"
        and spec.get("clusterIP", "") not in ("", "None")
        and OTHER_PROXY not in objects.labels(service)
    )


def add(result: Piece, port: Port, found: list[Endpoint]) -> None:
    anywhere = endpoints.near(endpoints.usable(found), port.here.node, port.here.zone)
    here = endpoints.usable_here(found)
    if not anywhere:
        refuse(result, port)
        return
    for endpoint in (*anywhere, *here):
        if endpoint.local:
            result.elements[HAIRPIN, f"{endpoint.address} . {endpoint.address}"] = ""
    inner, outer, balanced = cluster_ways(port), external_ways(port), balancer_ways(port)
    remember(result, port, [*inner, *outer, *balanced], [*anywhere, *here])
    for way in inner:
        enter(result, way, inside(result, port, way, anywhere, here))
    for way in outer:
        enter(result, way, outside(result, port, way, anywhere, here))
    for way in balanced:
        enter(result, way, in_ranges(result, port, outside(result, port, way, anywhere, here)))


def remember(result: Piece, port: Port, ways: list[Way], used: list[Endpoint]) -> None:
    if port.protocol == "udp":
        result.flows.update((way.address, way.port, endpoint.address) for way in ways for endpoint in used)


def refuse(result: Piece, port: Port) -> None:
    """Every way to a service without endpoints is refused at once, but for what this node answers itself."""
    for way in (*cluster_ways(port), *external_ways(port), *balancer_ways(port)):
        if way.address not in port.here.answered:
            enter(result, way, REFUSED)


def enter(result: Piece, way: Way, verdict: str) -> None:
    result.elements[way.front.entries, way.key] = verdict


def inside(result: Piece, port: Port, way: Way, anywhere: list[Endpoint], here: list[Endpoint]) -> str:
    """The verdict for a cluster IP."""
    choice = chooser(port)
    if port.spec.get("internalTrafficPolicy") == "Local":
        return choice.only_here(result, port, way, here) if here else DROPPED
    return choice.inside(result, port, way, anywhere)


def outside(result: Piece, port: Port, way: Way, anywhere: list[Endpoint], here: list[Endpoint]) -> str:
    """The verdict for what comes from outside."""
    choice = chooser(port)
    if port.spec.get("externalTrafficPolicy") == "Local":
        return choice.split(result, port, way, anywhere, here)
    return choice.outside(result, port, way, anywhere)


def in_ranges(result: Piece, port: Port, verdict: str) -> str:
    """The same verdict, but only for loadBalancerSourceRanges when there are any."""
    ranges = tuple(cidr.strip() for cidr in port.spec.get("loadBalancerSourceRanges") or ())
    if not ranges:
        return verdict
    allowed = networks(port.family, ranges)
    name = f"ranges/{port.path}"
    result.chains[name] = (*(f"{port.family.table} saddr {cidr} {verdict}" for cidr in allowed), "drop")
    return f"goto {name}"


def chooser(port: Port) -> ModuleType:
    return affinity if port.spec.get("sessionAffinity") == "ClientIP" else spread
