"""resource.k8s.io: ResourceClaim, ResourceClaimTemplate, DeviceClass. Slices and taint rules are in resource_slices.py.

Whether an expression compiles is not asked here.
"""

import re
from collections.abc import Iterator
from typing import Any

from picok8s.api import names, selectors
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required, too_long
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import addresses, checks, devices, policy
from picok8s.apiserver.kinds.devices import Found

Object = dict[str, Any]
Errors = list[FieldError]

REQUESTS_MAX = 32
ALTERNATIVES_MAX = 8
SELECTORS_MAX = 32
TOLERATIONS_MAX = 16
CONSTRAINTS_MAX = 32
CONFIG_MAX = 32
RESERVED_MAX = 256
DEVICE_CONDITIONS_MAX = 8
IPS_MAX = 16
INTERFACE_MAX = 256
HARDWARE_MAX = 128
EXPRESSION_MAX = 10 * 1024
MODES = ("All", "ExactCount")
ONE_KIND = "exactly one of `exactly` or `firstAvailable` is required"
ONE_ATTRIBUTE = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
NO_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
UID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


# Defaults.


def _asked(spec: Object) -> Iterator[Object]:
    """Whatever asks for devices in a claim."""
    for request in (spec.get("devices") or {}).get("requests") or []:
        if request.get("exactly") is not None:
            yield request["exactly"]
        yield from request.get("firstAvailable") or []


def _default_spec(spec: Object) -> None:
    for asked in _asked(spec):
        if asked.setdefault("allocationMode", "ExactCount") == "ExactCount":
            asked["count"] = asked.get("count") or 1


def default_claim(obj: Object) -> None:
    _default_spec(obj.setdefault("spec", {}))


def default_template(obj: Object) -> None:
    _default_spec(obj.setdefault("spec", {}).setdefault("spec", {}))


# The spec of a claim.


def _request_names(spec: Object) -> set[str]:
    found: set[str] = set()
    for request in (spec.get("devices") or {}).get("requests") or []:
        found.add(request.get("name", ""))
        found |= {f"{request.get('name', '')}/{sub.get('name', '')}" for sub in request.get("firstAvailable") or []}
    return found


def _claim_spec(spec: Object, path: str) -> Found:
    found, asked = Found(), spec.get("devices") or {}
    known, path = _request_names(spec), f"{path}.devices"
    requests, constraints, configs = (asked.get(key) or [] for key in ("requests", "constraints", "config"))
    if devices.many(found, requests, f"{path}.requests", REQUESTS_MAX, _name):
        for index, request in enumerate(requests):
            _request(found, request, f"{path}.requests[{index}]")
    if devices.many(found, constraints, f"{path}.constraints", CONSTRAINTS_MAX):
        for index, constraint in enumerate(constraints):
            _constraint(found, constraint, f"{path}.constraints[{index}]", known)
    if devices.many(found, configs, f"{path}.config", CONFIG_MAX):
        for index, config in enumerate(configs):
            _references(found, config, f"{path}.config[{index}]", known)
            devices.settings(found, config, f"{path}.config[{index}]")
    return found


def _name(item: Object) -> str:
    return str(item.get("name", ""))


def _request_name(name: str, path: str) -> Errors:
    return checks.needed(name, path, checks.label)


def _request(found: Found, request: Object, path: str) -> None:
    found.code += _request_name(request.get("name", ""), f"{path}.name")
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable") or []
    if exactly is None and not alternatives:
        found.code.append(required(path, ONE_KIND))
    elif exactly is not None and alternatives:
        found.code.append(invalid_value(path, None, f"{ONE_KIND}, but multiple fields are set"))
    elif exactly is not None:
        found.code += checks.needed(exactly.get("deviceClassName"), f"{path}.exactly.deviceClassName", checks.subdomain)
        _asking(found, exactly, f"{path}.exactly")
    elif devices.many(found, alternatives, f"{path}.firstAvailable", ALTERNATIVES_MAX, _name):
        for index, sub in enumerate(alternatives):
            at = f"{path}.firstAvailable[{index}]"
            found.code += _request_name(sub.get("name", ""), f"{at}.name")
            found.schema += checks.needed(sub.get("deviceClassName"), f"{at}.deviceClassName", checks.subdomain)
            _asking(found, sub, at)


def _asking(found: Found, asked: Object, path: str) -> None:
    selected, tolerations = asked.get("selectors") or [], asked.get("tolerations") or []
    _selectors(found, selected, f"{path}.selectors")
    mode, count = asked["allocationMode"], asked.get("count", 0)
    if mode == "All" and count:
        words = "must not be specified when allocationMode is 'All'"
        found.code.append(invalid_value(f"{path}.count", count, words))
    elif mode == "ExactCount" and count <= 0:
        found.code.append(invalid_value(f"{path}.count", count, "must be greater than zero"))
    elif mode not in MODES:
        found.schema.append(checks.unsupported(f"{path}.allocationMode", mode, MODES))
    if devices.many(found, tolerations, f"{path}.tolerations", TOLERATIONS_MAX):
        for index, toleration in enumerate(tolerations):
            devices.toleration(found, toleration, f"{path}.tolerations[{index}]")


