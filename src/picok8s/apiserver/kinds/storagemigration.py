"""storagemigration.k8s.io: StorageVersionMigration."""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks, policy

Object = dict[str, Any]
Errors = list[FieldError]

OUTCOMES = {"Succeeded": "Success", "Failed": "Failed"}


def validate(new: Object, old: Object | None) -> Errors:
    target, path = (new.get("spec") or {}).get("resource") or {}, "spec.resource"
    resource, group = target.get("resource", ""), target.get("group", "")
    errors: Errors = []
    if not resource:
        errors.append(required(f"{path}.resource", "resource is required to be set"))
    elif texts := names.dns_1035_label(resource):
        errors.append(invalid_value(f"{path}.resource", resource, ",".join(texts)))
    if group and (texts := names.dns_subdomain(group)):
        errors.append(invalid_value(f"{path}.group", group, ",".join(texts)))
    return errors + (checks.immutable(new, old, "", "spec") if old else [])


def validate_status(new: Object, old: Object) -> Errors:
    status, before = new.get("status") or {}, old.get("status") or {}
    conditions, path = status.get("conditions") or [], "status.conditions"
    errors = policy.conditions(conditions, path)
    version = status.get("resourceVersion", "")
    if before.get("resourceVersion") and before["resourceVersion"] != version:
        errors.append(invalid_value("status.resourceVersion", version, checks.IMMUTABLE))
    if all(_holds(status, outcome) for outcome in OUTCOMES):
        words = "Both success and failed conditions cannot be true at the same time"
        errors.append(invalid_value(path, conditions, words))
    for outcome, word in OUTCOMES.items():
        if _holds(before, outcome) and not _holds(status, outcome):
            words = f"{word} condition cannot be set to false once it is true"
            errors.append(invalid_value(path, conditions, words))
    return errors


def _holds(status: Object, condition: str) -> bool:
    return any(c.get("type") == condition and c.get("status") == "True" for c in status.get("conditions") or [])


BEHAVIOURS = {
    "storageversionmigrations.storagemigration.k8s.io": Behaviour(
        prepare=checks.preparing({}),
        validate=validate,
        prepare_status=checks.status_alone,
        validate_status=validate_status,
        unconditional_update=False,
    ),
}
