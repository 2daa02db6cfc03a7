"""What each kind of volume must say: one row a source, for pods and for PersistentVolumes."""

import re
from collections.abc import Callable
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, invalid_value, required, unsupported
from picok8s.apiserver.kinds.checks import one_of, worded
from picok8s.apiserver.kinds.paths import descending_path, file_path, no_backsteps
from picok8s.apiserver.kinds.storage import driver_name
from picok8s.apiserver.kinds.variables import VOLUME_FIELDS, validate_field_ref, validate_resource_ref

Object = dict[str, Any]
Errors = list[FieldError]
Check = Callable[[Object, str], Errors]

MODE = "must be a number between 0 and 0777 (octal), both inclusive"
PULL_POLICIES = frozenset({"Always", "IfNotPresent", "Never"})
HOST_PATH_TYPES = frozenset(
    {"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"}
)
INITIATORS = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$", re.ASCII),
    "eui": re.compile(r"^eui.[A-Za-z0-9]{16}$"),
    "naa": re.compile(r"^naa.[A-Za-z0-9]{32}$"),
}
MANAGED_DISK = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
BLOB_DISK = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
QUOBYTE = "must be a host:port pair or multiple pairs separated by commas"


def needs(*keys: str) -> Check:
    """Each of `keys` must be there."""

    def check(source: Object, path: str) -> Errors:
        return [required(f"{path}.{key}") for key in keys if not source.get(key)]

    return check


def mode(value: int | None, path: str) -> Errors:
    return [invalid_value(path, value, MODE)] if value is not None and not 0 <= value <= 0o777 else []


def secret_ref(source: Object, path: str, with_namespace: bool = False) -> Errors:
    """`secretRef` of a source, if there is one, must have its name (and namespace)."""
    if "secretRef" not in source:
        return []
    keys = ("name", "namespace") if with_namespace else ("name",)
    return needs(*keys)(source["secretRef"], f"{path}.secretRef")


def items(source: Object, path: str) -> Errors:
    """Keys of a ConfigMap or Secret and the files that they become."""
    errors: Errors = []
    for i, item in enumerate(source.get("items") or ()):
        errors += key_item(item, f"{path}.items[{i}]")
    return errors


def key_item(item: Object, path: str) -> Errors:
    errors = needs("key", "path")(item, path) + file_path(item.get("path", ""), f"{path}.path")
    return errors + mode(item.get("mode"), f"{path}.mode")


def secret(source: Object, path: str) -> Errors:
    errors = needs("secretName")(source, path)
    return errors + mode(source.get("defaultMode"), f"{path}.defaultMode") + items(source, path)


def config_map(source: Object, path: str) -> Errors:
    errors = needs("name")(source, path)
    return errors + mode(source.get("defaultMode"), f"{path}.defaultMode") + items(source, path)


def downward_file(item: Object, path: str) -> Errors:
    errors = needs("path")(item, path) + file_path(item.get("path", ""), f"{path}.path")
    if "fieldRef" in item:
        if "resourceFieldRef" in item:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(invalid_value(path, "resource", detail))
        errors += validate_field_ref(item["fieldRef"], f"{path}.fieldRef", VOLUME_FIELDS)
    elif "resourceFieldRef" in item:
        errors += validate_resource_ref(item["resourceFieldRef"], f"{path}.resourceFieldRef", True)
    else:
        errors.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return errors + mode(item.get("mode"), f"{path}.mode")


def downward_api(source: Object, path: str) -> Errors:
    errors = mode(source.get("defaultMode"), f"{path}.defaultMode")
    for item in source.get("items") or ():
        errors += downward_file(item, path)
    return errors


def host_path(source: Object, path: str) -> Errors:
    if not source.get("path"):
        return [required(f"{path}.path")]
    errors = no_backsteps(source["path"], f"{path}.path")
    kind = source.get("type")
    if kind is not None and kind not in HOST_PATH_TYPES:
        errors.append(unsupported(f"{path}.type", kind, HOST_PATH_TYPES))
    return errors


def git_repo(source: Object, path: str) -> Errors:
    return needs("repository")(source, path) + descending_path(source.get("directory", ""), f"{path}.directory")


def partitioned(key: str) -> Check:
    """A disk of a cloud, named by `key`, and perhaps a partition of it."""

    def check(source: Object, path: str) -> Errors:
        errors = needs(key)(source, path)
        if not 0 <= source.get("partition", 0) <= 255:
            detail = names.between(1, 255)
            errors.append(invalid_value(f"{path}.partition", source["partition"], detail))
        return errors

    return check


def nfs(source: Object, path: str) -> Errors:
    errors = needs("server", "path")(source, path)
    where = source.get("path", "")
    if not where.startswith("/"):
        errors.append(invalid_value(f"{path}.path", where, "must be an absolute path"))
    return errors


