"""PersistentVolumes."""

from typing import Any

from picok8s.api import names, quantity
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required, unsupported
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import affinity, claims_spec, shapes
from picok8s.apiserver.kinds import volume_sources as sources
from picok8s.apiserver.kinds.checks import IMMUTABLE, keep, worded
from picok8s.apiserver.kinds.paths import no_backsteps
from picok8s.apiserver.kinds.pods_defaults import VOLUME_SOURCES, default_source
from picok8s.apiserver.kinds.pods_warnings import term_labels
from picok8s.apiserver.kinds.storage import driver_name

Object = dict[str, Any]
Errors = list[FieldError]

RECLAIM = frozenset({"Delete", "Recycle", "Retain"})
OLD_ANNOTATIONS = {
    "volume.beta.kubernetes.io/storage-class": 'deprecated since v1.8; use "storageClassName" attribute instead',
    "volume.beta.kubernetes.io/mount-options": 'deprecated since v1.31; use "mountOptions" attribute instead',
}
RECYCLE_OLD = (
    "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
)
SECRETS = (
    "controllerPublishSecretRef",
    "nodePublishSecretRef",
    "nodeStageSecretRef",
    "controllerExpandSecretRef",
    "nodeExpandSecretRef",
)


def csi(source: Object, path: str) -> Errors:
    errors = driver_name(source.get("driver", ""), f"{path}.driver") + sources.needs("volumeHandle")(source, path)
    for key in SECRETS:
        if key in source:
            for part, check in (("name", names.dns_subdomain), ("namespace", names.dns_label)):
                text, at = source[key].get(part, ""), f"{path}.{key}.{part}"
                errors += worded(check, text, at) if text else [required(at)]
    return errors


def local(source: Object, path: str) -> Errors:
    if not source.get("path"):
        return [required(f"{path}.path")]
    return no_backsteps(source["path"], f"{path}.path")


def glusterfs(source: Object, path: str) -> Errors:
    errors = sources.needs("endpoints", "path")(source, path)
    namespace, at = source.get("endpointsNamespace"), f"{path}.endpointsNamespace"
    if namespace == "":
        detail = "if the endpointnamespace is set, it must be a valid namespace name"
        errors.append(invalid_value(at, namespace, detail))
    elif namespace is not None:
        errors += worded(names.dns_label, namespace, at)
    return errors


# Kind of source -> what it must say, and its name in errors where that differs.
SOURCES: dict[str, tuple[sources.Check, str]] = {
    "hostPath": (sources.host_path, ""),
    "gcePersistentDisk": (sources.partitioned("pdName"), "persistentDisk"),
    "awsElasticBlockStore": (sources.partitioned("volumeID"), ""),
    "glusterfs": (glusterfs, ""),
    "flocker": (sources.flocker, ""),
    "nfs": (sources.nfs, ""),
    "rbd": (sources.needs("monitors", "image"), ""),
    "quobyte": (sources.quobyte, ""),
    "cephfs": (sources.needs("monitors"), ""),
    "iscsi": (lambda source, path: sources.iscsi(source, path, persistent=True), ""),
    "cinder": (lambda source, path: sources.cinder(source, path, persistent=True), ""),
    "fc": (sources.fibre_channel, ""),
    "flexVolume": (sources.flex, ""),
    "azureFile": (sources.azure_file_persistent, ""),
    "vsphereVolume": (sources.needs("volumePath"), ""),
    "photonPersistentDisk": (sources.needs("pdID"), ""),
    "portworxVolume": (sources.needs("volumeID"), ""),
    "azureDisk": (sources.azure_disk, ""),
    "scaleIO": (sources.needs("gateway", "system", "volumeName"), ""),
    "local": (local, ""),
    "storageos": (lambda source, path: sources.storage_os(source, path, persistent=True), ""),
    "csi": (csi, ""),
}
OLD_SOURCES = {
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}


def default_spec(spec: Object) -> None:
    """Of a PersistentVolume, and of a volume within a VolumeAttachment."""
    spec["persistentVolumeReclaimPolicy"] = spec.get("persistentVolumeReclaimPolicy") or "Retain"
    spec.setdefault("volumeMode", "Filesystem")
    for name, defaults in VOLUME_SOURCES.items():
        if name in spec:
            default_source(spec[name], {**defaults, "fsType": "ext4"} if name == "azureDisk" else defaults)


def default(volume: Object) -> None:
    default_spec(volume.setdefault("spec", {}))
    if "status" in volume:
        volume["status"]["phase"] = volume["status"].get("phase") or "Pending"


def prepare(new: Object, old: Object | None) -> None:
    if old is None:
        new["status"] = {"phase": "Pending"}
        if born := new["metadata"].get("creationTimestamp"):
            new["status"]["lastPhaseTransitionTime"] = born
    else:
        keep(new, old, "status")


def prepare_status(new: Object, old: Object) -> None:
    keep(new, old, "spec")
    status, was = new.setdefault("status", {}), old.get("status") or {}
    if not status.get("lastPhaseTransitionTime") and status.get("phase") == was.get("phase"):
        keep(status, was, "lastPhaseTransitionTime")


