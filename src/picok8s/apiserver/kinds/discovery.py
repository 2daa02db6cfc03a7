"""discovery.k8s.io: EndpointSlice."""

from typing import Any

from picok8s.api import names, selectors
from picok8s.api.errors import FieldError, duplicate, invalid_value, required, too_many
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import addresses, checks

Object = dict[str, Any]
Errors = list[FieldError]

ADDRESSES_MAX = 100
ENDPOINTS_MAX = 1000
PORTS_MAX = 20000
TOPOLOGY_MAX = 16
HINTS_MAX = 8
TYPES = ("FQDN", "IPv4", "IPv6")
PROTOCOLS = ("SCTP", "TCP", "UDP")
FQDN_WARNING = "spec.addressType: FQDN endpoints are deprecated"


def default(obj: Object) -> None:
    for port in obj.get("ports") or []:
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def prepare(new: Object, old: Object | None) -> None:
    """Anything but annotations counts: labels say whose endpoints these are."""
    changed = old is not None and (
        any(new.get(key) != old.get(key) for key in ("addressType", "endpoints", "ports"))
        or (new["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {})
    )
    checks.next_generation(new, old, changed)


def validate(new: Object, old: Object | None) -> Errors:
    kind, endpoints = new.get("addressType", ""), new.get("endpoints") or []
    errors = _ports(new.get("ports") or [])
    if old is None or endpoints != (old.get("endpoints") or []):
        errors += _endpoints(endpoints, kind)
    # What the schema alone says comes last.
    if not kind:
        errors.append(required("addressType"))
    elif kind not in TYPES and old is None:
        errors.append(checks.unsupported("addressType", kind, TYPES))
    if old is not None and kind != old.get("addressType"):
        errors.append(invalid_value("addressType", None, checks.IMMUTABLE))
    for index, endpoint in enumerate(endpoints):
        count, path = len(endpoint.get("addresses") or []), f"endpoints[{index}].addresses"
        if not count:
            errors.append(required(path))
        elif count > ADDRESSES_MAX:
            errors.append(too_many(path, count, ADDRESSES_MAX))
    return errors


def _ports(ports: list[Object]) -> Errors:
    if len(ports) > PORTS_MAX:
        return [too_many("ports", len(ports), PORTS_MAX)]
    errors: Errors = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"ports[{index}]", port["name"]
        errors += checks.label(name, f"{path}.name") if name else []
        if name in seen:
            errors.append(duplicate(f"{path}.name", name))
        seen.add(name)
        if port["protocol"] not in PROTOCOLS:
            errors.append(checks.unsupported(f"{path}.protocol", port["protocol"], PROTOCOLS))
        if "appProtocol" in port:
            errors += checks.qualified(port["appProtocol"], f"{path}.appProtocol")
    return errors


def _endpoints(endpoints: list[Object], kind: str) -> Errors:
    if len(endpoints) > ENDPOINTS_MAX:
        return [too_many("endpoints", len(endpoints), ENDPOINTS_MAX)]
    errors: Errors = []
    for index, endpoint in enumerate(endpoints):
        errors += _endpoint(endpoint, f"endpoints[{index}]", kind)
    return errors


def _endpoint(endpoint: Object, path: str, kind: str) -> Errors:
    errors: Errors = []
    for index, address in enumerate(endpoint.get("addresses") or []):
        errors += _address(address, kind, f"{path}.addresses", index)
    if "nodeName" in endpoint:
        errors += checks.subdomain(endpoint["nodeName"], f"{path}.nodeName")
    topology = endpoint.get("deprecatedTopology") or {}
    if len(topology) > TOPOLOGY_MAX:
        errors.append(too_many(f"{path}.deprecatedTopology", len(topology), TOPOLOGY_MAX))
    errors += selectors.validate_labels(topology, f"{path}.deprecatedTopology")
    if "hostname" in endpoint:
        errors += checks.label(endpoint["hostname"], f"{path}.hostname")
    hints = endpoint.get("hints") or {}
    for key, check in (("forZones", checks.label_value), ("forNodes", checks.subdomain)):
        items = hints.get(key) or []
        if len(items) > HINTS_MAX:
            return [*errors, too_many(f"{path}.hints.{key}", len(items), HINTS_MAX)]
        seen: set[str] = set()
        for at, item in enumerate(items):
            name, where = item.get("name", ""), f"{path}.hints.{key}[{at}].name"
            if name in seen:
                errors.append(duplicate(where, name))
            seen.add(name)
            errors += check(name, where)
    return errors


def _address(address: str, kind: str, path: str, index: int) -> Errors:
    where = f"{path}[{index}]"
    if kind == "FQDN":
        return [invalid_value(where, address, text) for text in names.fully_qualified_domain(address)]
    if kind not in ("IPv4", "IPv6"):
        return []
    errors = addresses.ip(address, where) if kind == "IPv4" else addresses.canonical_ip(address, where)
    if errors:
        return errors
    found = addresses.parsed(address)
    if found is not None and f"IPv{found.version}" != kind:
        errors.append(invalid_value(path, address, f"must be an {kind} address"))
    return errors + addresses.endpoint(address, where)


def warnings(new: Object, old: Object | None) -> list[str]:
    kind = new.get("addressType")
    lines = [FQDN_WARNING] if kind == "FQDN" and old is None else []
    if kind == "IPv4":
        for index, endpoint in enumerate(new.get("endpoints") or []):
            for at, address in enumerate(endpoint.get("addresses") or []):
                lines += addresses.ip_warnings(address, f"endpoints[{index}].addresses[{at}]")
    return lines


BEHAVIOURS = {
    "endpointslices.discovery.k8s.io": Behaviour(
        default=default,
        prepare=prepare,
        validate=validate,
        warnings=warnings,
    ),
}
