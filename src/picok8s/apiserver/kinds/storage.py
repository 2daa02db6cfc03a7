"""storage.k8s.io: StorageClass, VolumeAttributesClass, VolumeAttachment, CSIStorageCapacity.

CSIDriver and CSINode are in storage_csi.py.
"""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required, too_long
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]

PARAMETERS_MAX = 512
BYTES_MAX = 256 * 1024
MESSAGE_MAX = 1024
# Labels that said zone and region, architecture and system before 1.17, and what says so now.
OLD_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
}
ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


def label_warning(key: str, path: str) -> list[str]:
    if key not in OLD_LABELS:
        return []
    since, instead = OLD_LABELS[key]
    return [f'{path}: deprecated since {since}; use "{instead}" instead']


# StorageClass.


def default_class(obj: Object) -> None:
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def validate_class(new: Object, old: Object | None) -> Errors:
    if old is not None:
        fixed = ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode")
        return checks.immutable(new, old, "", *fixed, bare=True)
    provisioner = new.get("provisioner", "")
    errors = checks.qualified(provisioner.lower(), "provisioner") if provisioner else []
    errors += _parameters(new.get("parameters") or {})
    for key, words in (
        ("reclaimPolicy", ("Delete", "Retain")),
        ("volumeBindingMode", ("Immediate", "WaitForFirstConsumer")),
    ):
        if new[key] not in words:
            errors.append(checks.unsupported(key, new[key], words))
    errors += _topologies(new.get("allowedTopologies") or [])
    return errors if provisioner else [*errors, required("provisioner")]


def _parameters(parameters: dict[str, str]) -> Errors:
    if len(parameters) > PARAMETERS_MAX:
        return [too_long("parameters", PARAMETERS_MAX)]
    errors = [invalid_value("parameters", key, "field can not be empty.") for key in parameters if not key]
    if _bytes(parameters) > BYTES_MAX:
        errors.append(too_long("parameters", BYTES_MAX))
    return errors


