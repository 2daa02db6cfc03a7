"""PersistentVolumeClaims: what may change in one, and how it grows."""

from copy import deepcopy
from typing import Any

from picok8s.api import names, quantity
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, unsupported
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import claims_spec, shapes
from picok8s.apiserver.kinds.checks import IMMUTABLE, keep, worded
from picok8s.apiserver.kinds.pods_warnings import claim_warnings
from picok8s.apiserver.kinds.requirements import is_native, resource_amount

Object = dict[str, Any]
Errors = list[FieldError]

OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
CHANGEABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
RESIZE_STATES = (
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
)


def default(claim: Object) -> None:
    claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    if "status" in claim:
        claim["status"]["phase"] = claim["status"].get("phase") or "Pending"


def prepare(new: Object, old: Object | None) -> None:
    spec = new["spec"]
    if old is None:
        new["status"] = {"phase": "Pending"}
    else:
        keep(new, old, "status")
    in_use = old is not None and ("dataSource" in old["spec"] or "dataSourceRef" in old["spec"])
    if not in_use and "dataSourceRef" not in spec and not is_old_source(spec.get("dataSource")):
        spec.pop("dataSource", None)
    same_sources(spec)


def is_old_source(source: Object | None) -> bool:
    """`dataSource` alone may name a claim or a snapshot; anything else has always been dropped."""
    kinds = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))
    return source is not None and (source.get("apiGroup", ""), source.get("kind", "")) in kinds


def same_sources(spec: Object) -> None:
    """Both ways of saying where the data comes from say the same, where they can."""
    if "dataSource" in spec and "dataSourceRef" not in spec:
        spec["dataSourceRef"] = dict(spec["dataSource"])
    elif "dataSourceRef" in spec and "dataSource" not in spec and not spec["dataSourceRef"].get("namespace"):
        spec["dataSource"] = {key: value for key, value in spec["dataSourceRef"].items() if key != "namespace"}


def validate(new: Object, old: Object | None) -> Errors:
    errors = claims_spec.validate_spec(new["spec"])
    return errors if old is None else errors + changes(new, old)


def changes(new: Object, old: Object) -> Errors:
    errors: Errors = []
    spec, was = new["spec"], old["spec"]
    munged, before = deepcopy(spec), deepcopy(was)
    if not was.get("volumeName"):
        keep(before, spec, "volumeName")
    annotations, annotated = new["metadata"].get("annotations") or {}, old["metadata"].get("annotations") or {}
    if annotations.get(OLD_CLASS, "") != annotated.get(OLD_CLASS, ""):
        at = f"metadata.annotations[{OLD_CLASS}]"
        errors.append(invalid_value(at, annotations.get(OLD_CLASS, ""), IMMUTABLE))
    if was.get("storageClassName") is None and OLD_CLASS not in annotated:
        keep(munged, was, "storageClassName")  # It may be given a class as long as it has none.
    status = new.get("status") or {}
    if status.get("phase") == "Bound":
        if "requests" in (munged.get("resources") or {}):
            munged["resources"]["requests"]["storage"] = was["resources"]["requests"]["storage"]
        keep(munged, was, "volumeAttributesClassName")
    if munged != before:
        difference = shapes.difference("PersistentVolumeClaimSpec", before, munged)
        errors.append(forbidden_field("spec", f"{CHANGEABLE}\n{difference}"))
    errors += size_changes(spec, was, status)
    errors += [
        invalid_value("volumeMode", spec.get("volumeMode"), IMMUTABLE)
        for _ in range(spec.get("volumeMode") != was.get("volumeMode"))
    ]
    return errors + class_changes(spec, was, old.get("status") or {})


def size(spec: Object) -> str:
    return str(((spec.get("resources") or {}).get("requests") or {}).get("storage", "0"))


def size_changes(spec: Object, was: Object, status: Object) -> Errors:
    """It may shrink again, if what it has is smaller still."""
    has = (status.get("capacity") or {}).get("storage", "0")
    if quantity.compare(size(spec), size(was)) >= 0 or quantity.compare(size(spec), has) > 0:
        return []
    return [forbidden_field("spec.resources.requests.storage", "field can not be less than status.capacity")]


def class_changes(spec: Object, was: Object, status: Object) -> Errors:
    path, name = "spec.volumeAttributesClassName", spec.get("volumeAttributesClassName")
    if name or name == was.get("volumeAttributesClassName") or not status.get("currentVolumeAttributesClassName"):
        return []
    what = "nil" if name is None else "empty string"
    return [
        forbidden_field(path, f"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil")
    ]


# Status.


def prepare_status(new: Object, old: Object) -> None:
    keep(new, old, "spec")


def amount_errors(text: str, path: str) -> Errors:
    whole = quantity.value(text)
    return [invalid_value(path, whole, "must be a valid resource quantity")] if whole < 0 else []


def resource_key(name: str, path: str) -> Errors:
    errors = worded(names.qualified_name, name, path)
    if not errors and is_native(name) and name != "storage":
        return [unsupported(path, name, ("storage",))]
    return errors


def validate_status(new: Object, old: Object) -> Errors:
    status = new.get("status") or {}
    errors: Errors = []
    for name, text in sorted((status.get("capacity") or {}).items()):
        errors += amount_errors(text, f"status.capacity[{name}]")
    path = "status.allocatedResourceStatuses"
    for name, state in sorted((status.get("allocatedResourceStatuses") or {}).items()):
        found = resource_key(name, path)
        errors += found or ([] if state in RESIZE_STATES else [unsupported(path, name, frozenset(RESIZE_STATES))])
    path = "status.allocatedResources"
    for name, text in sorted((status.get("allocatedResources") or {}).items()):
        found = resource_key(name, path) or amount_errors(text, f"{path}[{name}]")
        errors += found or resource_amount("storage", text, f"{path}[{name}]")
    return errors


def warnings(new: Object, old: Object | None) -> list[str]:
    return claim_warnings(new["spec"], "spec")


BEHAVIOURS = {
    "persistentvolumeclaims": Behaviour(
        default=default,
        prepare=prepare,
        validate=validate,
        warnings=warnings,
        prepare_status=prepare_status,
        validate_status=validate_status,
    )
}
