"""networking.k8s.io: NetworkPolicy, IPAddress, ServiceCIDR: the kinds that speak of addresses and ports."""

from collections.abc import Iterator
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import addresses, checks

Object = dict[str, Any]
Errors = list[FieldError]

PROTOCOLS = ("TCP", "UDP", "SCTP")
DIRECTIONS = ("Ingress", "Egress")
# Which list of peers a direction's rules have.
PEERS = {"ingress": "from", "egress": "to"}
ONE_EACH = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"


# NetworkPolicy.


def default_policy(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    for direction in PEERS:
        for rule in spec.get(direction) or []:
            for port in rule.get("ports") or []:
                port.setdefault("protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def validate_policy(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    known = set(_ranges(old["spec"])) if old else set()
    errors = checks.label_selector(spec.get("podSelector"), "spec.podSelector")
    missing: Errors = []
    for direction, peers in PEERS.items():
        for index, rule in enumerate(spec.get(direction) or []):
            path = f"spec.{direction}[{index}]"
            for at, port in enumerate(rule.get("ports") or []):
                errors += _port(port, f"{path}.ports[{at}]")
            for at, peer in enumerate(rule.get(peers) or []):
                errors += _peer(peer, f"{path}.{peers}[{at}]", known)
                if "ipBlock" in peer and not peer["ipBlock"].get("cidr"):
                    missing.append(required(f"{path}.{peers}[{at}].ipBlock.cidr"))
    return errors + _directions(spec["policyTypes"]) + missing


def _directions(types: list[str]) -> Errors:
    if len(types) > len(DIRECTIONS):
        return [invalid_value("spec.policyTypes", types, "may not specify more than two policyTypes")]
    return [
        checks.unsupported(f"spec.policyTypes[{index}]", word, DIRECTIONS, as_listed=True)
        for index, word in enumerate(types)
        if word not in DIRECTIONS
    ]


def _peers(spec: Object) -> Iterator[Object]:
    for direction, peers in PEERS.items():
        for rule in spec.get(direction) or []:
            yield from rule.get(peers) or []


def _ranges(spec: Object) -> Iterator[str]:
    for peer in _peers(spec):
        block = peer.get("ipBlock") or {}
        yield from [block.get("cidr", ""), *(block.get("except") or [])]


def _port(port: Object, path: str) -> Errors:
    errors: Errors = []
    if port["protocol"] not in PROTOCOLS:
        errors.append(checks.unsupported(f"{path}.protocol", port["protocol"], PROTOCOLS, as_listed=True))
    number, end = port.get("port"), port.get("endPort")
    if number is None:
        if end is not None:
            words = "may not be specified when `port` is not specified"
            errors.append(invalid_value(f"{path}.endPort", end, words))
    elif isinstance(number, str):
        if end is not None:
            errors.append(invalid_value(f"{path}.endPort", end, "may not be specified when `port` is non-numeric"))
        errors += checks.worded(names.port_name, number, f"{path}.port")
    else:
        errors += [invalid_value(f"{path}.port", number, text) for text in names.port_number(number)]
        if end is not None and end < number:
            errors.append(invalid_value(f"{path}.endPort", end, "must be greater than or equal to `port`"))
        if end is not None:
            errors += [invalid_value(f"{path}.endPort", end, text) for text in names.port_number(end)]
    return errors


def _peer(peer: Object, path: str, known: set[str]) -> Errors:
    errors: Errors = []
    for key in ("podSelector", "namespaceSelector"):
        errors += checks.label_selector(peer.get(key), f"{path}.{key}")
    given = [key for key in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(key) is not None]
    if "ipBlock" in given:
        errors += _block(peer["ipBlock"], f"{path}.ipBlock", known)
    if not given:
        errors.append(required(path, "must specify a peer"))
    elif len(given) > 1 and "ipBlock" in given:
        errors.append(forbidden_field(path, "may not specify both ipBlock and another peer"))
    return errors


def _block(block: Object, path: str, known: set[str]) -> Errors:
    """What an older policy already said is not looked into again."""
    text = block.get("cidr", "")
    if not text:
        return []
    errors = [] if text in known else addresses.cidr(text, f"{path}.cidr")
    whole = addresses.parsed_range(text)
    if whole is None:
        return errors
    for index, hole in enumerate(block.get("except") or []):
        at = f"{path}.except[{index}]"
        errors += [] if hole in known else addresses.cidr(hole, at)
        part = addresses.parsed_range(hole)
        if part is None:
            continue
        inside = part.version == whole.version and part.network_address in whole
        if not inside or part.prefixlen <= whole.prefixlen:
            errors.append(invalid_value(at, hole, "must be a strict subset of `cidr`"))
    return errors


def policy_warnings(new: Object, old: Object | None) -> list[str]:
    spec = new["spec"]
    lines: list[str] = []
    for direction, peers in PEERS.items():
        for index, rule in enumerate(spec.get(direction) or []):
            for at, peer in enumerate(rule.get(peers) or []):
                block = peer.get("ipBlock") or {}
                path = f"spec.{direction}[{index}].{peers}[{at}].ipBlock"
                lines += addresses.range_warnings(block.get("cidr", ""), f"{path}.cidr")
                for hole, text in enumerate(block.get("except") or []):
                    lines += addresses.range_warnings(text, f"{path}.except[{hole}]")
    return lines


# IPAddress.


def address_name(name: str) -> list[str]:
    texts = []
    for error in addresses.canonical_ip(name, ""):
        _, _, detail = error.body.partition('": ')
        texts.append(detail)
    return texts


def validate_address(new: Object, old: Object | None) -> Errors:
    spec = new.get("spec") or {}
    if old is not None:
        return checks.immutable(spec, old.get("spec") or {}, "spec", "parentRef", bare=True)
    parent, path = spec.get("parentRef"), "spec.parentRef"
    if parent is None:
        return [required(path)]
    errors = checks.subdomain(parent["group"], f"{path}.group") if parent.get("group") else []
    for key in ("resource", "name", "namespace"):
        if parent.get(key):
            errors += checks.path_segment(parent[key], f"{path}.{key}")
    return errors + [required(f"{path}.{key}") for key in ("resource", "name") if not parent.get(key)]


def _parent(key: str) -> Any:
    return lambda address: ((address.get("spec") or {}).get("parentRef") or {}).get(key, "")


# ServiceCIDR.


def validate_range(new: Object, old: Object | None) -> Errors:
    ranges = (new.get("spec") or {}).get("cidrs") or []
    if old is None:
        return _ranges_of(ranges)
    before = (old.get("spec") or {}).get("cidrs") or []
    if len(before) != len(ranges) and (len(before), len(ranges)) != (1, 2):
        return [invalid_value("spec.cidrs", ranges, checks.IMMUTABLE)]
    errors = [
        invalid_value(f"spec.cidrs[{index}]", ranges[index], checks.IMMUTABLE)
        for index, text in enumerate(before)
        if ranges[index] != text
    ]
    return errors if len(before) == len(ranges) else errors + _ranges_of(ranges)


def _ranges_of(ranges: list[str]) -> Errors:
    path = "spec.cidrs"
    if not ranges:
        return [required(path, "at least one CIDR required")]
    if len(ranges) > 2:
        return [invalid_value(path, {"CIDRs": ranges}, "may only hold up to 2 values")]
    errors: Errors = []
    for index, text in enumerate(ranges):
        errors += addresses.canonical_cidr(text, f"{path}[{index}]")
    found = [addresses.parsed_range(text) for text in ranges]
    versions = [network.version for network in found if network is not None]
    if len(versions) == 2 and versions[0] == versions[1]:
        errors.append(invalid_value(path, ranges, ONE_EACH))
    return errors


BEHAVIOURS = {
    "networkpolicies.networking.k8s.io": Behaviour(
        default=default_policy,
        prepare=checks.preparing(None, "spec"),
        validate=validate_policy,
        warnings=policy_warnings,
    ),
    "ipaddresses.networking.k8s.io": Behaviour(
        validate=validate_address,
        name=address_name,
        fields={f"spec.parentRef.{key}": _parent(key) for key in ("group", "resource", "namespace", "name")},
    ),
    "servicecidrs.networking.k8s.io": Behaviour(
        prepare=checks.preparing({}),
        validate=validate_range,
        prepare_status=checks.status_alone,
    ),
}
