"""The names of the cluster: what the Kubernetes DNS specification says of a service, its endpoints and pods.

Reads services and EndpointSlices through `Cluster`, by key: the cost of an answer does not depend on how many services
there are. Gives records; `answer.py` makes of them, or of their absence, an answer.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from picok8s.api import objects
from picok8s.api.objects import Object
from picok8s.dns.message import AAAA, ANY, CNAME, LABEL_MAX, NAME_MAX, NS, PTR, SOA, SRV, TXT, A, Record, name_bytes

TTL = 5  # Seconds. Asking again costs nothing, the server is on the same machine.
VERSION = "1.1.0"  # Of the specification.
SERVICE_NAME = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Cluster:
    """How the zone finds objects; each is a look-up."""

    service: Callable[[str, str], Object | None]  # By namespace, name.
    slices: Callable[[str, str], list[Object]]  # Of a service.
    slices_with: Callable[[str], list[Object]]  # By an endpoint's address.
    services_at: Callable[[str], list[Object]]  # By cluster IP.
    has_services: Callable[[str], bool]  # Whether a namespace has any.


@dataclass(frozen=True)
class Zone:
    domain: str
    networks: tuple[str, ...]  # Of pods and services: their addresses are nobody else's to name.
    cluster: Cluster
    serial: int

    @cached_property
    def ranges(self) -> list[IPv4Network | IPv6Network]:
        return [ip_network(one) for one in self.networks]

    @cached_property
    def soa(self) -> Record:
        numbers = struct.pack("!IIIII", self.serial & 0xFFFFFFFF, 7200, 1800, 86400, TTL)
        names = name_bytes(f"ns.dns.{self.domain}") + name_bytes(f"hostmaster.{self.domain}")
        return Record(SOA, TTL, names + numbers, owner=self.domain)

    def holds(self, name: str) -> bool:
        return name == self.domain or name.endswith(f".{self.domain}")


@dataclass(frozen=True, slots=True)
class Found:
    """A name that exists: its records of the wanted type, maybe none."""

    records: tuple[Record, ...] = ()
    more: tuple[Record, ...] = ()
    alias: str = ""  # Where a CNAME leads; its answer is to be appended.


NOTHING = Found()


def find(zone: Zone, name: str, kind: int) -> Found | None:
    """None: there is no such name. `name` is in lower case and in the zone."""
    labels = name[: -len(zone.domain)].rstrip(".").split(".") if name != zone.domain else []
    match labels:
        case []:
            return Found(tuple(own_records(zone, kind)))
        case ["dns-version"]:
            text = bytes((len(VERSION),)) + VERSION.encode()
            return Found((Record(TXT, TTL, text),)) if kind in (TXT, ANY) else NOTHING
        case ["svc"] | ["pod"] | ["dns"] | ["ns", "dns"]:
            return NOTHING
        case [namespace, "svc" | "pod"]:
            return NOTHING if zone.cluster.has_services(namespace) else None
        case [dashed, _, "pod"]:
            return pod(dashed, kind)
        case [*front, service_name, namespace, "svc"]:
            service = zone.cluster.service(namespace, service_name)
            return None if service is None else below_service(zone, service, front, kind)
        case _:
            return None


def own_records(zone: Zone, kind: int) -> list[Record]:
    found = []
    if kind in (SOA, ANY):
        found.append(zone.soa)
    if kind in (NS, ANY):
        found.append(Record(NS, TTL, name_bytes(f"ns.dns.{zone.domain}")))
    return found


def pod(dashed: str, kind: int) -> Found | None:
    """a-b-c-d: the address is in the name."""
    for separator in (".", ":"):
        try:
            address = ip_address(dashed.replace("-", separator))
        except ValueError:
            continue
        return Found(tuple(addresses([str(address)], kind)))
    return None


def below_service(zone: Zone, service: Object, front: list[str], kind: int) -> Found | None:
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        target = spec.get("externalName", "").rstrip(".").lower()
        if front:
            return None
        return Found((Record(CNAME, TTL, name_bytes(target)),), alias=target) if is_name(target) else NOTHING
    headless = spec.get("clusterIP", "") in ("", "None")
    match front:
        case []:
            if kind == SRV:
                return srv(zone, service, "", "")
            if headless:
                return Found(tuple(addresses([one["addresses"][0] for one in ready(zone, service)], kind)))
            return Found(tuple(addresses(cluster_ips(spec), kind)))
        case [protocol] if protocol in ("_tcp", "_udp", "_sctp"):
            known = any(port.get("protocol", "TCP").lower() == protocol[1:] for port in spec.get("ports") or ())
            return NOTHING if known else None
        case [port, protocol] if port.startswith("_") and protocol.startswith("_"):
            found = srv(zone, service, port[1:], protocol[1:])
            if not found.records:
                return NOTHING if has_port(spec, port[1:], protocol[1:]) else None
            return found if kind in (SRV, ANY) else NOTHING
        case [host] if headless:
            found_at = [one["addresses"][0] for one in ready(zone, service) if host_name(one) == host]
            return Found(tuple(addresses(found_at, kind))) if found_at else None
        case _:
            return None


def is_name(text: str) -> bool:
    return len(text) <= NAME_MAX and all(0 < len(label) <= LABEL_MAX for label in text.split("."))


def has_port(spec: Object, name: str, protocol: str) -> bool:
    ports = spec.get("ports") or ()
    return any(port.get("name") == name and port.get("protocol", "TCP").lower() == protocol for port in ports)


def cluster_ips(spec: Object) -> list[str]:
    return spec.get("clusterIPs") or [spec["clusterIP"]]


def addresses(found: list[str], kind: int) -> list[Record]:
    """One record for each address of the wanted type."""
    parsed = [ip_address(one) for one in dict.fromkeys(found)]
    wanted = {A: (4,), AAAA: (6,), ANY: (4, 6)}.get(kind, ())
    return [Record(A if one.version == 4 else AAAA, TTL, one.packed) for one in parsed if one.version in wanted]


def ready(zone: Zone, service: Object) -> list[Object]:
    """The endpoints that a headless service shows; the controller calls unready ones ready where they are published."""
    slices = zone.cluster.slices(objects.namespace(service), objects.name(service))
    return [
        endpoint
        for slice_ in slices
        if slice_["addressType"] in ("IPv4", "IPv6")
        for endpoint in slice_.get("endpoints") or ()
        if is_ready(endpoint)
    ]


def is_ready(endpoint: Object) -> bool:
    return (endpoint.get("conditions") or {}).get("ready") is not False


def host_name(endpoint: Object) -> str:
    return endpoint.get("hostname") or dashed(endpoint["addresses"][0])


def dashed(address: str) -> str:
    return address.replace(".", "-").replace(":", "-")


def srv(zone: Zone, service: Object, port_name: str, protocol: str) -> Found:
    """For one named port, or for all when `port_name` is ""."""
    spec, full = service["spec"], service_name(zone, service)
    records: dict[Record, None] = {}
    more: dict[Record, None] = {}
    if spec.get("clusterIP", "") not in ("", "None"):
        for port in spec.get("ports") or ():
            if is_wanted(port, port_name, protocol):
                records[srv_record(port["port"], full)] = None
                for one in addresses(cluster_ips(spec), ANY):
                    more[Record(one.type, one.ttl, one.data, owner=full)] = None
        return Found(tuple(records), tuple(more))
    for slice_ in zone.cluster.slices(objects.namespace(service), objects.name(service)):
        for port in slice_.get("ports") or ():
            if not port.get("port") or not is_wanted(port, port_name, protocol):
                continue
            for endpoint in filter(is_ready, slice_.get("endpoints") or ()):
                target = f"{host_name(endpoint)}.{full}"
                records[srv_record(port["port"], target)] = None
                for one in addresses(endpoint["addresses"][:1], ANY):
                    more[Record(one.type, one.ttl, one.data, owner=target)] = None
    return Found(tuple(records), tuple(more))


def is_wanted(port: Object, name: str, protocol: str) -> bool:
    if not name:
        return True
    return port.get("name") == name and port.get("protocol", "TCP").lower() == protocol


def srv_record(port: int, target: str) -> Record:
    return Record(SRV, TTL, struct.pack("!HHH", 0, 100, port) + name_bytes(target))


def service_name(zone: Zone, service: Object) -> str:
    return f"{objects.name(service)}.{objects.namespace(service)}.svc.{zone.domain}"


def find_reverse(zone: Zone, name: str, kind: int) -> Found | None:
    """`name` is below in-addr.arpa or ip6.arpa, and `reversed_address` gave an address of the zone's networks."""
    address = reversed_address(name)
    names = [service_name(zone, service) for service in zone.cluster.services_at(address)]
    for slice_ in zone.cluster.slices_with(address) if not names else ():
        owner = objects.labels(slice_).get(SERVICE_NAME, "")
        service = zone.cluster.service(objects.namespace(slice_), owner)
        if service is None or service["spec"].get("clusterIP", "") not in ("", "None"):
            continue
        for endpoint in slice_.get("endpoints") or ():
            if address in endpoint["addresses"] and is_ready(endpoint):
                names.append(f"{host_name(endpoint)}.{service_name(zone, service)}")
    if not names:
        return None
    records = tuple(Record(PTR, TTL, name_bytes(one)) for one in dict.fromkeys(names))
    return Found(records if kind in (PTR, ANY) else ())


def reversed_address(name: str) -> str:
    """The whole address that a name of the reverse trees stands for, or ""."""
    try:
        if name.endswith(".in-addr.arpa"):
            labels = name.removesuffix(".in-addr.arpa").split(".")
            return str(ip_address(".".join(reversed(labels)))) if len(labels) == 4 else ""
        if name.endswith(".ip6.arpa"):
            digits = "".join(reversed(name.removesuffix(".ip6.arpa").split(".")))
            return str(ip_address(bytes.fromhex(digits))) if len(digits) == 32 else ""
    except ValueError:
        pass
    return ""


def is_ours(zone: Zone, address: str) -> bool:
    if not address:
        return False
    parsed = ip_address(address)
    return any(parsed in one for one in zone.ranges)
