"""What a whole pod requests: sums over its containers, its own requests and limits, and its quality of service."""

from typing import Any

from picok8s.api import quantity
from picok8s.api.errors import FieldError, forbidden_field, invalid_value
from picok8s.apiserver.kinds.requirements import (
    POD_LEVEL_RESOURCES,
    is_huge_page,
    is_overcommitted,
    validate_requirements,
)

Object = dict[str, Any]
Errors = list[FieldError]
Amounts = dict[str, str]


def added(one: Amounts, other: Amounts) -> Amounts:
    out = dict(one)
    for name, text in other.items():
        out[name] = quantity.add(out[name], text) if name in out else text
    return out


def larger(one: Amounts, other: Amounts) -> Amounts:
    out = dict(one)
    for name, text in other.items():
        if name not in out or quantity.compare(text, out[name]) > 0:
            out[name] = text
    return out


def aggregate(spec: Object, side: str) -> Amounts:
    """What the containers need together of `side`, "requests" or "limits". Sidecars run beside all that come after."""

    def of(container: Object) -> Amounts:
        return (container.get("resources") or {}).get(side) or {}

    main: Amounts = {}
    for container in spec.get("containers") or ():
        main = added(main, of(container))
    sidecars: Amounts = {}
    start: Amounts = {}
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            sidecars = added(sidecars, of(container))
            start = larger(start, sidecars)
        else:
            start = larger(start, added(of(container), sidecars))
    return larger(added(main, sidecars), start)


def is_pod_level(name: str) -> bool:
    return name in POD_LEVEL_RESOURCES or is_huge_page(name)


def default_pod_level(spec: Object) -> None:
    """A pod with limits of its own requests what its containers do, and else up to those limits."""
    own = spec.get("resources")
    if not own:
        return
    limits, requests = dict(own.get("limits") or {}), dict(own.get("requests") or {})
    if limits or requests:
        for name, text in aggregate(spec, "limits").items():
            if is_huge_page(name) and name not in requests:
                limits.setdefault(name, text)
    if own.get("limits"):
        for name, text in aggregate(spec, "requests").items():
            if is_pod_level(name) and is_overcommitted(name):
                requests.setdefault(name, text)
        for name, text in limits.items():
            if is_pod_level(name):
                requests.setdefault(name, text)
    for side, amounts in (("limits", limits), ("requests", requests)):
        if amounts:
            own[side] = amounts


def validate_pod_level(spec: Object, path: str, claims: set[str]) -> Errors:
    own = spec.get("resources")
    if own is None:
        return []
    if (spec.get("os") or {}).get("name") == "windows":
        return [forbidden_field(path, "may not be set for a windows pod")]
    errors: Errors = []
    if "claims" in own:
        errors.append(forbidden_field(f"{path}.claims", "claims may not be set for Resources at pod-level"))
    errors += validate_requirements(own, path, claims, pod_level=True)
    return errors + validate_consistency(spec, own, path)


def validate_consistency(spec: Object, own: Object, path: str) -> Errors:
    """The pod's own resources against its containers'."""
    errors: Errors = []
    requests, limits = own.get("requests") or {}, own.get("limits") or {}
    for name, text in sorted(aggregate(spec, "requests").items()):
        if name in requests and quantity.compare(text, requests[name]) > 0:
            detail = f"must be greater than or equal to aggregate container requests of {text}"
            errors.append(invalid_value(f"{path}.requests[{name}]", requests[name], detail))
    for name, text in sorted(aggregate(spec, "limits").items()):
        if is_huge_page(name) and name in limits and quantity.compare(text, limits[name]) > 0:
            detail = f"must be greater than or equal to aggregate container limits of {text}"
            errors.append(invalid_value(f"{path}.limits[{name}]", limits[name], detail))
    for i, container in enumerate(spec.get("containers") or ()):
        for name, text in sorted(((container.get("resources") or {}).get("limits") or {}).items()):
            if name in limits and quantity.compare(text, limits[name]) > 0:
                detail = f"must be less than or equal to pod limits of {limits[name]}"
                errors.append(invalid_value(f"{path}.containers[{i}][{name}].limits", text, detail))
    return errors


def _compute(amounts: Amounts) -> Amounts:
    """The part that decides the quality of service."""
    return {name: text for name, text in amounts.items() if name in ("cpu", "memory") and quantity.nanos(text) > 0}


def qos_class(spec: Object) -> str:
    """Guaranteed when everything is limited and requested alike, BestEffort when nothing is, else Burstable."""
    own = spec.get("resources") or {}
    if any(is_pod_level(name) for side in ("requests", "limits") for name in own.get(side) or {}):
        holders = [own]
    else:
        holders = [
            container.get("resources") or {}
            for kind in ("containers", "initContainers")
            for container in spec.get(kind) or ()
        ]
    requests: Amounts = {}
    limits: Amounts = {}
    guaranteed = True
    for holder in holders:
        limited = _compute(holder.get("limits") or {})
        guaranteed = guaranteed and len(limited) == 2
        requests = added(requests, _compute(holder.get("requests") or {}))
        limits = added(limits, limited)
    if not requests and not limits:
        return "BestEffort"
    same = len(requests) == len(limits) and all(
        name in limits and quantity.compare(text, limits[name]) == 0 for name, text in requests.items()
    )
    return "Guaranteed" if guaranteed and same else "Burstable"
