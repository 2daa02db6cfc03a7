"""One port of one service, with what is needed to write its rules, and the ways in to it."""

from dataclasses import dataclass

from picok8s.api import objects
from picok8s.api.objects import Object
from picok8s.network.family import Family, is_of
from picok8s.network.skeleton import ADDRESSED, NODE_PORT, Front, Here


@dataclass(frozen=True, slots=True)
class Port:
    service: Object
    port: Object
    family: Family
    here: Here

    @property
    def spec(self) -> Object:
        return self.service["spec"]

    @property
    def name(self) -> str:
        return self.port.get("name") or ""

    @property
    def protocol(self) -> str:
        return self.port.get("protocol", "TCP").lower()

    @property
    def path(self) -> str:
        """NS/NAME/tcp/PORT, which spells the port out in names of chains and sets."""
        parts = (objects.namespace(self.service), objects.name(self.service), self.protocol, self.name)
        return "/".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Way:
    """A way in: an address with the service's port, or the node port on every address of the node."""

    front: Front
    key: str  # What a packet carries, as an element of a map.
    port: int
    address: str = ""


def cluster_ways(port: Port) -> list[Way]:
    spec = port.spec
    return to_addresses(port, spec.get("clusterIPs") or [spec["clusterIP"]])


def external_ways(port: Port) -> list[Way]:
    """External IPs and the node port."""
    ways = to_addresses(port, port.spec.get("externalIPs") or [])
    node_port = port.port.get("nodePort")
    return [*ways, Way(NODE_PORT, f"{port.protocol} . {node_port}", node_port)] if node_port else ways


def balancer_ways(port: Port) -> list[Way]:
    """The load balancer's addresses. Mode Proxy means that traffic must pass the balancer itself: not taken here."""
    if port.spec.get("type") != "LoadBalancer":
        return []
    ingress = ((port.service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return to_addresses(port, [one["ip"] for one in ingress if one.get("ip") and one.get("ipMode") != "Proxy"])


def to_addresses(port: Port, addresses: list[str]) -> list[Way]:
    number = port.port["port"]
    return [
        Way(ADDRESSED, f"{address} . {port.protocol} . {number}", number, address)
        for address in addresses
        if is_of(port.family, address)
    ]
