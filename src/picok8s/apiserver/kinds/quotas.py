"""ResourceQuotas: which resources and scopes one may speak of."""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import shapes
from picok8s.apiserver.kinds.checks import IMMUTABLE, keep, worded
from picok8s.apiserver.kinds.requirements import STANDARD_RESOURCES, is_quota_huge_page, resource_amount

Object = dict[str, Any]
Errors = list[FieldError]

COMPUTE = frozenset(f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in ("cpu", "memory"))
PODS, CLAIMS = frozenset({"pods"}), frozenset({"persistentvolumeclaims", "requests.storage"})
# Scope -> the resources that it may be applied to.
SCOPES = {
    "Terminating": PODS | COMPUTE,
    "NotTerminating": PODS | COMPUTE,
    "NotBestEffort": PODS | COMPUTE,
    "PriorityClass": PODS | COMPUTE,
    "CrossNamespacePodAffinity": PODS | COMPUTE,
    "BestEffort": PODS,
    "VolumeAttributesClass": CLAIMS,
}
CONFLICTS = (frozenset({"BestEffort", "NotBestEffort"}), frozenset({"Terminating", "NotTerminating"}))
STANDARD = STANDARD_RESOURCES - {"storage"}
ONLY_EXISTS = frozenset(SCOPES) - {"PriorityClass", "VolumeAttributesClass"}

MUST_EXIST = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def is_standard(name: str) -> bool:
    return name in STANDARD or is_quota_huge_page(name)


def amounts(hard: Object | None, path: str) -> Errors:
    errors: Errors = []
    for name, text in sorted((hard or {}).items()):
        at = f"{path}[{name}]"
        found = worded(names.qualified_name, name, at)
        if "/" not in name and not is_standard(name):
            found.append(invalid_value(at, name, "must be a standard resource for quota"))
        errors += found + resource_amount(name, text, at)
    return errors


def applies(scope: str, hard: Object) -> list[str]:
    """The resources of `hard` that a scope says nothing about."""
    return [name for name in sorted(hard) if is_standard(name) and name not in SCOPES.get(scope, {name})]


def scope_errors(spec: Object) -> Errors:
    scopes, path = spec.get("scopes") or [], "spec.scopes"
    errors: Errors = []
    for scope in scopes:
        if scope not in SCOPES:
            errors.append(invalid_value(path, scopes, "unsupported scope"))
        unfit = applies(scope, spec.get("hard") or {})
        errors += [invalid_value(path, scopes, "unsupported scope applied to resource") for _ in unfit]
    return errors + [invalid_value(path, scopes, "conflicting scopes") for pair in CONFLICTS if pair <= set(scopes)]


def selector_errors(spec: Object) -> Errors:
    selector = spec.get("scopeSelector")
    if selector is None:
        return []
    path = "spec.scopeSelector.matchExpressions"
    errors: Errors = []
    seen: set[str] = set()
    for item in selector.get("matchExpressions") or ():
        scope, operator, values = item.get("scopeName", ""), item.get("operator", ""), item.get("values") or []
        if scope not in SCOPES:
            errors.append(invalid_value(f"{path}.scopeName", scope, "unsupported scope"))
        for _ in applies(scope, spec.get("hard") or {}):
            shown = shapes.shown("ScopeSelector", selector)
            errors.append(invalid_value(path, shown, "unsupported scope applied to resource"))
        if scope in ONLY_EXISTS and operator != "Exists":
            errors.append(invalid_value(f"{path}.operator", operator, MUST_EXIST))
        if operator in ("In", "NotIn"):
            if not values:
                detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                errors.append(required(f"{path}.values", detail))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                errors.append(invalid_value(f"{path}.values", values, detail))
        else:
            errors.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
        seen.add(scope)
    told = spec.get("scopes") or []
    return errors + [invalid_value(path, told, "conflicting scopes") for pair in CONFLICTS if pair <= seen]


def validate(new: Object, old: Object | None) -> Errors:
    spec = new.get("spec") or {}
    errors = amounts(spec.get("hard"), "spec.hard") + scope_errors(spec) + selector_errors(spec)
    if old is not None and set(spec.get("scopes") or ()) != set((old.get("spec") or {}).get("scopes") or ()):
        errors.append(invalid_value("spec.scopes", spec.get("scopes"), IMMUTABLE))
    return errors


def validate_status(new: Object, old: Object) -> Errors:
    status = new.get("status") or {}
    return amounts(status.get("hard"), "status.hard") + amounts(status.get("used"), "status.used")


def prepare(new: Object, old: Object | None) -> None:
    new.setdefault("spec", {})
    if old is None:
        new["status"] = {}
    else:
        keep(new, old, "status")


def prepare_status(new: Object, old: Object) -> None:
    keep(new, old, "spec")


BEHAVIOURS = {
    "resourcequotas": Behaviour(
        prepare=prepare,
        validate=validate,
        prepare_status=prepare_status,
        validate_status=validate_status,
    )
}
