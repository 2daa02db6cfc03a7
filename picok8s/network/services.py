"""A service and its endpoints as rules.

Reads a Service and its EndpointSlices; gives the `Piece` of one family: entries in the shared maps for the cluster
IPs, external and load-balancer addresses and the node port of each port, and the chains that choose an endpoint.
Names of chains spell out the service, so that `nft list table ip picok8s` can be read.

    service/NS/NAME/tcp/PORT    any endpoint of the cluster
    local/...                   an endpoint of this node
    external/...                from outside: what the external traffic policy says
    ranges/...                  loadBalancerSourceRanges, before external
    endpoint/.../ADDRESS/PORT   one endpoint that remembers its clients (session affinity)
"""

from collections.abc import Iterable
from dataclasses import dataclass

from picok8s.api import objects
from picok8s.api.objects import Object
from picok8s.network import endpoints as choices
from picok8s.network.endpoints import Endpoint
from picok8s.network.family import Family, is_of, joined, networks
from picok8s.network.skeleton import DROPPED, HAIRPIN, NODE_PORTS, REFUSED, SERVICES, Here, one_of
from picok8s.network.table import EMPTY, Piece

OTHER_PROXY = "service.kubernetes.io/service-proxy-name"  # A label: another program does this service.
AFFINITY_SECONDS = 10800
AFFINITY_CLIENTS_MAX = 65535  # Remembered for each endpoint; more clients are balanced without memory.


@dataclass(frozen=True, slots=True)
class Port:
    """One port of one service, with what is needed to write its rules."""

    service: Object
    port: Object
    family: Family
    here: Here
    path: str  # NS/NAME/tcp/PORT
    protocol: str

    @property
    def spec(self) -> Object:
        return self.service["spec"]


def piece(service: Object, slices: Iterable[Object], family: Family, here: Here) -> Piece:
    if not is_proxied(service):
        return EMPTY
    slices = list(slices)
    result = Piece()
    for port in service["spec"].get("ports") or ():
        protocol = port.get("protocol", "TCP")
        parts = (objects.namespace(service), objects.name(service), protocol.lower(), port.get("name") or "")
        one = Port(service, port, family, here, "/".join(part for part in parts if part), protocol.lower())
        found = choices.of_port(slices, port.get("name") or "", protocol, family, here.node)
        add_port(result, one, found)
    return result


def is_proxied(service: Object) -> bool:
    spec = service["spec"]
    return (
        spec.get("type") != "ExternalName"
        and spec.get("clusterIP", "") not in ("", "None")
        and OTHER_PROXY not in objects.labels(service)
    )


def add_port(result: Piece, port: Port, found: list[Endpoint]) -> None:
    anywhere = choices.near(choices.usable(found), port.here.node, port.here.zone)
    here = choices.usable_here(found)
    if not anywhere and not here:
        refuse(result, port)
        return
    for endpoint in {*anywhere, *here}:
        if endpoint.local:
            result.elements[HAIRPIN, f"{endpoint.address} . {endpoint.address}"] = ""
    inside = add_inside(result, port, anywhere, here)
    for address in cluster_addresses(port):
        result.elements[SERVICES, key(port, address)] = inside
    if is_external(port):
        add_external(result, port, anywhere, here)


def refuse(result: Piece, port: Port) -> None:
    """Every way to a service without endpoints is refused at once, but for an address that this node answers itself."""
    for address in (*cluster_addresses(port), *external_addresses(port), *balancer_addresses(port)):
        if address not in port.here.answered:
            result.elements[SERVICES, key(port, address)] = REFUSED
    if node_port := port.port.get("nodePort"):
        result.elements[NODE_PORTS, f"{port.protocol} . {node_port}"] = REFUSED


def add_inside(result: Piece, port: Port, anywhere: list[Endpoint], here: list[Endpoint]) -> str:
    """The verdict for the cluster IPs."""
    if port.spec.get("internalTrafficPolicy") == "Local":
        return add_choice(result, port, "local", here) if here else DROPPED
    return add_choice(result, port, "service", anywhere)


def add_external(result: Piece, port: Port, anywhere: list[Endpoint], here: list[Endpoint]) -> None:
    """The chain for what comes from outside, and the entries that lead there."""
    ip = port.family.table
    service = add_choice(result, port, "service", anywhere)
    if port.spec.get("externalTrafficPolicy") == "Local":
        # Pods and this node itself are inside, and go where the cluster IP leads. Others keep their address.
        rules = [
            f"{ip} saddr {pods(port)} {service}",
            f"fib saddr type local {service}",
            add_choice(result, port, "local", here) if here else "drop",
        ]
    else:
        rules = ["jump masquerade-later", service]
    result.chains[f"external/{port.path}"] = tuple(rules)
    external = f"goto external/{port.path}"
    for address in external_addresses(port):
        result.elements[SERVICES, key(port, address)] = external
    balancer = add_ranges(result, port, external)
    for address in balancer_addresses(port):
        result.elements[SERVICES, key(port, address)] = balancer
    if node_port := port.port.get("nodePort"):
        result.elements[NODE_PORTS, f"{port.protocol} . {node_port}"] = external


