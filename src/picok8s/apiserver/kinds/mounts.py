"""Mounts of volumes into containers, and block devices."""

from typing import Any

from picok8s.api.errors import FieldError, forbidden_field, invalid_value, not_found_field, required, unsupported
from picok8s.apiserver.kinds.paths import descending_path

Object = dict[str, Any]
Errors = list[FieldError]

PROPAGATIONS = frozenset({"Bidirectional", "HostToContainer", "None"})
RECURSIVE = frozenset({"Disabled", "IfPossible", "Enabled"})


def validate_mounts(container: Object, volumes: dict[str, Object], path: str) -> Errors:
    """`volumes` are the pod's good ones by name."""
    devices = {device.get("name", ""): device.get("devicePath", "") for device in container.get("volumeDevices") or ()}
    errors: Errors = []
    seen: set[str] = set()
    for i, mount in enumerate(container.get("volumeMounts") or ()):
        at = f"{path}[{i}]"
        name, where = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.append(required(f"{at}.name"))
        if name not in volumes:
            errors.append(not_found_field(f"{at}.name", name))
        if not where:
            errors.append(required(f"{at}.mountPath"))
        if where in seen:
            errors.append(invalid_value(f"{at}.mountPath", where, "must be unique"))
        seen.add(where)
        if name in devices:
            errors.append(invalid_value(f"{at}.name", name, "must not already exist in volumeDevices"))
        if where in devices.values():
            detail = "must not already exist as a path in volumeDevices"
            errors.append(invalid_value(f"{at}.mountPath", where, detail))
        errors += validate_inner_paths(mount, path, at)
        errors += validate_propagation(mount, container, f"{path}.mountPropagation")
        errors += validate_recursive(mount, f"{path}.recursiveReadOnly")
    return errors


def validate_inner_paths(mount: Object, path: str, at: str) -> Errors:
    errors: Errors = []
    if mount.get("subPath"):
        errors += descending_path(mount["subPath"], f"{path}.subPath")
    if mount.get("subPathExpr"):
        if mount.get("subPath"):
            detail = "subPathExpr and subPath are mutually exclusive"
            errors.append(invalid_value(f"{at}.subPathExpr", mount["subPathExpr"], detail))
        errors += descending_path(mount["subPathExpr"], f"{path}.subPathExpr")
    return errors


def validate_propagation(mount: Object, container: Object, path: str) -> Errors:
    mode = mount.get("mountPropagation")
    if mode is None:
        return []
    if mode not in PROPAGATIONS:
        return [unsupported(path, mode, PROPAGATIONS)]
    if mode == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        detail = "Bidirectional mount propagation is available only to privileged containers"
        return [forbidden_field(path, detail)]
    return []


def validate_recursive(mount: Object, path: str) -> Errors:
    mode = mount.get("recursiveReadOnly")
    if mode in (None, "Disabled"):
        return []
    if mode not in RECURSIVE:
        return [unsupported(path, mode, RECURSIVE)]
    errors: Errors = []
    if not mount.get("readOnly"):
        errors.append(forbidden_field(path, "may only be specified when readOnly is true"))
    if mount.get("mountPropagation", "None") != "None":
        errors.append(forbidden_field(path, "may only be specified when mountPropagation is None or not specified"))
    return errors


def validate_devices(container: Object, volumes: dict[str, Object], path: str) -> Errors:
    mounts = {mount.get("name", ""): mount.get("mountPath", "") for mount in container.get("volumeMounts") or ()}
    errors: Errors = []
    seen_names: set[str] = set()
    seen_paths: set[str] = set()
    for i, device in enumerate(container.get("volumeDevices") or ()):
        at = f"{path}[{i}]"
        name, where = device.get("name", ""), device.get("devicePath", "")
        if not name:
            errors.append(required(f"{at}.name"))
        if name in seen_names:
            errors.append(invalid_value(f"{at}.name", name, "must be unique"))
        if name not in volumes:
            errors.append(not_found_field(f"{at}.name", name))
        elif not volumes[name].keys() & {"persistentVolumeClaim", "ephemeral"}:
            detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(invalid_value(f"{at}.name", name, detail))
        if not where:
            errors.append(required(f"{at}.devicePath"))
        if where in seen_paths:
            errors.append(invalid_value(f"{at}.devicePath", where, "must be unique"))
        if where and ".." in where.split("/"):
            errors.append(invalid_value(f"{at}.devicePath", where, "can not contain backsteps ('..')"))
        else:
            seen_paths.add(where)
        if name in mounts:
            errors.append(invalid_value(f"{at}.name", name, "must not already exist in volumeMounts"))
        if where in mounts.values():
            errors.append(invalid_value(f"{at}.devicePath", where, "must not already exist as a path in volumeMounts"))
        if name:
            seen_names.add(name)
    return errors
