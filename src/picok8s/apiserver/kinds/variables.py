"""Environment variables and the references that they and downward API volumes are filled from."""

import re
from typing import Any

from picok8s.api import names, quantity
from picok8s.api.errors import FieldError, invalid_value, required, unsupported
from picok8s.apiserver.kinds.checks import worded
from picok8s.apiserver.kinds.paths import no_backsteps

Object = dict[str, Any]
Errors = list[FieldError]

POD_FIELDS = frozenset(
    {
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    }
)
VOLUME_FIELDS = frozenset(
    {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"}
)
# Fields of a pod that have a name outside of it; which of them may be used where is the two sets' above to say.
NAMED_FIELDS = POD_FIELDS | VOLUME_FIELDS | {"spec.restartPolicy", "spec.schedulerName", "status.phase"}
SUBSCRIPTED = {"metadata.annotations", "metadata.labels"}
_SUBSCRIPT = re.compile(r"(.+?)\['(.*)'\]", re.DOTALL)

RESOURCE_FIELDS = frozenset(
    f"{side}.{resource}" for side in ("limits", "requests") for resource in ("cpu", "memory", "ephemeral-storage")
)
HUGE_PAGES = ("requests.hugepages-", "limits.hugepages-")
BYTES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
DIVISORS: dict[str, tuple[tuple[str, ...], str]] = {
    "cpu": (("1m", "1"), "cpu"),
    "memory": (BYTES, "memory"),
    "ephemeral-storage": (BYTES, "local ephemeral storage"),
    "hugepages-": (BYTES, "hugepages"),
}


def validate_field_ref(ref: Object, path: str, allowed: frozenset[str]) -> Errors:
    """A reference to one of the pod's own fields."""
    if not ref.get("apiVersion"):
        return [required(f"{path}.apiVersion")]
    field = ref.get("fieldPath", "")
    if not field:
        return [required(f"{path}.fieldPath")]
    subscripted = _SUBSCRIPT.fullmatch(field)
    if ref["apiVersion"] != "v1":
        why = f"unsupported pod version: {ref['apiVersion']}"
    elif subscripted and subscripted[1] not in SUBSCRIPTED:
        why = f"field label does not support subscript: {field}"
    elif not subscripted and field not in NAMED_FIELDS | {"spec.host"}:
        why = f"field label not supported: {field}"
    else:
        why = ""
    if why:
        return [invalid_value(f"{path}.fieldPath", field, f"error converting fieldPath: {why}")]
    if subscripted:
        key = subscripted[2].lower() if subscripted[1] == "metadata.annotations" else subscripted[2]
        return worded(names.qualified_name, key, path)
    field = "spec.nodeName" if field == "spec.host" else field
    return [] if field in allowed else [unsupported(f"{path}.fieldPath", field, allowed)]


def validate_resource_ref(ref: Object, path: str, in_volume: bool) -> Errors:
    """A reference to a container's request or limit."""
    resource = ref.get("resource", "")
    if in_volume and not ref.get("containerName"):
        errors = [required(f"{path}.containerName")]
    elif not resource:
        errors = [required(f"{path}.resource")]
    elif resource not in RESOURCE_FIELDS and not resource.startswith(HUGE_PAGES):
        errors = [unsupported(f"{path}.resource", resource, RESOURCE_FIELDS)]
    else:
        errors = []
    return errors + validate_divisor(resource, ref.get("divisor", "0"), path)


def validate_divisor(resource: str, divisor: str, path: str) -> Errors:
    if quantity.nanos(divisor) == 0:
        return []
    for name, (good, told) in DIVISORS.items():
        fits = resource in (f"limits.{name}", f"requests.{name}") or (
            name[-1] == "-" and resource.startswith(HUGE_PAGES)
        )
        if fits and divisor not in good:
            listed = " and ".join(good) if len(good) == 2 else ", ".join(good)
            detail = f"only divisor's values {listed} are supported with the {told} resource"
            return [invalid_value(f"{path}.divisor", resource, detail)]
    return []


def validate_key_ref(ref: Object, path: str) -> Errors:
    """One key of a ConfigMap or a Secret."""
    errors = worded(names.dns_subdomain, ref["name"], f"{path}.name") if ref.get("name") else []
    if not ref.get("key"):
        return [*errors, required(f"{path}.key")]
    return errors + worded(names.data_key, ref["key"], f"{path}.key")


def validate_file_ref(ref: Object, path: str) -> Errors:
    """One variable of a file in a volume."""
    key = ref.get("key", "")
    errors = worded(names.relaxed_variable_name, key, f"{path}.key") if key else [required(f"{path}.key")]
    if ref.get("volumeName"):
        errors += worded(names.dns_label, ref["volumeName"], f"{path}.volumeName")
    else:
        errors.append(required(f"{path}.volumeName"))
    if ref.get("path"):
        return errors + no_backsteps(ref["path"], f"{path}.path")
    return [*errors, required(f"{path}.path")]


def validate_source(variable: Object, path: str) -> Errors:
    """`valueFrom` of a variable, at `path`."""
    source = variable.get("valueFrom")
    if source is None:
        return []
    errors: Errors = []
    if "fieldRef" in source:
        errors += validate_field_ref(source["fieldRef"], f"{path}.fieldRef", POD_FIELDS)
    if "resourceFieldRef" in source:
        errors += validate_resource_ref(source["resourceFieldRef"], f"{path}.resourceFieldRef", False)
    for key in ("configMapKeyRef", "secretKeyRef"):
        if key in source:
            errors += validate_key_ref(source[key], f"{path}.{key}")
    if "fileKeyRef" in source:
        errors += validate_file_ref(source["fileKeyRef"], f"{path}.fileKeyRef")
    if not source:
        kinds = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        errors.append(invalid_value(path, "", f"must specify one of: {kinds}"))
    elif variable.get("value"):
        errors.append(invalid_value(path, "", "may not be specified when `value` is not empty"))
    elif len(source) > 1:
        errors.append(invalid_value(path, "", "may not have more than one field specified at a time"))
    return errors


def validate_variables(variables: list[Object], path: str) -> Errors:
    errors: Errors = []
    for i, variable in enumerate(variables):
        if variable.get("name"):
            errors += worded(names.relaxed_variable_name, variable["name"], f"{path}[{i}].name")
        else:
            errors.append(required(f"{path}[{i}].name"))
        errors += validate_source(variable, f"{path}[{i}].valueFrom")
    return errors


def validate_bulk_sources(sources: list[Object], path: str) -> Errors:
    """`envFrom`: whole ConfigMaps and Secrets."""
    errors: Errors = []
    for i, source in enumerate(sources):
        if source.get("prefix"):
            errors += worded(names.relaxed_variable_name, source["prefix"], f"{path}[{i}].prefix")
        given = [key for key in ("configMapRef", "secretRef") if key in source]
        for key in given:
            name = source[key].get("name", "")
            at = f"{path}[{i}].{key}.name"
            errors += worded(names.dns_subdomain, name, at) if name else [required(at)]
        if not given:
            errors.append(invalid_value(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(invalid_value(path, "", "may not have more than one field specified at a time"))
    return errors
