"""LimitRanges: bounds and defaults for what containers, pods and claims ask for."""

from typing import Any

from picok8s.api import names, quantity
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds.checks import worded
from picok8s.apiserver.kinds.requirements import container_resource_name, is_overcommitted, resource_name

Object = dict[str, Any]
Errors = list[FieldError]

TYPES = frozenset({"Pod", "Container", "PersistentVolumeClaim"})
# A pair that must be in order -> the field that is complained about, its value's field, and what is said.
ORDERS = (
    ("min", "max", "min", "min", "min value {a} is greater than max value {b}"),
    (
        *("min", "defaultRequest", "defaultRequest", "defaultRequest"),
        "min value {a} is greater than default request value {b}",
    ),
    (
        *("defaultRequest", "max", "defaultRequest", "defaultRequest"),
        "default request value {a} is greater than max value {b}",
    ),
    (
        *("defaultRequest", "default", "defaultRequest", "defaultRequest"),
        "default request value {a} is greater than default limit value {b}",
    ),
    ("min", "default", "default", "min", "min value {a} is greater than default value {b}"),
    ("default", "max", "default", "max", "default value {a} is greater than max value {b}"),
)


def default(limit_range: Object) -> None:
    """A container's limit is by default the most it may have, its request the limit, or the least it must have."""
    for limit in limit_range.setdefault("spec", {}).get("limits") or ():
        if limit.get("type") != "Container":
            continue
        limits = {**(limit.get("max") or {}), **(limit.get("default") or {})}
        requests = {**(limit.get("min") or {}), **limits, **(limit.get("defaultRequest") or {})}
        for key, amounts in (("default", limits), ("defaultRequest", requests)):
            if amounts:
                limit[key] = amounts


def type_errors(kind: str, path: str) -> Errors:
    errors = worded(names.qualified_name, kind, path)
    if not errors and "/" not in kind and kind not in TYPES:
        return [invalid_value(path, kind, "must be a standard limit type or fully qualified")]
    return errors


def name_errors(limit: Object, path: str, *fields: str) -> Errors:
    check = container_resource_name if limit.get("type") in ("Pod", "Container") else resource_name
    return [
        error
        for field in fields
        for name in sorted(limit.get(field) or ())
        for error in check(name, f"{path}.{field}[{name}]")
    ]


def limit_errors(limit: Object, path: str) -> Errors:
    errors = name_errors(limit, path, "max", "min")
    if limit.get("type") == "Pod":
        told = "may not be specified when `type` is 'Pod'"
        errors += [forbidden_field(f"{path}.{key}", told) for key in ("default", "defaultRequest") if limit.get(key)]
    else:
        errors += name_errors(limit, path, "default", "defaultRequest")
    if limit.get("type") == "PersistentVolumeClaim":
        if not any("storage" in (limit.get(key) or {}) for key in ("min", "max")):
            detail = "either minimum or maximum storage value is required, but neither was provided"
            errors.append(required(f"{path}.limits", detail))
    errors += name_errors(limit, path, "maxLimitRequestRatio")
    fields = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
    for name in sorted({name for field in fields for name in limit.get(field) or ()}):
        values = {field: limit[field][name] for field in fields if name in (limit.get(field) or {})}
        errors += value_errors(name, values, path)
    return errors


def value_errors(name: str, values: dict[str, str], path: str) -> Errors:
    """The bounds of one resource against each other."""
    errors: Errors = []
    for low, high, field, value, told in ORDERS:
        if low in values and high in values and quantity.compare(values[low], values[high]) > 0:
            detail = told.format(a=values[low], b=values[high])
            errors.append(invalid_value(f"{path}.{field}[{name}]", values[value], detail))
    ratio = values.get("maxLimitRequestRatio")
    if ratio is not None:
        errors += ratio_errors(ratio, values, f"{path}.maxLimitRequestRatio[{name}]")
    one, other = values.get("default"), values.get("defaultRequest")
    if not is_overcommitted(name) and one and other and quantity.compare(one, other):
        detail = f"default value {one} must equal to defaultRequest value {other} in {name}"
        errors.append(invalid_value(f"{path}.defaultRequest[{name}]", other, detail))
    return errors


def ratio_errors(ratio: str, values: dict[str, str], path: str) -> Errors:
    if quantity.compare(ratio, "1") < 0:
        return [invalid_value(path, ratio, f"ratio {ratio} is less than 1")]
    least = quantity.nanos(values.get("min", "0"))
    if "max" not in values or least <= 0:
        return []
    most = quantity.nanos(values["max"]) / least
    if quantity.nanos(ratio) / quantity.NANO > most:
        return [invalid_value(path, ratio, f"ratio {ratio} is greater than max/min = {most:f}")]
    return []


def validate(new: Object, old: Object | None) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, limit in enumerate((new.get("spec") or {}).get("limits") or ()):
        at, kind = f"spec.limits[{i}]", limit.get("type", "")
        errors += type_errors(kind, f"{at}.type")
        if kind in seen:
            errors.append(duplicate(f"{at}.type", kind))
        seen.add(kind)
        errors += limit_errors(limit, at)
    return errors


BEHAVIOURS = {"limitranges": Behaviour(default=default, validate=validate)}