def add_ranges(result: Piece, port: Port, external: str) -> str:
    """The verdict for load-balancer addresses: only the source ranges pass, when there are any."""
    ranges = [cidr.strip() for cidr in port.spec.get("loadBalancerSourceRanges") or ()]
    allowed = networks(port.family, tuple(ranges))
    if not ranges or not balancer_addresses(port):
        return external
    rules = [f"{port.family.table} saddr {cidr} {external}" for cidr in allowed]
    result.chains[f"ranges/{port.path}"] = (*rules, "drop")
    return f"goto ranges/{port.path}"


def add_choice(result: Piece, port: Port, kind: str, endpoints: list[Endpoint]) -> str:
    """The verdict that leads to one of `endpoints` at random, or to the one that the client had before."""
    if not endpoints:
        return "drop"
    name = f"{kind}/{port.path}"
    if name not in result.chains:
        # Masquerade what comes from outside the pod network: the answer must pass here again to be translated back.
        first = [f"{port.family.table} saddr != {pods(port)} jump masquerade-later"] if kind == "service" else []
        if port.spec.get("sessionAffinity") == "ClientIP":
            rules = remembered(result, port, endpoints)
        else:
            rules = [f"meta l4proto {port.protocol} dnat {port.family.table} to {target(port.family, endpoints)}"]
        result.chains[name] = (*first, *rules)
    return f"goto {name}"


def target(family: Family, endpoints: list[Endpoint]) -> str:
    if len(endpoints) == 1:
        return joined(family, endpoints[0].address, endpoints[0].port)
    numbered = ", ".join(f"{i} : {one.address} . {one.port}" for i, one in enumerate(endpoints))
    return f"numgen random mod {len(endpoints)} map {{ {numbered} }}"


def remembered(result: Piece, port: Port, endpoints: list[Endpoint]) -> list[str]:
    """Session affinity: a set of clients for each endpoint, which forgets a client after the timeout."""
    ip = port.family.table
    config = (port.spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    seconds = config.get("timeoutSeconds") or AFFINITY_SECONDS
    rules, verdicts = [], []
    for i, endpoint in enumerate(endpoints):
        path = f"{port.path}/{endpoint.address.replace(':', '.')}/{endpoint.port}"
        clients = f"clients-{seconds}/{path}"  # The timeout is in the name: a set cannot change its timeout.
        result.sets[clients] = (
            f"type {port.family.address}; size {AFFINITY_CLIENTS_MAX}; flags dynamic,timeout; timeout {seconds}s;"
        )
        result.chains[f"endpoint/{path}"] = (
            f"update @{clients} {{ {ip} saddr }}",
            f"meta l4proto {port.protocol} dnat {ip} to {joined(port.family, endpoint.address, endpoint.port)}",
        )
        rules.append(f"{ip} saddr @{clients} goto endpoint/{path}")
        verdicts.append(f"{i} : goto endpoint/{path}")
    return [*rules, f"numgen random mod {len(endpoints)} vmap {{ {', '.join(verdicts)} }}"]


def cluster_addresses(port: Port) -> list[str]:
    spec = port.spec
    return [one for one in spec.get("clusterIPs") or [spec["clusterIP"]] if is_of(port.family, one)]


def external_addresses(port: Port) -> list[str]:
    return [one for one in port.spec.get("externalIPs") or () if is_of(port.family, one)]


def balancer_addresses(port: Port) -> list[str]:
    """Those of the load balancer that are taken here. Mode Proxy means that traffic must pass the balancer itself."""
    if port.spec.get("type") != "LoadBalancer":
        return []
    ingress = ((port.service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [
        one["ip"] for one in ingress if one.get("ip") and one.get("ipMode") != "Proxy" and is_of(port.family, one["ip"])
    ]


def is_external(port: Port) -> bool:
    return bool(port.port.get("nodePort") or external_addresses(port) or balancer_addresses(port))


def key(port: Port, address: str) -> str:
    return f"{address} . {port.protocol} . {port.port['port']}"


def pods(port: Port) -> str:
    return one_of(networks(port.family, port.here.pod_networks))
