"""Ports of a service."""

from collections.abc import Callable
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required
from picok8s.apiserver.kinds import shapes
from picok8s.apiserver.kinds.checks import one_of, worded
from picok8s.apiserver.kinds.probes import port_number_or_name

Object = dict[str, Any]
Errors = list[FieldError]

PROTOCOLS = frozenset({"TCP", "UDP", "SCTP"})


def needs_node_ports(spec: Object) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True))


def _numbers(spec: Object) -> list[int]:
    return [port.get("nodePort", 0) for port in spec.get("ports") or ()]


def follow(spec: Object, old: Object, needs_health_port: Callable[[Object], bool]) -> None:
    """Node ports that a client left out are kept, by the ports' names; useless ones are dropped."""
    if needs_node_ports(old) and needs_node_ports(spec):
        used = set(_numbers(spec)) & set(_numbers(old))
        by_name = {port.get("name", ""): port.get("nodePort", 0) for port in old.get("ports") or ()}
        for port in spec.get("ports") or ():
            number = by_name.get(port.get("name", ""), 0)
            if not port.get("nodePort") and number and number not in used:
                port["nodePort"] = number
    if needs_node_ports(old) and not needs_node_ports(spec):
        if {n for n in _numbers(spec) if n} <= {n for n in _numbers(old) if n}:
            for port in spec.get("ports") or ():
                port.pop("nodePort", None)
    if needs_health_port(old) and needs_health_port(spec) and old.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = spec.get("healthCheckNodePort") or old["healthCheckNodePort"]


def validate(spec: Object) -> Errors:
    """Each port by itself."""
    ports = spec.get("ports") or []
    errors: Errors = []
    seen: set[str] = set()
    for i, port in enumerate(ports):
        at, name = f"spec.ports[{i}]", port.get("name", "")
        if name:
            errors += worded(names.dns_label, name, f"{at}.name")
            if name in seen:
                errors.append(duplicate(f"{at}.name", name))
            seen.add(name)
        elif len(ports) > 1:
            errors.append(required(f"{at}.name"))
        number = port.get("port", 0)
        errors += [invalid_value(f"{at}.port", number, word) for word in names.port_number(number)]
        errors += one_of(port.get("protocol") or "", f"{at}.protocol", PROTOCOLS)
        errors += port_number_or_name(port.get("targetPort", 0), f"{at}.targetPort")
        if port.get("appProtocol") is not None:
            errors += worded(names.qualified_name, port["appProtocol"], f"{at}.appProtocol")
    return errors


def validate_together(spec: Object) -> Errors:
    """Node ports where there should be none, and ports that are there twice. Node ports twice: see `allocate`."""
    ports = spec.get("ports") or []
    errors: Errors = []
    if spec.get("type") == "ClusterIP":
        told = "may not be used when `type` is 'ClusterIP'"
        errors += [forbidden_field(f"spec.ports[{i}].nodePort", told) for i, p in enumerate(ports) if p.get("nodePort")]
    seen: set[tuple[str, int]] = set()
    for i, port in enumerate(ports):
        key = port.get("protocol", ""), port.get("port", 0)
        if key in seen:
            shown = shapes.shown("ServicePort", {"protocol": key[0], "port": key[1]})
            errors.append(duplicate(f"spec.ports[{i}]", shown))
        seen.add(key)
    return errors
