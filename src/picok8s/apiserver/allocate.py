"""Addresses and node ports of services: which are taken, which may be asked for, which is given. Pure.

As upstream (KEP-3070, KEP-3668) the range is split: what nobody asked for is given from the upper band, so that the lower
one stays free for those who ask. Node ports are unique for a port and protocol.
"""

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from picok8s.api.errors import FieldError, invalid_value

Object = dict[str, Any]

RANGE_MIN_STATIC, RANGE_MAX_STATIC = 16, 256  # Addresses of the lower band.
PORTS_MAX_STATIC = 128


@dataclass(slots=True)
class Taken:
    """What all services but the one at hand have."""

    addresses: set[str] = field(default_factory=set)
    node_ports: set[tuple[str, int]] = field(default_factory=set)  # (protocol, port)


def taken(services: Iterable[Object], but_uid: str) -> Taken:
    found = Taken()
    for service in services:
        if service["metadata"].get("uid") == but_uid:
            continue
        spec = service["spec"]
        found.addresses.update(ip for ip in spec.get("clusterIPs", []) if ip != "None")
        for port in spec.get("ports", []):
            if port.get("nodePort"):
                found.node_ports.add((port.get("protocol", "TCP"), port["nodePort"]))
        if spec.get("healthCheckNodePort"):
            found.node_ports.add(("TCP", spec["healthCheckNodePort"]))
    return found


def wants_address(spec: Object) -> bool:
    return spec.get("type", "ClusterIP") != "ExternalName" and spec.get("clusterIP") != "None"


def wants_node_ports(spec: Object) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True))


def wants_health_port(spec: Object) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def address(spec: Object, cidr: str, used: Taken, chance: Callable[[], float], dry_run: bool) -> list[FieldError]:
    """Give `spec` a cluster address, or check the one that it asks for."""
    if not wants_address(spec):
        return []
    network = ipaddress.ip_network(cidr)
    asked = spec.get("clusterIP") or next(iter(spec.get("clusterIPs", [])), "")
    if asked:
        if problem := _address_problem(asked, network, used):
            detail = f"failed to allocate IP {asked}: {problem}"
            return [invalid_value("spec.clusterIPs", [asked], detail)]
        given = asked
    elif dry_run:
        given = str(network.network_address)  # Upstream shows this for what it does not keep.
    else:
        given = _free_address(network, used, chance)
        if not given:
            return [invalid_value("spec.clusterIPs", [], "failed to allocate a serviceIP: range is full")]
    spec["clusterIP"] = given
    spec["clusterIPs"] = [given, *spec.get("clusterIPs", [])[1:]]
    return []


def _address_problem(asked: str, network: Any, used: Taken) -> str:
    if ipaddress.ip_address(asked) not in network:
        return "the provided network does not match the current range"
    if asked in used.addresses:
        return "provided IP is already allocated"
    return ""


def _free_address(network: Any, used: Taken, chance: Callable[[], float]) -> str:
    """One of the upper band by chance, then the next free, then one of the lower band."""
    size = network.num_addresses - 2
    low = min(max(RANGE_MIN_STATIC, size // 16), RANGE_MAX_STATIC, size)
    first = int(network.network_address) + 1
    for begin, count in ((low, size - low), (0, low)):
        start = int(chance() * count) if count else 0
        for step in range(count):
            candidate = str(ipaddress.ip_address(first + begin + (start + step) % count))
            if candidate not in used.addresses:
                return candidate
    return ""


def node_ports(spec: Object, span: tuple[int, int], used: Taken, chance: Callable[[], float]) -> list[FieldError]:
    """Give node ports to the ports that have none, and check those that were asked for."""
    problems = []
    ports = spec.get("ports", []) if wants_node_ports(spec) else []
    own: dict[tuple[str, int], int] = {}  # (protocol, node port) of this service.
    numbers: dict[int, int] = {}  # One number may serve a port in several protocols.
    for index, port in enumerate(ports):
        if not (asked := port.get("nodePort")):
            continue
        protocol = port.get("protocol", "TCP")
        if not span[0] <= asked <= span[1]:
            detail = f"provided port is not in the valid range. The range of valid ports is {span[0]}-{span[1]}"
            problems.append(invalid_value(f"spec.ports[{index}].nodePort", asked, detail))
        elif (protocol, asked) in used.node_ports or (protocol, asked) in own:
            problems.append(invalid_value(f"spec.ports[{index}].nodePort", asked, "provided port is already allocated"))
        own[(protocol, asked)] = index
        numbers.setdefault(port["port"], asked)
    for port in ports:
        if port.get("nodePort"):
            continue
        protocol = port.get("protocol", "TCP")
        shared = numbers.get(port["port"])
        if shared and (protocol, shared) not in used.node_ports and (protocol, shared) not in own:
            given = shared
        else:
            given = _free_port(span, protocol, used, own, chance)
        port["nodePort"] = given
        own[(protocol, given)] = 0
        numbers.setdefault(port["port"], given)
    return problems + _health_port(spec, span, used, own, chance)


def _health_port(
    spec: Object, span: tuple[int, int], used: Taken, own: dict[tuple[str, int], int], chance: Callable[[], float]
) -> list[FieldError]:
    if not wants_health_port(spec):
        return []
    if asked := spec.get("healthCheckNodePort"):
        if ("TCP", asked) in used.node_ports:
            detail = "failed to allocate requested HealthCheck NodePort: provided port is already allocated"
            return [invalid_value("spec.healthCheckNodePort", asked, detail)]
        return []
    spec["healthCheckNodePort"] = _free_port(span, "TCP", used, own, chance)
    return []


def _free_port(
    span: tuple[int, int], protocol: str, used: Taken, own: dict[tuple[str, int], int], chance: Callable[[], float]
) -> int:
    """0 when the range is full, which validation then refuses."""
    size = span[1] - span[0] + 1
    low = min(max(16, size // 32), PORTS_MAX_STATIC, size)
    for begin, count in ((low, size - low), (0, low)):
        start = int(chance() * count) if count else 0
        for step in range(count):
            candidate = span[0] + begin + (start + step) % count
            if (protocol, candidate) not in used.node_ports and (protocol, candidate) not in own:
                return candidate
    return 0