def _selectors(found: Found, items: list[Object], path: str) -> None:
    if not devices.many(found, items, path, SELECTORS_MAX):
        return
    for index, selector in enumerate(items):
        cel = selector.get("cel")
        if cel is None:
            found.code.append(required(f"{path}[{index}].cel"))
        elif len(cel.get("expression", "")) > EXPRESSION_MAX:
            found.code.append(too_long(f"{path}[{index}].cel.expression", EXPRESSION_MAX))


def _references(found: Found, item: Object, path: str, known: set[str]) -> None:
    """The requests that a constraint or a configuration is for."""
    given = item.get("requests") or []
    if devices.many(found, given, f"{path}.requests", REQUESTS_MAX, str):
        for index, name in enumerate(given):
            found.code += _reference(name, f"{path}.requests[{index}]", known)


def _reference(name: str, path: str, known: set[str]) -> Errors:
    parts = name.split("/")
    if len(parts) > 2:
        return [invalid_value(path, name, NO_REQUEST)]
    errors = [error for part in parts for error in _request_name(part, path)]
    return errors if name in known else [*errors, invalid_value(path, name, NO_REQUEST)]


def _constraint(found: Found, constraint: Object, path: str, known: set[str]) -> None:
    _references(found, constraint, path, known)
    for key in ("matchAttribute", "distinctAttribute"):
        if key in constraint:
            found.schema += devices.fully_qualified(constraint[key], f"{path}.{key}")
            return
    found.code.append(required(path, ONE_ATTRIBUTE))


def validate_claim(new: Object, old: Object | None) -> Errors:
    if old is not None:
        return [invalid_value("spec", None, checks.IMMUTABLE)] if new["spec"] != old["spec"] else []
    return _claim_spec(new["spec"], "spec").all()


# The status of a claim.


def _identity(device: Object) -> tuple[str, ...]:
    return tuple(device.get(key, "") for key in ("driver", "pool", "device", "shareID"))


def validate_status(new: Object, old: Object) -> Errors:
    found = Found()
    status, before = new.get("status") or {}, old.get("status") or {}
    allocation, reserved = status.get("allocation"), status.get("reservedFor") or []
    if devices.many(found, reserved, "status.reservedFor", RESERVED_MAX, lambda item: item.get("uid")):
        for index, consumer in enumerate(reserved):
            path = f"status.reservedFor[{index}]"
            found.code += [required(f"{path}.{key}") for key in ("resource", "name", "uid") if not consumer.get(key)]
    results = ((allocation or {}).get("devices") or {}).get("results") or []
    allocated = {_identity(result) for result in results}
    devices.many(found, status.get("devices") or [], "status.devices", 1 << 31, _identity)
    for index, device in enumerate(status.get("devices") or []):
        _device_status(found, device, f"status.devices[{index}]", allocated)
    found.code += _reservation(new, status, before)
    if allocation is not None and before.get("allocation") is None:
        _allocation(found, allocation, new["spec"])
    elif allocation is not None and allocation != before["allocation"]:
        found.schema.append(invalid_value("status.allocation", None, "field cannot be modified once set"))
    return found.all()


def _reservation(claim: Object, status: Object, before: Object) -> Errors:
    path, reserved = "status.reservedFor", status.get("reservedFor") or []
    if reserved and status.get("allocation") is None:
        return [forbidden_field(path, "may not be specified when `allocated` is not set")]
    was = before.get("reservedFor") or []
    if "deletionTimestamp" in claim["metadata"] and any(consumer not in was for consumer in reserved):
        words = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
        return [forbidden_field(path, words)]
    return []


def _device_status(found: Found, device: Object, path: str, allocated: set[tuple[str, ...]]) -> None:
    found.code += devices.driver(device.get("driver", ""), f"{path}.driver")
    found.code += devices.pool(device.get("pool", ""), f"{path}.pool")
    found.code += checks.needed(device.get("device"), f"{path}.device", checks.label)
    _share(found, device, path)
    if _identity(device) not in allocated:
        shown = dict(zip(("Driver", "Pool", "Device", "ShareID"), _identity(device), strict=True))
        found.code.append(invalid_value(path, shown, "must be an allocated device in the claim"))
    conditions = device.get("conditions") or []
    devices.many(found, conditions, f"{path}.conditions", DEVICE_CONDITIONS_MAX)
    found.code += policy.conditions(conditions, f"{path}.conditions")
    if device.get("data") is not None:
        found.code += devices.free_form(device["data"], f"{path}.data")
    network, at = device.get("networkData") or {}, f"{path}.networkData"
    for key, limit in (("interfaceName", INTERFACE_MAX), ("hardwareAddress", HARDWARE_MAX)):
        if len(network.get(key, "").encode()) > limit:
            found.schema.append(too_long(f"{at}.{key}", limit))
    ips = network.get("ips") or []
    if devices.many(found, ips, f"{at}.ips", IPS_MAX, str):
        for index, address in enumerate(ips):
            found.code += addresses.interface(address, f"{at}.ips[{index}]")


