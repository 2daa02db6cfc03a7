"""Requests, limits and claims of containers and pods, and the names of resources."""

from typing import Any

from picok8s.api import names, quantity
from picok8s.api.errors import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    not_found_field,
    required,
    unsupported,
)
from picok8s.apiserver.kinds.checks import NOT_NEGATIVE, worded

Object = dict[str, Any]
Errors = list[FieldError]

# Resources of a container that are spoken of by their bare names.
CONTAINER_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
# Every bare name that means something somewhere: in containers, nodes, claims, quotas.
STANDARD_RESOURCES = CONTAINER_RESOURCES | {
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
}
# Those that count things: their amounts are whole numbers.
COUNTED_RESOURCES = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
HUGE_PAGES = "hugepages-"
POD_LEVEL_RESOURCES = frozenset({"cpu", "memory"})


def is_huge_page(name: str) -> bool:
    return name.startswith(HUGE_PAGES)


def is_quota_huge_page(name: str) -> bool:
    return name.startswith((HUGE_PAGES, f"requests.{HUGE_PAGES}"))


def is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """A resource of a device plugin or the like: fully qualified, and good to be counted in a quota."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not names.qualified_name(f"requests.{name}")


def is_overcommitted(name: str) -> bool:
    """Whether less may be requested than limited."""
    return is_native(name) and not is_huge_page(name)


def is_integer(name: str) -> bool:
    return name in COUNTED_RESOURCES or is_extended(name)


def resource_name(name: str, path: str) -> Errors:
    errors = worded(names.qualified_name, name, path)
    if not errors and "/" not in name and name not in STANDARD_RESOURCES and not is_quota_huge_page(name):
        return [invalid_value(path, name, "must be a standard resource type or fully qualified")]
    return errors


def container_resource_name(name: str, path: str) -> Errors:
    errors = resource_name(name, path)
    if "/" not in name:
        if name not in CONTAINER_RESOURCES and not is_huge_page(name):
            errors.append(invalid_value(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        errors.append(invalid_value(path, name, "doesn't follow extended resource name standard"))
    return errors


def pod_resource_name(name: str, path: str) -> Errors:
    errors = resource_name(name, path)
    if errors or name in POD_LEVEL_RESOURCES or is_huge_page(name):
        return errors
    return [unsupported(path, name, POD_LEVEL_RESOURCES | {HUGE_PAGES})]


def resource_amount(name: str, text: str, path: str) -> Errors:
    """What holds of every amount of a resource."""
    amount = quantity.nanos(text)
    errors = [invalid_value(path, text, NOT_NEGATIVE)] if amount < 0 else []
    if is_integer(name) and amount % quantity.NANO:
        errors.append(invalid_value(path, text, "must be an integer"))
    return errors


def huge_page_amount(name: str, text: str, path: str) -> Errors:
    """A whole number of pages."""
    if not is_huge_page(name):
        return []
    try:
        page = quantity.nanos(name.removeprefix(HUGE_PAGES))
    except ValueError:
        page = 0
    if page > 0 and page % quantity.NANO == 0 and quantity.value(text) * quantity.NANO % page == 0:
        return []
    return [invalid_value(path, text, f"{text} is not positive integer multiple of {name}")]


def validate_requirements(resources: Object, path: str, claims: set[str], pod_level: bool = False) -> Errors:
    """`claims` are the names of the pod's resource claims."""
    check_name = pod_resource_name if pod_level else container_resource_name
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    errors: Errors = []
    for name, text in sorted(limits.items()):
        at = f"{path}.limits[{name}]"
        errors += check_name(name, at) + resource_amount(name, text, at) + huge_page_amount(name, text, at)
    for name, text in sorted(requests.items()):
        at = f"{path}.requests[{name}]"
        errors += check_name(name, at) + resource_amount(name, text, at)
        errors += compare(name, text, limits.get(name), path)
        errors += huge_page_amount(name, text, at)
    named = limits.keys() | requests.keys()
    if any(is_huge_page(name) for name in named) and not named & {"cpu", "memory"}:
        errors.append(forbidden_field(path, "HugePages require cpu or memory"))
    return errors + validate_claims(resources.get("claims") or [], claims, f"{path}.claims")


def compare(name: str, request: str, limit: str | None, path: str) -> Errors:
    """A request against its limit."""
    if limit is None:
        if is_overcommitted(name):
            return []
        return [required(f"{path}.limits", "Limit must be set for non overcommitable resources")]
    order = quantity.compare(request, limit)
    if order and not is_overcommitted(name):
        return [invalid_value(f"{path}.requests", request, f"must be equal to {name} limit of {limit}")]
    if order > 0:
        return [invalid_value(f"{path}.requests", request, f"must be less than or equal to {name} limit of {limit}")]
    return []


def validate_claims(claims: list[Object], known: set[str], path: str) -> Errors:
    """A container's references to the pod's resource claims; a whole claim and a request of it exclude each other."""
    errors: Errors = []
    seen: set[tuple[str, str]] = set()
    for i, claim in enumerate(claims):
        name, request = claim.get("name", ""), claim.get("request", "")
        at = f"{path}[{i}]"
        if not name:
            errors.append(required(at))
            continue
        if (name, "") in seen:
            errors.append(duplicate(at, name))
        else:
            if request:
                errors += worded(names.dns_label, request, f"{at}.request")
            if (name, request) in seen:
                errors.append(duplicate(at, f"{name}/{request}" if request else name))
            elif not request and any(other == name for other, _ in seen):
                errors.append(duplicate(at, name))
            seen.add((name, request))
        if name not in known:
            listed = f": {', '.join(sorted(known))}" if known else " which is empty"
            detail = f"must be one of the names in pod.spec.resourceClaims{listed}"
            errors.append(not_found_field(at, name, detail))
    return errors