def initiator(name: str, path: str, kind_told: bool = True) -> Errors:
    """An iSCSI name; PersistentVolumes do not tell what it should begin with."""
    form = INITIATORS.get(name[:3])
    if form is None:
        rest = " starting with iqn, eui, or naa" if kind_told else ""
        return [invalid_value(path, name, f"must be valid format{rest}")]
    return [] if form.search(name) else [invalid_value(path, name, "must be valid format")]


def iscsi(source: Object, path: str, persistent: bool = False) -> Errors:
    errors = needs("targetPortal", "iqn")(source, path)
    if source.get("iqn"):
        errors += initiator(source["iqn"], f"{path}.iqn", not persistent)
    if not 0 <= source.get("lun", 0) <= 255:
        errors.append(invalid_value(f"{path}.lun", source["lun"], names.between(0, 255)))
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and "secretRef" not in source:
        errors.append(required(f"{path}.secretRef"))
    if persistent:
        errors += secret_ref(source, path)
    if "initiatorName" in source:
        errors += initiator(source["initiatorName"], f"{path}.initiatorname", not persistent)
    return errors


def fibre_channel(source: Object, path: str) -> Errors:
    errors: Errors = []
    wwns, lun = source.get("targetWWNs"), source.get("lun")
    if not wwns and not source.get("wwids"):
        errors.append(required(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both"))
    if wwns and source.get("wwids"):
        detail = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(invalid_value(f"{path}.targetWWNs", wwns, detail))
    if wwns and lun is None:
        errors.append(required(f"{path}.lun", "lun is required if targetWWNs is specified"))
    elif wwns and lun is not None and not 0 <= lun <= 255:
        errors.append(invalid_value(f"{path}.lun", lun, names.between(0, 255)))
    return errors


def quobyte(source: Object, path: str) -> Errors:
    registry = source.get("registry", "")
    if not registry:
        errors = [required(f"{path}.registry", QUOBYTE)]
    elif len(source.get("tenant", "")) >= 65:
        errors = [required(f"{path}.tenant", "must be a UUID and may not exceed a length of 64 characters")]
    else:
        bad = [pair for pair in registry.split(",") if not re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*", pair)]
        errors = [invalid_value(f"{path}.registry", registry, QUOBYTE) for _ in bad]
    return errors + needs("volume")(source, path)


def flocker(source: Object, path: str) -> Errors:
    name, uuid = source.get("datasetName", ""), source.get("datasetUUID", "")
    errors: Errors = []
    if not name and not uuid:
        errors.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        detail = "datasetName and datasetUUID can not be specified simultaneously"
        errors.append(invalid_value(path, "resource", detail))
    if "/" in name:
        errors.append(invalid_value(f"{path}.datasetName", name, "must not contain '/'"))
    return errors


def cinder(source: Object, path: str, persistent: bool = False) -> Errors:
    return needs("volumeID")(source, path) + secret_ref(source, path, persistent)


def flex(source: Object, path: str) -> Errors:
    errors = needs("driver")(source, path)
    for key in source.get("options") or ():
        domain = key.lower().split("/")[0]
        if f".{domain}".endswith((".kubernetes.io", ".k8s.io")):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(invalid_value(f"{path}.options[{key}]", key, detail))
    return errors


def azure_file_persistent(source: Object, path: str) -> Errors:
    errors = needs("secretName", "shareName")(source, path)
    if source.get("secretNamespace") == "":
        errors.append(required(f"{path}.secretNamespace"))
    return errors


def azure_disk(source: Object, path: str) -> Errors:
    errors = needs("diskName", "diskURI")(source, path)
    caching, kind, uri = source.get("cachingMode"), source.get("kind"), source.get("diskURI", "")
    if caching is not None:
        errors += one_of(caching, f"{path}.cachingMode", {"None", "ReadOnly", "ReadWrite"})
    if kind is not None:
        errors += one_of(kind, f"{path}.kind", {"Shared", "Dedicated", "Managed"})
        prefix, form = ("/subscriptions/", MANAGED_DISK) if kind == "Managed" else ("https://", BLOB_DISK)
        if not uri.startswith(prefix):
            errors.append(unsupported(f"{path}.diskURI", uri, (form,)))
    return errors


def storage_os(source: Object, path: str, persistent: bool = False) -> Errors:
    name, namespace = source.get("volumeName", ""), source.get("volumeNamespace", "")
    errors = worded(names.dns_label, name, f"{path}.volumeName") if name else [required(f"{path}.volumeName")]
    if namespace:
        errors += worded(names.dns_label, namespace, f"{path}.volumeNamespace")
    return errors + secret_ref(source, path, persistent)


def csi(source: Object, path: str) -> Errors:
    errors = driver_name(source.get("driver", ""), f"{path}.driver")
    if "nodePublishSecretRef" in source:
        name = source["nodePublishSecretRef"].get("name", "")
        if name:
            errors += worded(names.dns_subdomain, name, f"{path}.name")
        else:
            errors.append(required(f"{path}.nodePublishSecretRef.name"))
    return errors


def pull_policy(value: str, path: str) -> Errors:
    return one_of(value, path, PULL_POLICIES)