def _share(found: Found, item: Object, path: str) -> None:
    share = item.get("shareID")
    if share is not None and not UID.fullmatch(share):
        words = (
            "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` "
            "with lowercase hexadecimal characters"
        )
        found.schema.append(invalid_value(f"{path}.shareID", share, words))


def _allocation(found: Found, allocation: Object, spec: Object) -> None:
    known, given, path = _request_names(spec), allocation.get("devices") or {}, "status.allocation.devices"
    results, configs = given.get("results") or [], given.get("config") or []
    if devices.many(found, results, f"{path}.results", REQUESTS_MAX):
        for index, result in enumerate(results):
            _result(found, result, f"{path}.results[{index}]", known)
    if devices.many(found, configs, f"{path}.config", 2 * CONFIG_MAX):
        for index, config in enumerate(configs):
            at = f"{path}.config[{index}]"
            found.schema += checks.one_of(config.get("source"), f"{at}.source", ("FromClaim", "FromClass"))
            _references(found, config, at, known)
            devices.settings(found, config, at)
    if "nodeSelector" in allocation:
        found.code += devices.node_selector(allocation["nodeSelector"], "status.allocation.nodeSelector")


def _result(found: Found, result: Object, path: str, known: set[str]) -> None:
    found.code += _reference(result.get("request", ""), f"{path}.request", known)
    found.schema += devices.marked_driver(result.get("driver", ""), f"{path}.driver")
    found.schema += devices.pool(result.get("pool", ""), f"{path}.pool")
    found.code += checks.needed(result.get("device"), f"{path}.device", checks.label)
    devices.binding(found, result, path)
    for index, toleration in enumerate(result.get("tolerations") or []):
        devices.toleration(found, toleration, f"{path}.tolerations[{index}]")
    _share(found, result, path)


# ResourceClaimTemplate.

EXACTLY = (
    ("DeviceClassName", "deviceClassName"),
    ("Selectors", "selectors"),
    ("AllocationMode", "allocationMode"),
    ("Count", "count"),
    ("AdminAccess", "adminAccess"),
    ("Tolerations", "tolerations"),
    ("Capacity", "capacity"),
    ("DerivedAttributes", "derivedAttributes"),
)


def validate_template(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    if old is not None:
        return [invalid_value("spec", _shown_template(spec), checks.IMMUTABLE)] if spec != old["spec"] else []
    metadata = spec.get("metadata") or {}
    errors = selectors.validate_labels(metadata.get("labels"), "spec.metadata.labels")
    errors += [
        invalid_value("spec.metadata.annotations", key, text)
        for key in metadata.get("annotations") or {}
        for text in names.qualified_name(key.lower())
    ]
    errors += [
        forbidden_field(f"spec.metadata.{key}", "cannot be set")
        for key in metadata
        if key not in ("labels", "annotations", "creationTimestamp")
    ]
    return errors + _claim_spec(spec["spec"], "spec.spec").all()


def _shown_template(spec: Object) -> Object:
    asked = spec["spec"].get("devices") or {}
    requests = [
        {
            "Name": request.get("name", ""),
            "Exactly": checks.spelled(request.get("exactly"), EXACTLY),
            "FirstAvailable": request.get("firstAvailable"),
        }
        for request in asked.get("requests") or []
    ]
    shown = {"Requests": requests or None, "Constraints": asked.get("constraints"), "Config": asked.get("config")}
    return {**(spec.get("metadata") or {}), "Spec": {"Devices": shown}}


# DeviceClass.


def validate_class(new: Object, old: Object | None) -> Errors:
    spec, found = new.get("spec") or {}, Found()
    configs, extended = spec.get("config") or [], spec.get("extendedResourceName")
    _selectors(found, spec.get("selectors") or [], "spec.selectors")
    if devices.many(found, configs, "spec.config", CONFIG_MAX):
        for index, config in enumerate(configs):
            devices.settings(found, config, f"spec.config[{index}]")
    if extended is not None:
        found.schema += _extended(extended, "spec.extendedResourceName")
    return found.all()


def _extended(name: str, path: str) -> Errors:
    """The name by which pods can ask for devices of a class as they do for CPU."""
    domain = name.rpartition("/")[0]
    if not domain:
        words = "a name must be a domain-prefixed path, such as 'example.com/my-prop'"
        return [invalid_value(path, name, words)]
    if domain == "kubernetes.io" or domain.endswith(".kubernetes.io"):
        return [invalid_value(path, name, "must not have a domain prefix of kubernetes.io")]
    if name.startswith("requests."):
        return [invalid_value(path, name, "must not start with 'requests.'")]
    return checks.qualified(name, path)


BEHAVIOURS = {
    "resourceclaims.resource.k8s.io": Behaviour(
        default=default_claim,
        prepare=checks.preparing({}),
        validate=validate_claim,
        prepare_status=checks.status_alone,
        validate_status=validate_status,
    ),
    "resourceclaimtemplates.resource.k8s.io": Behaviour(default=default_template, validate=validate_template),
    "deviceclasses.resource.k8s.io": Behaviour(prepare=checks.preparing(None, "spec"), validate=validate_class),
}