def _bytes(words: dict[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in words.items())


def _topologies(terms: list[Object]) -> Errors:
    errors: Errors = []
    seen: list[dict[str, set[str]]] = []
    for index, term in enumerate(terms):
        path = f"allowedTopologies[{index}].matchLabelExpressions"
        wanted: dict[str, set[str]] = {}
        for at, expression in enumerate(term.get("matchLabelExpressions") or []):
            key, values = expression.get("key", ""), expression.get("values") or []
            errors += _topology(key, values, f"{path}[{at}]")
            if key in wanted:
                errors.append(duplicate(f"{path}[{at}].key", key))
            wanted[key] = set(values)
        if wanted in seen:
            errors.append(duplicate(path, ""))
        seen.append(wanted)
    return errors


def _topology(key: str, values: list[str], path: str) -> Errors:
    errors = [] if values else [required(f"{path}.values")]
    errors += [
        duplicate(f"{path}.values[{index}]", value) for index, value in enumerate(values) if value in values[:index]
    ]
    return errors + checks.qualified(key, f"{path}.key")


def class_warnings(new: Object, old: Object | None) -> list[str]:
    return [
        line
        for index, term in enumerate(new.get("allowedTopologies") or [])
        for at, expression in enumerate(term.get("matchLabelExpressions") or [])
        for line in label_warning(
            expression.get("key", ""), f"allowedTopologies[{index}].matchLabelExpressions[{at}].key"
        )
    ]


# VolumeAttributesClass.


def validate_attributes(new: Object, old: Object | None) -> Errors:
    driver, parameters = new.get("driverName", ""), new.get("parameters") or {}
    errors: Errors = []
    if old is not None:
        errors += [
            forbidden_field(key, f"updates to {key} are forbidden.")
            for key in ("driverName", "parameters")
            if new.get(key) != old.get(key)
        ]
    errors += checks.qualified(driver.lower(), "driverName") if driver else [required("driverName")]
    errors += _parameters(parameters)
    return errors if parameters else [*errors, required("parameters", "must contain at least one key/value pair")]


# VolumeAttachment.


def validate_attachment(new: Object, old: Object | None) -> Errors:
    spec, path = new.get("spec") or {}, "spec"
    attacher, source = spec.get("attacher", ""), spec.get("source") or {}
    errors: Errors = []
    inline, named = source.get("inlineVolumeSpec"), source.get("persistentVolumeName")
    if inline is None and named is None:
        errors.append(required(f"{path}.source", ONE_SOURCE))
    elif inline is not None and named is not None:
        errors.append(forbidden_field(f"{path}.source", ONE_SOURCE))
    elif named == "":
        errors.append(required(f"{path}.source.persistentVolumeName", "must specify non empty persistentVolumeName"))
    errors += checks.subdomain(spec.get("nodeName", ""), f"{path}.nodeName")
    errors += _attachment_status(new.get("status") or {})
    if named is not None:
        errors += checks.subdomain(named, f"{path}.source.persistentVolumeName")
    if not attacher:
        errors.append(required(f"{path}.attacher"))
    else:
        errors += driver_name(attacher, f"{path}.attacher")
    if old is not None and spec != (old.get("spec") or {}):
        errors.append(invalid_value("spec", None, checks.IMMUTABLE))
    return errors


def driver_name(name: str, path: str) -> Errors:
    if not name:
        return [required(path)]
    errors = [too_long(path, names.LABEL_MAX)] if len(name) > names.LABEL_MAX else []
    return errors + [invalid_value(path, name, text) for text in names.dns_subdomain(name.lower())]


def _attachment_status(status: Object) -> Errors:
    errors: Errors = []
    if _bytes(status.get("attachmentMetadata") or {}) > BYTES_MAX:
        errors.append(too_long("status.attachmentMetadata", BYTES_MAX))
    for key in ("attachError", "detachError"):
        error = status.get(key) or {}
        if len(error.get("message", "")) > MESSAGE_MAX:
            errors.append(too_long(f"status.{key}.message", MESSAGE_MAX))
        if error.get("errorCode", 0) < 0:
            words = names.between(0, 2**31 - 1)
            errors.append(invalid_value(f"status.{key}.errorCode", error["errorCode"], words))
    return errors


# CSIStorageCapacity.


def validate_capacity(new: Object, old: Object | None) -> Errors:
    if old is not None:
        return checks.immutable(new, old, "", "nodeTopology", "storageClassName")
    errors = checks.label_selector(new.get("nodeTopology"), "nodeTopology")
    errors += checks.subdomain(new.get("storageClassName", ""), "storageClassName")
    if str(new.get("capacity", "")).startswith("-"):
        errors.append(invalid_value("capacity", new["capacity"], checks.NOT_NEGATIVE))
    return errors


def capacity_warnings(new: Object, old: Object | None) -> list[str]:
    topology = new.get("nodeTopology") or {}
    lines = [
        line
        for index, expression in enumerate(topology.get("matchExpressions") or [])
        for line in label_warning(expression.get("key", ""), f"nodeTopology.matchExpressions[{index}].key")
    ]
    for key in topology.get("matchLabels") or {}:
        lines += label_warning(key, f"nodeTopology.matchLabels.{key}")
    return lines


BEHAVIOURS = {
    "storageclasses.storage.k8s.io": Behaviour(
        default=default_class,
        validate=validate_class,
        warnings=class_warnings,
    ),
    "volumeattributesclasses.storage.k8s.io": Behaviour(
        validate=validate_attributes,
        finalizers_on_create=("kubernetes.io/vac-protection",),
    ),
    "volumeattachments.storage.k8s.io": Behaviour(
        prepare=checks.preparing({"attached": False}),
        validate=validate_attachment,
        prepare_status=checks.status_alone,
        validate_status=validate_attachment,
        unconditional_update=False,
    ),
    "csistoragecapacities.storage.k8s.io": Behaviour(
        validate=validate_capacity,
        warnings=capacity_warnings,
        unconditional_update=False,
    ),
}
