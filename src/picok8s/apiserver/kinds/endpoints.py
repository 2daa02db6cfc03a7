"""Endpoints: addresses behind a service in their old form."""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import addresses
from picok8s.apiserver.kinds.checks import one_of, worded

Object = dict[str, Any]
Errors = list[FieldError]

PROTOCOLS = frozenset({"TCP", "UDP", "SCTP"})


def default(endpoints: Object) -> None:
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            port["protocol"] = port.get("protocol") or "TCP"


def address_errors(address: Object, path: str) -> Errors:
    ip = address.get("ip", "")
    errors = addresses.ip(ip, f"{path}.ip")
    if address.get("hostname"):
        errors += worded(names.dns_label, address["hostname"], f"{path}.hostname")
    if address.get("nodeName") is not None:
        errors += worded(names.dns_subdomain, address["nodeName"], f"{path}.nodeName")
    return errors + addresses.endpoint(ip, f"{path}.ip")


def port_errors(port: Object, path: str, needs_name: bool) -> Errors:
    name, number = port.get("name", ""), port.get("port", 0)
    errors: Errors = []
    if name:
        errors += worded(names.dns_label, name, f"{path}.name")
    elif needs_name:
        errors.append(required(f"{path}.name"))
    errors += [invalid_value(f"{path}.port", number, word) for word in names.port_number(number)]
    errors += one_of(port.get("protocol") or "", f"{path}.protocol", PROTOCOLS)
    if port.get("appProtocol") is not None:
        errors += worded(names.qualified_name, port["appProtocol"], f"{path}.appProtocol")
    return errors


def validate(new: Object, old: Object | None) -> Errors:
    subsets = new.get("subsets") or []
    if old is not None and subsets == (old.get("subsets") or []):
        return []
    errors: Errors = []
    for i, subset in enumerate(subsets):
        at, ports = f"subsets[{i}]", subset.get("ports") or []
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errors.append(required(at, "must specify `addresses` or `notReadyAddresses`"))
        for kind in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(kind) or ()):
                errors += address_errors(address, f"{at}.{kind}[{j}]")
        for j, port in enumerate(ports):
            errors += port_errors(port, f"{at}.ports[{j}]", len(ports) > 1)
    return errors


def warnings(new: Object, old: Object | None) -> list[str]:
    lines: list[str] = []
    for i, subset in enumerate(new.get("subsets") or ()):
        for kind in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(kind) or ()):
                lines += addresses.ip_warnings(address.get("ip", ""), f"subsets[{i}].{kind}[{j}].ip")
    return lines


BEHAVIOURS = {
    "endpoints": Behaviour(default=default, validate=validate, warnings=warnings, create_on_update=True),
}
