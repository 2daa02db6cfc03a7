"""policy: PodDisruptionBudget."""

import re
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, duplicate, invalid_value, required, too_long
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]

EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
REASON_RULE = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
REASON_WORDS = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
    "characters or '_,:', and must end with an alphanumeric character or '_'"
)
REASON_EXAMPLES = ("my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")
REASON_MAX = 1024
MESSAGE_MAX = 32 * 1024
EMPTY_STATUS = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}
SPELLED = (
    ("MinAvailable", "minAvailable"),
    ("Selector", "selector"),
    ("MaxUnavailable", "maxUnavailable"),
    ("UnhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy"),
)


def validate(new: Object, old: Object | None) -> Errors:
    spec = new.get("spec") or {}
    errors: Errors = []
    if "minAvailable" in spec and "maxUnavailable" in spec:
        words = "minAvailable and maxUnavailable cannot be both set"
        errors.append(invalid_value("spec", checks.spelled(spec, SPELLED), words))
    for key in ("minAvailable", "maxUnavailable"):
        if key in spec:
            errors += checks.int_or_percent(spec[key], f"spec.{key}")
            errors += checks.at_most_100_percent(spec[key], f"spec.{key}")
    errors += checks.label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in EVICTION_POLICIES:
        errors.append(checks.unsupported("spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES))
    return errors


def validate_status(new: Object, old: Object) -> Errors:
    status = new.get("status") or {}
    errors = conditions(status.get("conditions") or [], "status.conditions")
    return errors + checks.not_negative(status, "status", *EMPTY_STATUS)


def conditions(items: list[Object], path: str) -> Errors:
    """The standard conditions (metav1.Condition), each type once."""
    errors: Errors = []
    seen: set[str] = set()
    for index, condition in enumerate(items):
        kind, at = condition.get("type", ""), f"{path}[{index}]"
        if kind in seen:
            errors.append(duplicate(f"{at}.type", kind))
        seen.add(kind)
        errors += _condition(condition, at)
    return errors


def _condition(condition: Object, path: str) -> Errors:
    errors = checks.qualified(condition.get("type", ""), f"{path}.type")
    if condition.get("status") not in ("True", "False", "Unknown"):
        errors.append(checks.unsupported(f"{path}.status", condition.get("status", ""), ("True", "False", "Unknown")))
    errors += checks.not_negative(condition, path, "observedGeneration")
    if not condition.get("lastTransitionTime"):
        errors.append(required(f"{path}.lastTransitionTime"))
    errors += condition_reason(condition.get("reason", ""), f"{path}.reason", REASON_MAX)
    if len(condition.get("message", "")) > MESSAGE_MAX:
        errors.append(too_long(f"{path}.message", MESSAGE_MAX))
    return errors


def condition_reason(reason: str, path: str, limit: int) -> Errors:
    if not reason:
        return [required(path)]
    errors: Errors = []
    if not re.fullmatch(REASON_RULE, reason):
        words = names.pattern(REASON_WORDS, REASON_RULE, *REASON_EXAMPLES)
        errors.append(invalid_value(path, reason, words))
    if len(reason) > limit:
        errors.append(too_long(path, limit))
    return errors


BEHAVIOURS = {
    "poddisruptionbudgets.policy": Behaviour(
        prepare=checks.preparing(EMPTY_STATUS, "spec"),
        validate=validate,
        prepare_status=checks.status_only(),
        validate_status=validate_status,
        unconditional_update=False,
    ),
}
