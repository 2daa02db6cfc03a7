"""node.k8s.io: RuntimeClass."""

from typing import Any

from picok8s.api import selectors
from picok8s.api.errors import FieldError, duplicate, invalid_value
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks, requirements
from picok8s.apiserver.kinds.storage import label_warning

Object = dict[str, Any]
Errors = list[FieldError]

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
OPERATORS = ("Equal", "Exists")
IDENTITY = ("key", "operator", "value", "effect")
TOLERATION = (
    ("Key", "key"),
    ("Operator", "operator"),
    ("Value", "value"),
    ("Effect", "effect"),
    ("TolerationSeconds", "tolerationSeconds"),
)


def validate(new: Object, old: Object | None) -> Errors:
    if old is not None:
        return checks.immutable(new, old, "", "handler", bare=True)
    errors: Errors = []
    fixed = (new.get("overhead") or {}).get("podFixed") or {}
    errors += requirements.validate_requirements({"limits": fixed}, "overhead", set()) if fixed else []
    scheduling = new.get("scheduling") or {}
    errors += selectors.validate_labels(scheduling.get("nodeSelector"), "scheduling.nodeSelector")
    errors += _tolerations(scheduling.get("tolerations") or [], "scheduling.tolerations")
    return errors + checks.needed(new.get("handler"), "handler", checks.label)


def _tolerations(tolerations: list[Object], path: str) -> Errors:
    errors: Errors = []
    for index, toleration in enumerate(tolerations):
        errors += _toleration(toleration, f"{path}[{index}]")
    seen: list[tuple[Any, ...]] = []
    for index, toleration in enumerate(tolerations):
        identity = tuple(toleration.get(key, "") for key in IDENTITY)
        if identity in seen:
            shown = checks.spelled({key: "" for key in IDENTITY} | toleration, TOLERATION)
            errors.append(duplicate(f"{path}[{index}]", shown))
        seen.append(identity)
    return errors


def _toleration(toleration: Object, path: str) -> Errors:
    key, operator = toleration.get("key", ""), toleration.get("operator", "")
    value, effect = toleration.get("value", ""), toleration.get("effect", "")
    errors = checks.qualified(key, f"{path}.key") if key else []
    if not key and operator != "Exists":
        words = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        errors.append(invalid_value(f"{path}.operator", operator, words))
    if "tolerationSeconds" in toleration and effect != "NoExecute":
        words = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(invalid_value(f"{path}.effect", effect, words))
    if operator in ("", "Equal"):
        errors += checks.label_value(value, f"{path}.operator")
    elif operator == "Exists" and value:
        errors.append(invalid_value(f"{path}.operator", toleration, "value must be empty when `operator` is 'Exists'"))
    elif operator not in OPERATORS:
        errors.append(checks.unsupported(f"{path}.operator", operator, OPERATORS, as_listed=True))
    if effect and effect not in EFFECTS:
        errors.append(checks.unsupported(f"{path}.effect", effect, EFFECTS, as_listed=True))
    return errors


def warnings(new: Object, old: Object | None) -> list[str]:
    lines: list[str] = []
    for key in new.get("scheduling", {}).get("nodeSelector") or {}:
        lines += label_warning(key, "scheduling.nodeSelector")
    return lines


BEHAVIOURS = {
    "runtimeclasses.node.k8s.io": Behaviour(
        validate=validate,
        warnings=warnings,
        create_on_update=True,
        unconditional_update=False,
    ),
}
