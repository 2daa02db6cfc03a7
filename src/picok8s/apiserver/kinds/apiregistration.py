"""apiregistration.k8s.io: APIService."""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks, webhook_targets

Object = dict[str, Any]
Errors = list[FieldError]

GROUP_PRIORITY_MAX = 20000
VERSION_PRIORITY_MAX = 1000
STATUSES = ("True", "False", "Unknown")


def default(obj: Object) -> None:
    webhook_targets.default(obj.setdefault("spec", {}))


def prepare(new: Object, old: Object | None) -> None:
    """A group of our own is available from the start."""
    checks.preparing({})(new, old)
    if old is None and new["spec"].get("service") is None:
        condition = {
            "type": "Available",
            "status": "True",
            "lastTransitionTime": new["metadata"].get("creationTimestamp"),
            "reason": "Local",
            "message": "Local APIServices are always available",
        }
        new["status"] = {"conditions": [condition]}


def validate(new: Object, old: Object | None) -> Errors:
    spec, name = new["spec"], new["metadata"].get("name", "")
    group, version, service = spec.get("group", ""), spec.get("version", ""), spec.get("service")
    errors: Errors = []
    if name != f"{version}.{group}" and not names.path_segment(name):
        words = f'must be `spec.version+"."+spec.group`: "{version}.{group}"'
        errors.append(invalid_value("metadata.name", name, words))
    if not group and version != "v1":
        errors.append(required("spec.group", "only v1 may have an empty group and it better be legacy kube"))
    errors += checks.subdomain(group, "spec.group") if group else []
    errors += checks.worded(names.dns_1035_label, version, "spec.version")
    for key, most in (("groupPriorityMinimum", GROUP_PRIORITY_MAX), ("versionPriority", VERSION_PRIORITY_MAX)):
        if not 0 < spec.get(key, 0) <= most:
            words = f"must be positive and less than {most}"
            errors.append(invalid_value(f"spec.{key}", spec.get(key, 0), words))
    return errors + (_local(spec) if service is None else _remote(spec, service))


def _local(spec: Object) -> Errors:
    errors: Errors = []
    if spec.get("caBundle"):
        size = len(spec["caBundle"].rstrip("=")) * 3 // 4
        errors.append(invalid_value("spec.caBundle", f"{size} bytes", "local APIServices may not have a caBundle"))
    if spec.get("insecureSkipTLSVerify"):
        words = "local APIServices may not have insecureSkipTLSVerify"
        errors.append(invalid_value("spec.insecureSkipTLSVerify", True, words))
    return errors


def _remote(spec: Object, service: Object) -> Errors:
    errors = [required(f"spec.service.{key}") for key in ("namespace", "name") if not service.get(key)]
    errors += webhook_targets.port(service["port"], "spec.service.port")
    if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
        errors.append(invalid_value("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present"))
    return errors


def validate_status(new: Object, old: Object) -> Errors:
    return [
        checks.unsupported(f"status.conditions[{index}].status", condition.get("status", ""), STATUSES, as_listed=True)
        for index, condition in enumerate((new.get("status") or {}).get("conditions") or [])
        if condition.get("status") not in STATUSES
    ]


BEHAVIOURS = {
    "apiservices.apiregistration.k8s.io": Behaviour(
        default=default,
        prepare=prepare,
        validate=validate,
        prepare_status=checks.status_alone,
        validate_status=validate_status,
        name=names.path_segment,
        unconditional_update=False,
    ),
}
