"""resource.k8s.io: ResourceSlice, by which drivers say what devices there are, and DeviceTaintRule."""

import re
from typing import Any

from picok8s.api import quantity
from picok8s.api.errors import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    not_found_field,
    required,
    too_long,
    too_many,
)
from picok8s.api.quantity import nanos
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks, devices, policy
from picok8s.apiserver.kinds.devices import Found

Object = dict[str, Any]
Errors = list[FieldError]

DEVICES_MAX, DEVICES_MAX_ADVANCED = 128, 64
COUNTER_SETS_MAX, COUNTERS_MAX, CONSUMED_SETS_MAX = 8, 32, 2
ATTRIBUTES_MAX, ATTRIBUTE_VALUES_MAX, TEXT_MAX = 32, 48, 64
OPTIONS_MAX = 10
TAINTS_MAX = 16
RULE_CONDITIONS_MAX = 8
WHERE = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
VALUES = ("int", "bool", "string", "version", "ints", "bools", "strings", "versions")
LISTS = ("ints", "bools", "strings", "versions")
_NUMBER = r"(0|[1-9]\d*)"
_PRE = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_BUILD = r"[0-9a-zA-Z-]+"
SEMANTIC_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRE}(\.{_PRE})*)?(\+{_BUILD}(\.{_BUILD})*)?", re.ASCII
)
UNSET_OR_TRUE = "must be either unset or set to true"


# Slices.


def default_slice(obj: Object) -> None:
    pool = obj.setdefault("spec", {}).setdefault("pool", {})
    pool.setdefault("generation", 0)
    pool.setdefault("resourceSliceCount", 0)


def prepare_slice(new: Object, old: Object | None) -> None:
    for device in new["spec"].get("devices") or []:
        devices.date_taints(device.get("taints") or [], new["metadata"].get("creationTimestamp"))
    checks.next_generation(new, old, old is not None and new["spec"] != old["spec"])