def capacity_errors(capacity: Object | None) -> Errors:
    path = "spec.capacity"
    errors = [] if capacity else [required(path)]
    if not capacity or list(capacity) != ["storage"]:
        errors.append(unsupported(path, dict(sorted(capacity.items())) if capacity else None, ("storage",)))
    for name, text in sorted((capacity or {}).items()):
        whole = quantity.value(text)
        if whole < 0:
            errors.append(invalid_value(f"{path}[{name}]", whole, "must be a valid resource quantity"))
        errors += claims_spec.positive(text, f"{path}[{name}]")
    return errors


def source_errors(spec: Object) -> Errors:
    errors: Errors = []
    given = [kind for kind in SOURCES if kind in spec]
    for position, kind in enumerate(given):
        check, told = SOURCES[kind]
        if position:
            errors.append(forbidden_field(f"spec.{kind}", "may not specify more than 1 volume type"))
        else:
            errors += check(spec[kind], f"spec.{told or kind}")
            if kind == "local" and "required" not in (spec.get("nodeAffinity") or {}):
                errors.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
    return errors if given else [required("spec", "must specify a volume type")]


def node_affinity_errors(found: Object | None) -> Errors:
    if found is None:
        return []
    if "required" not in found:
        return [required("spec.nodeAffinity.required", "must specify required node constraints")]
    return affinity.node_selector(found["required"], "spec.nodeAffinity.required")


def validate(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    modes = spec.get("accessModes") or []
    errors = [] if modes else [required("spec.accessModes")]
    errors += claims_spec.validate_access_modes(modes, "spec.accessModes")
    errors += capacity_errors(spec.get("capacity"))
    policy = spec["persistentVolumeReclaimPolicy"]
    if policy not in RECLAIM:
        errors.append(unsupported("spec.persistentVolumeReclaimPolicy", policy, RECLAIM))
    errors += node_affinity_errors(spec.get("nodeAffinity")) + source_errors(spec)
    root = (spec.get("hostPath") or {}).get("path", "")
    if policy == "Recycle" and root and not root.strip("/."):
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        errors.append(forbidden_field("spec.persistentVolumeReclaimPolicy", detail))
    if spec.get("storageClassName"):
        errors += worded(names.dns_subdomain, spec["storageClassName"], "spec.storageClassName")
    if spec["volumeMode"] not in claims_spec.VOLUME_MODES:
        errors.append(unsupported("spec.volumeMode", spec["volumeMode"], claims_spec.VOLUME_MODES))
    errors += attributes_class(spec)
    return errors + (changes(spec, old["spec"]) if old is not None else [])


def attributes_class(spec: Object) -> Errors:
    name, path = spec.get("volumeAttributesClassName"), "spec.volumeAttributesClassName"
    if name is None:
        return []
    errors = worded(names.dns_subdomain, name, path) if name else [required(path, "an empty string is disallowed")]
    if "csi" not in spec:
        errors.append(required("spec.csi", "has to be specified when using volumeAttributesClassName"))
    return errors


def changes(spec: Object, was: Object) -> Errors:
    errors: Errors = []
    source, before = ({kind: s[kind] for kind in SOURCES if kind in s} for s in (spec, was))
    if source != before:
        difference = shapes.difference("PersistentVolumeSource", before, source)
        detail = f"spec.persistentvolumesource is immutable after creation\n{difference}"
        errors.append(forbidden_field("spec.persistentvolumesource", detail))
    if spec["volumeMode"] != was.get("volumeMode"):
        errors.append(invalid_value("volumeMode", spec["volumeMode"], IMMUTABLE))
    if was.get("nodeAffinity") is not None and spec.get("nodeAffinity") != was["nodeAffinity"]:
        told = shapes.shown("VolumeNodeAffinity", spec.get("nodeAffinity"))
        errors.append(invalid_value("nodeAffinity", told, f"{IMMUTABLE}, except for updating from beta label to GA"))
    if was.get("volumeAttributesClassName") is not None and spec.get("volumeAttributesClassName") is None:
        detail = "update from non-nil value to nil is forbidden"
        errors.append(forbidden_field("spec.volumeAttributesClassName", detail))
    return errors


def warnings(new: Object, old: Object | None) -> list[str]:
    spec, annotations = new["spec"], new["metadata"].get("annotations") or {}
    lines: list[str] = []
    lines += [f"metadata.annotations[{key}]: {text}" for key, text in OLD_ANNOTATIONS.items() if key in annotations]
    if spec["persistentVolumeReclaimPolicy"] == "Recycle":
        lines.append(f"spec.persistentVolumeReclaimPolicy: {RECYCLE_OLD}")
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    for i, term in enumerate(terms):
        lines += term_labels(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{i}]", False)
    for kind, text in OLD_SOURCES.items():
        if kind in spec:
            lines.append(f"spec.{'storageOS' if kind == 'storageos' else kind}: {text}")
    return lines


BEHAVIOURS = {
    "persistentvolumes": Behaviour(
        default=default,
        prepare=prepare,
        validate=validate,
        warnings=warnings,
        prepare_status=prepare_status,
    )
}
