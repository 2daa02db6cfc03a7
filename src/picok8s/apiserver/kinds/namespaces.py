"""Namespaces: labelled with their own name, and held by a finalizer until what is in them is gone."""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, invalid_value
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds.checks import keep, worded

Object = dict[str, Any]
Errors = list[FieldError]

LABEL, FINALIZER = "kubernetes.io/metadata.name", "kubernetes"
STANDARD_FINALIZERS = frozenset({FINALIZER, "orphan", "foregroundDeletion"})


def default(namespace: Object) -> None:
    if name := namespace["metadata"].get("name"):
        namespace["metadata"].setdefault("labels", {})[LABEL] = name
    if status := namespace.get("status"):
        status["phase"] = status.get("phase") or "Active"


def prepare(new: Object, old: Object | None) -> None:
    if old is not None:
        keep(new, old, "spec", "status")
        return
    default(new)  # A name that has just been made needs its label too.
    new["status"] = {"phase": "Active"}
    finalizers = (new.get("spec") or {}).get("finalizers") or []
    new["spec"] = {"finalizers": finalizers if FINALIZER in finalizers else [*finalizers, FINALIZER]}


def finalizer_errors(namespace: Object) -> Errors:
    errors: Errors = []
    for i, name in enumerate((namespace.get("spec") or {}).get("finalizers") or ()):
        path = f"spec.finalizers[{i}]" if namespace["metadata"].get("deletionTimestamp") else "spec.finalizers"
        found = worded(names.qualified_name, name, path)
        if not found and "/" not in name and name not in STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            found = [invalid_value(path, name, detail)]
        errors += found
    return errors


def validate(new: Object, old: Object | None) -> Errors:
    return finalizer_errors(new) if old is None else []


def prepare_finalize(new: Object, old: Object) -> None:
    keep(new, old, "status")
    new.setdefault("spec", {})
    keep(new["metadata"], old["metadata"], "deletionTimestamp", "deletionGracePeriodSeconds")


def validate_finalize(new: Object, old: Object) -> Errors:
    return finalizer_errors(new)


def prepare_status(new: Object, old: Object) -> None:
    keep(new, old, "spec")


def validate_status(new: Object, old: Object) -> Errors:
    phase = (new.get("status") or {}).get("phase", "")
    deleted = "deletionTimestamp" in new["metadata"]
    wanted, state = ("Terminating", "not empty") if deleted else ("Active", "empty")
    if phase == wanted:
        return []
    return [invalid_value("status.Phase", phase, f"may only be '{wanted}' if `deletionTimestamp` is {state}")]


BEHAVIOURS = {
    "namespaces": Behaviour(
        default=default,
        prepare=prepare,
        validate=validate,
        prepare_status=prepare_status,
        validate_status=validate_status,
        subresources={"finalize": (prepare_finalize, validate_finalize)},
        name=names.dns_label,
        fields={
            "name": lambda namespace: namespace["metadata"]["name"],
            "status.phase": lambda namespace: (namespace.get("status") or {}).get("phase", ""),
        },
    )
}