def validate_slice(new: Object, old: Object | None) -> Errors:
    spec, found = new["spec"], Found()
    pool = spec["pool"]
    found.code += devices.driver(spec.get("driver", ""), "spec.driver")
    found.code += devices.pool(pool.get("name", ""), "spec.pool.name")
    if pool["resourceSliceCount"] <= 0:
        words = "must be greater than zero"
        found.code.append(invalid_value("spec.pool.resourceSliceCount", pool["resourceSliceCount"], words))
    if pool["generation"] < 0:
        words = "must be greater than or equal to zero"
        found.code.append(invalid_value("spec.pool.generation", pool["generation"], words))
    before = old["spec"] if old else None
    if before is not None:
        found.code += checks.immutable(pool, before["pool"], "spec.pool", "name")
        found.code += checks.immutable(spec, before, "spec", "driver", "nodeName")
    found.code += _where(spec)
    if "sharedCounters" in spec and "devices" in spec:
        found.code.append(invalid_value("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
    _devices(found, spec, before)
    sets = spec.get("sharedCounters") or []
    if devices.many(found, sets, "spec.sharedCounters", COUNTER_SETS_MAX, lambda item: item.get("name")):
        for index, counters in enumerate(sets):
            _counters(found, counters, f"spec.sharedCounters[{index}]", "name")
    return found.all()


def _where(spec: Object) -> Errors:
    errors: Errors = []
    given: list[str] = []
    if "nodeName" in spec:
        if spec["nodeName"]:
            given.append("nodeName")
            errors += checks.subdomain(spec["nodeName"], "spec.nodeName")
        else:
            errors.append(invalid_value("spec.nodeName", "", "must be either unset or set to a non-empty string"))
    if "nodeSelector" in spec:
        given.append("nodeSelector")
        terms, path = spec["nodeSelector"].get("nodeSelectorTerms") or [], "spec.nodeSelector"
        errors += devices.node_selector(spec["nodeSelector"], path)
        if len(terms) != 1:
            words = "must have exactly one node selector term"
            errors.append(invalid_value(f"{path}.nodeSelectorTerms", terms, words))
    for key in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(key):
            given.append(key)
        elif key in spec:
            errors.append(invalid_value(f"spec.{key}", False, UNSET_OR_TRUE))
    words = f"exactly one of {', '.join(f'`{key}`' for key in WHERE)} is required"
    if not given:
        errors.append(required("spec", words))
    elif len(given) > 1:
        shown = "{" + ", ".join(f"`{key}`" for key in given) + "}"
        errors.append(invalid_value("spec", shown, f"{words}, but multiple fields are set"))
    return errors


def _devices(found: Found, spec: Object, before: Object | None) -> None:
    items = spec.get("devices") or []
    advanced = any(_is_advanced(device) for device in items)
    limit = DEVICES_MAX_ADVANCED if advanced else DEVICES_MAX
    if len(items) > limit:
        found.code.append(too_many("spec.devices", len(items), limit))
        return
    was = {device.get("name"): device for device in (before or {}).get("devices") or []}
    for index, device in enumerate(items):
        apart = bool(spec.get("perDeviceNodeSelection"))
        _device(found, device, was.get(device.get("name")), f"spec.devices[{index}]", apart)
    seen: set[str] = set()
    for index, device in enumerate(items):
        name = device.get("name", "")
        if name in seen:
            found.code.append(duplicate(f"spec.devices[{index}]", name))
        seen.add(name)


def _is_advanced(device: Object) -> bool:
    listed = any(key in attribute for attribute in (device.get("attributes") or {}).values() for key in LISTS)
    return listed or bool(device.get("taints") or device.get("consumesCounters"))


def _device(found: Found, device: Object, old: Object | None, path: str, apart: bool) -> None:
    found.code += checks.needed(device.get("name"), f"{path}.name", checks.label)
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    total = len(attributes) + len(capacity)
    if total > ATTRIBUTES_MAX:
        words = f"the total number of attributes and capacities must not exceed {ATTRIBUTES_MAX}"
        found.code.append(invalid_value(path, total, words))
    values = sum(max(1, sum(len(item.get(key) or []) for key in LISTS)) for item in attributes.values())
    if values > ATTRIBUTE_VALUES_MAX:
        words = f"the total number of attribute values must not exceed {ATTRIBUTE_VALUES_MAX}"
        found.code.append(invalid_value(path, values, words))
    for name, attribute in attributes.items():
        found.code += devices.qualified(name, f"{path}.attributes")
        _attribute(found, attribute, f"{path}.attributes[{name}]")
    if old is None or old.get("capacity") != device.get("capacity"):
        for name, item in capacity.items():
            found.code += devices.qualified(name, f"{path}.capacity")
            shared = bool(device.get("allowMultipleAllocations"))
            found.code += _capacity(item, f"{path}.capacity[{name}].requestPolicy", shared)
    taints = device.get("taints") or []
    if old is None or (old.get("taints") or []) != taints:
        if len(taints) > TAINTS_MAX:
            found.code.append(too_many(f"{path}.taints", len(taints), TAINTS_MAX))
        else:
            for index, taint in enumerate(taints):
                devices.taint(found, taint, f"{path}.taints[{index}]")
    consumed = device.get("consumesCounters") or []
    if devices.many(found, consumed, f"{path}.consumesCounters", CONSUMED_SETS_MAX, lambda c: c.get("counterSet")):
        for index, counters in enumerate(consumed):
            _counters(found, counters, f"{path}.consumesCounters[{index}]", "counterSet")
    found.code += _device_nodes(device, path, apart)
    devices.binding(found, device, path)
    for name, item in (device.get("nodeAllocatableResources") or {}).items():
        found.code += _allocatable(item, capacity, f"{path}.nodeAllocatableResources[{name}]")


def _attribute(found: Found, attribute: Object, path: str) -> None:
    given = [key for key in VALUES if key in attribute]
    if "string" in attribute and len(attribute["string"].encode()) > TEXT_MAX:
        found.code.append(too_long(f"{path}.string", TEXT_MAX))
    if "version" in attribute:
        found.code += _version(attribute["version"], f"{path}.version")
    for key in LISTS:
        if key in attribute and not attribute[key]:
            found.code.append(invalid_value(f"{path}.{key}", attribute[key], "must not be empty if specified"))
    for index, text in enumerate(attribute.get("strings") or []):
        if len(text.encode()) > TEXT_MAX:
            found.schema.append(too_long(f"{path}.strings[{index}]", TEXT_MAX))
    for index, text in enumerate(attribute.get("versions") or []):
        found.code += _version(text, f"{path}.versions[{index}]")
    told = ", ".join(f"`{key}`" for key in VALUES)
    if not given:
        found.schema.append(invalid_value(path, "", f"must specify one of: {told}"))
    elif len(given) > 1:
        shown = "{" + ", ".join(given) + "}"
        found.schema.append(invalid_value(path, shown, f"must specify exactly one of: {told}"))


def _version(text: str, path: str) -> Errors:
    errors: Errors = []
    if not SEMANTIC_VERSION.fullmatch(text):
        errors.append(invalid_value(path, text, "must be a string compatible with semver.org spec 2.0.0"))
    return errors + ([too_long(path, TEXT_MAX)] if len(text.encode()) > TEXT_MAX else [])


def _counters(found: Found, item: Object, path: str, name: str) -> None:
    found.schema += checks.needed(item.get(name), f"{path}.{name}", checks.label)
    counters = item.get("counters") or {}
    if not counters:
        found.schema.append(required(f"{path}.counters"))
    elif len(counters) > COUNTERS_MAX:
        found.code.append(too_many(f"{path}.counters", len(counters), COUNTERS_MAX))
    else:
        found.schema += [error for key in counters for error in checks.label(key, f"{path}.counters")]


def _device_nodes(device: Object, path: str, apart: bool) -> Errors:
    keys = ("nodeName", "nodeSelector", "allNodes")
    given = [key for key in keys if key in device]
    if not apart:
        words = (
            "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true "
            "in the ResourceSlice spec"
        )
        return [invalid_value(path, None, words)] if given else []
    errors: Errors = []
    if device.get("nodeName"):
        errors += checks.subdomain(device["nodeName"], f"{path}.nodeName")
    elif "nodeName" in given:
        errors.append(invalid_value(f"{path}.nodeName", "", "must not be empty"))
    if "nodeSelector" in given:
        errors += devices.node_selector(device["nodeSelector"], f"{path}.nodeSelector")
    if device.get("allNodes") is False:
        errors.append(invalid_value(f"{path}.allNodes", False, UNSET_OR_TRUE))
    words = (
        "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` "
        "is set to true in the ResourceSlice spec"
    )
    good = [key for key in given if device[key]]
    if not good:
        errors.append(required(path, words))
    elif len(good) > 1:
        shown = "{" + ", ".join(f"`{key}`" for key in good) + "}"
        errors.append(invalid_value(path, shown, words))
    return errors


# How much of a device one may ask for.


def _capacity(capacity: Object, path: str, shared: bool) -> Errors:
    rule = capacity.get("requestPolicy")
    if rule is None:
        return []
    if not shared:
        return [forbidden_field(path, "allowMultipleAllocations must be true")]
    options, span = rule.get("validValues") or [], rule.get("validRange")
    if options and span is not None:
        words = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
        return [forbidden_field(path, words)]
    most, default = capacity.get("value", "0"), rule.get("default")
    for key, given in (("validValues", bool(options)), ("validRange", span is not None)):
        if given and default is None:
            return [required(f"{path}.default", f"required when {key} is defined")]
    if options:
        return _options(options, default, most, f"{path}.validValues")
    return _span(span, default, most, f"{path}.validRange") if span is not None else []


def _options(options: list[str], default: str, most: str, path: str) -> Errors:
    numbers = [nanos(option) for option in options]
    errors = [
        invalid_value(f"{path}[{index + 1}]", options[index + 1], "values must be sorted in ascending order")
        for index in range(len(options) - 1)
        if numbers[index] > numbers[index + 1]
    ]
    if len(options) > OPTIONS_MAX:
        return [*errors, too_many(path, len(options), OPTIONS_MAX)]
    for index, number in enumerate(numbers):
        if number > nanos(most):
            words = f"option is larger than capacity value: {most}"
            errors.append(invalid_value(f"{path}[{index}]", options[index], words))
    errors += [duplicate(f"{path}[{index}]", options[index]) for index, n in enumerate(numbers) if n in numbers[:index]]
    if nanos(default) not in numbers:
        errors.append(invalid_value(path, default, "default value is not valid according to the requestPolicy"))
    return errors


def _span(span: Object, default: str, most: str, path: str) -> Errors:
    low, high, step = span.get("min"), span.get("max"), span.get("step")
    if low is None:
        return [required(f"{path}.min", "required when validRange is defined")]
    errors: Errors = []

    def above(key: str, text: str, limit: str, words: str) -> None:
        if nanos(text) > nanos(limit):
            errors.append(invalid_value(f"{path}.{key}", text, f"{words}: {limit}"))

    above("min", low, most, "min is larger than capacity value")
    if nanos(default) < nanos(low):
        errors.append(invalid_value(f"{path}.default", default, f"default is less than min: {low}"))
    if high is not None:
        above("max", low, high, "min is larger than max")
        above("max", high, most, "max is larger than capacity value")
        above("default", default, high, "default is more than max")
    return errors if step is None else errors + _steps(low, high, step, default, most, f"{path}.step")


def _steps(low: str, high: str | None, step: str, default: str, most: str, path: str) -> Errors:
    size, start = nanos(step), nanos(low)
    if size <= 0:
        return [invalid_value(path, step, "must be greater than zero")]
    errors: Errors = []
    if start + size > nanos(most):
        words = f"one step {quantity.write(start + size)} is larger than capacity value: {most}"
        errors.append(invalid_value(path, step, words))
    for value in (default, high):
        if value is not None and (nanos(value) - start) % size:
            words = f"value is not a multiple of a given step ({step}) from ({low})"
            errors.append(invalid_value(path, value, words))
    return errors


def _allocatable(item: Object, capacity: Object, path: str) -> Errors:
    """What a device takes of a node's ordinary resources."""
    mapping, overhead = item.get("mapping"), item.get("overhead")
    if mapping is None and overhead is None:
        return [required(path, "at least one of mapping or overhead must be set")]
    errors: Errors = []
    key = (mapping or {}).get("capacityKey")
    if key == "":
        words = "capacityKey must not be an empty string"
        errors.append(invalid_value(f"{path}.mapping.capacityKey", "", words))
    elif key is not None and key not in capacity:
        errors.append(not_found_field(f"{path}.mapping.capacityKey", key))
    for word in ("capacityMultiplier", "deviceMultiplier"):
        factor = (mapping or {}).get(word)
        if factor is not None and nanos(factor) <= 0:
            errors.append(invalid_value(f"{path}.mapping.{word}", factor, "must be positive"))
    for word in ("perPod", "perContainer"):
        extra = (overhead or {}).get(word)
        if extra is not None and nanos(extra) < 0:
            errors.append(invalid_value(f"{path}.overhead.{word}", extra, "must be non-negative"))
    return errors


# Taint rules.


def prepare_rule(new: Object, old: Object | None) -> None:
    checks.preparing({})(new, old)
    taint = new["spec"].get("taint")
    if taint is not None:
        devices.date_taints([taint], new["metadata"].get("creationTimestamp"))
    checks.next_generation(new, old, old is not None and new["spec"] != old["spec"])


def default_rule(obj: Object) -> None:
    obj.setdefault("spec", {}).setdefault("taint", {})


def validate_rule(new: Object, old: Object | None) -> Errors:
    spec, found = new["spec"], Found()
    chosen, path = spec.get("deviceSelector") or {}, "spec.deviceSelector"
    if "driver" in chosen:
        found.code += devices.driver(chosen["driver"], f"{path}.driver")
    if "pool" in chosen:
        found.code += devices.pool(chosen["pool"], f"{path}.pool")
    if "device" in chosen:
        found.code += checks.needed(chosen["device"], f"{path}.device", checks.label)
    devices.taint(found, spec["taint"], "spec.taint", old["spec"].get("taint") if old else None)
    return found.all()


def validate_rule_status(new: Object, old: Object) -> Errors:
    conditions, path = (new.get("status") or {}).get("conditions") or [], "status.conditions"
    errors = policy.conditions(conditions, path)
    many = len(conditions) > RULE_CONDITIONS_MAX
    return [*errors, too_many(path, len(conditions), RULE_CONDITIONS_MAX)] if many else errors


def _field(*keys: str) -> Any:
    def read(obj: Object) -> str:
        value: Any = obj.get("spec") or {}
        for key in keys:
            value = value.get(key) or ({} if key != keys[-1] else "")
        return str(value)

    return read


BEHAVIOURS = {
    "resourceslices.resource.k8s.io": Behaviour(
        default=default_slice,
        prepare=prepare_slice,
        validate=validate_slice,
        fields={
            "spec.nodeName": _field("nodeName"),
            "spec.driver": _field("driver"),
            "spec.pool.name": _field("pool", "name"),
        },
    ),
    "devicetaintrules.resource.k8s.io": Behaviour(
        default=default_rule,
        prepare=prepare_rule,
        validate=validate_rule,
        prepare_status=checks.status_alone,
        validate_status=validate_rule_status,
    ),
}
