"""The spec of a PersistentVolumeClaim and its templates; access modes, which volumes have too."""

from typing import Any

from picok8s.api import names, quantity, selectors
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required, too_long, unsupported
from picok8s.apiserver.kinds import shapes
from picok8s.apiserver.kinds.checks import NOT_NEGATIVE, worded

Object = dict[str, Any]
Errors = list[FieldError]

ACCESS_MODES = frozenset({"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"})
VOLUME_MODES = frozenset({"Block", "Filesystem"})
NOT_POSITIVE = "must be greater than zero"


def validate_access_modes(modes: list[str], path: str) -> Errors:
    errors: Errors = [unsupported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    others = ACCESS_MODES - {"ReadWriteOncePod"}
    if "ReadWriteOncePod" in modes and others & set(modes):
        errors.append(forbidden_field(path, "may not use ReadWriteOncePod with other access modes"))
    return errors


def positive(text: str, path: str) -> Errors:
    return [] if quantity.nanos(text) > 0 else [invalid_value(path, text, NOT_POSITIVE)]


def validate_storage(spec: Object, path: str) -> Errors:
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        return [required(path)]
    errors = positive(storage, path)
    if not errors and quantity.nanos(storage) < 0:
        errors.append(invalid_value(path, storage, NOT_NEGATIVE))
    return errors


def validate_data_source(source: Object, path: str) -> Errors:
    """A `dataSource` or a `dataSourceRef`."""
    errors = [required(f"{path}.{key}") for key in ("name", "kind") if not source.get(key)]
    group, kind = source.get("apiGroup", ""), source.get("kind", "")
    if not group and kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid_value(path, kind, detail))
    if group:
        errors += worded(names.dns_subdomain, group, f"{path}.apiGroup")
    if source.get("namespace"):
        errors += worded(names.dns_label, source["namespace"], f"{path}.namespace")
    return errors


def validate_spec(spec: Object, path: str = "spec") -> Errors:
    errors: Errors = []
    modes = spec.get("accessModes") or []
    if not modes:
        errors.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    errors += selectors.validate(spec.get("selector"), f"{path}.selector")
    errors += validate_access_modes(modes, f"{path}.accessModes")
    errors += validate_storage(spec, f"{path}.resources[storage]")
    if spec.get("storageClassName"):
        errors += worded(names.dns_subdomain, spec["storageClassName"], f"{path}.storageClassName")
    if spec.get("volumeMode") is not None and spec["volumeMode"] not in VOLUME_MODES:
        errors.append(unsupported(f"{path}.volumeMode", spec["volumeMode"], VOLUME_MODES))
    for key in ("dataSource", "dataSourceRef"):
        if key in spec:
            errors += validate_data_source(spec[key], f"{path}.{key}")
    errors += _agreeing_sources(spec, path)
    if spec.get("volumeAttributesClassName"):
        errors += worded(names.dns_subdomain, spec["volumeAttributesClassName"], f"{path}.volumeAttributesClassName")
    return errors


def _agreeing_sources(spec: Object, path: str) -> Errors:
    """Both kinds of data source only where they say the same."""
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is None or ref is None:
        return []
    if ref.get("namespace"):
        detail = "may not be specified when dataSourceRef.namespace is specified"
    elif any(source.get(key) != ref.get(key) for key in ("apiGroup", "kind", "name")):
        detail = "must match dataSourceRef"
    else:
        return []
    return [invalid_value(path, f"{path}.dataSource", detail)]


def validate_template(template: Object, path: str) -> Errors:
    """A claim's template: of its metadata only labels and annotations."""
    metadata = template.get("metadata") or {}
    errors = annotation_errors(metadata.get("annotations") or {}, f"{path}.metadata.annotations")
    errors += selectors.validate_labels(metadata.get("labels"), f"{path}.metadata.labels")
    for key in metadata:
        if key not in ("labels", "annotations") and metadata[key] not in (None, "", 0, [], {}):
            errors.append(forbidden_field(f"{path}.metadata.{key}", "cannot be set"))
    return errors + validate_spec(template.get("spec") or {}, f"{path}.spec")


def annotation_errors(annotations: dict[str, str], path: str) -> Errors:
    """Keys in any case, and 256 KiB in all."""
    errors: Errors = []
    for key in annotations:
        errors += [invalid_value(path, key, word) for word in names.qualified_name(key.lower())]
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > 256 * 1024:
        errors.append(too_long(path, 256 * 1024))
    return errors


def difference(old: Object, new: Object) -> str:
    return shapes.difference("PersistentVolumeClaimSpec", old, new)
