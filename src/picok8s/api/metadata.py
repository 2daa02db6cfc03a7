"""What may stand in `metadata`: complaints about an object's name, labels, owners and the rest, in Kubernetes' order.

The same for every kind, built-in or custom; a kind adds only what its name must look like (`Behaviour.name`).
"""

from typing import Any

from picok8s.api import names, selectors
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required, too_long, unsupported
from picok8s.api.resource import Resource

Object = dict[str, Any]

ANNOTATIONS_MAX = 256 * 1024
MANAGER_MAX = 128
SUBRESOURCE_MAX = 256

# Finalizers without a domain that some kinds take, and the groups whose kinds take any.
STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
KINDS_WITH_STANDARD_FINALIZERS = frozenset(
    (
        "",
        "apps",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "discovery.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    )
)
IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def validate(new: Object, old: Object | None, resource: Resource) -> list[FieldError]:
    """What is wrong with the metadata of `new`; with `old` also what may not change."""
    metadata = new["metadata"]
    errors = [] if old is not None else _names(metadata, resource)
    if old is None:
        errors += _namespace(metadata, resource)
    if metadata.get("generation", 0) < 0:
        errors.append(
            invalid_value("metadata.generation", metadata["generation"], "must be greater than or equal to 0")
        )
    errors += common(metadata)
    if old is not None:
        errors += _changes(metadata, old["metadata"])
    if resource.group in KINDS_WITH_STANDARD_FINALIZERS:
        errors += _standard_finalizers(metadata.get("finalizers") or [])
    return list(dict.fromkeys(errors))


def merge_owners(obj: Object) -> list[str]:
    """Drops owners that stand twice; gives the lines to warn with."""
    owners = obj["metadata"].get("ownerReferences") or []
    if len(owners) < 2:
        return []
    kept = [owner for index, owner in enumerate(owners) if owner not in owners[:index]]
    if len(kept) == len(owners):
        return []
    twice = dict.fromkeys(owner.get("uid", "") for index, owner in enumerate(owners) if owner in owners[:index])
    obj["metadata"]["ownerReferences"] = kept
    words = (
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may "
        "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
    )
    return [words + ",".join(twice)]


def common(metadata: Object, path: str = "metadata") -> list[FieldError]:
    """Labels, annotations, owners, finalizers and field managers."""
    errors = selectors.validate_labels(metadata.get("labels"), f"{path}.labels")
    errors += annotations(metadata.get("annotations"), f"{path}.annotations")
    errors += _owners(metadata.get("ownerReferences") or [], f"{path}.ownerReferences")
    errors += _finalizers(metadata.get("finalizers") or [], f"{path}.finalizers")
    return errors + managed_fields(metadata.get("managedFields") or [], f"{path}.managedFields")


def _names(metadata: Object, resource: Resource) -> list[FieldError]:
    check = resource.behaviour.name or names.dns_subdomain
    errors = []
    if prefix := metadata.get("generateName"):
        errors += [invalid_value("metadata.generateName", prefix, word) for word in check(names.masked(prefix))]
    if not metadata.get("name"):
        errors.append(required("metadata.name", "name or generateName is required"))
    else:
        errors += [invalid_value("metadata.name", metadata["name"], word) for word in check(metadata["name"])]
    return errors


def _namespace(metadata: Object, resource: Resource) -> list[FieldError]:
    namespace = metadata.get("namespace")
    if not resource.namespaced:
        return [forbidden_field("metadata.namespace", "not allowed on this type")] if namespace else []
    if not namespace:
        return [required("metadata.namespace")]
    return [invalid_value("metadata.namespace", namespace, word) for word in names.dns_label(namespace)]


def annotations(values: dict[str, str] | None, path: str) -> list[FieldError]:
    """Keys, whose case does not matter, and the size of all together."""
    errors = []
    size = 0
    for key, value in (values or {}).items():
        errors += [invalid_value(path, key, word) for word in names.qualified_name(key.lower())]
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_MAX:
        errors.append(too_long(path, ANNOTATIONS_MAX))
    return errors


def _owners(owners: list[Object], path: str) -> list[FieldError]:
    errors = []
    controller = ""
    for index, owner in enumerate(owners):
        errors += _owner(owner, f"{path}[{index}]")
        if owner.get("controller"):
            this = f"{owner.get('kind', '')}/{owner.get('name', '')}"
            if controller:
                words = (
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {controller} and {this}'
                )
                errors.append(invalid_value(path, owners, words))
            controller = controller or this
    return errors


def _owner(owner: Object, path: str) -> list[FieldError]:
    errors = []
    version = owner.get("apiVersion", "")
    if not version:
        errors.append(required(f"{path}.apiVersion", "must not be empty"))
    elif version.count("/") > 1 or version.endswith("/"):
        errors.append(invalid_value(f"{path}.apiVersion", version, "must be <group>/<version> or <version>"))
    for key in ("kind", "name", "uid"):
        if not owner.get(key):
            errors.append(required(f"{path}.{key}", "must not be empty"))
    if version == "v1" and owner.get("kind") == "Event":
        errors.append(invalid_value(path, owner, "/v1, Kind=Event is disallowed from being an owner"))
    return errors


def _finalizers(finalizers: list[str], path: str) -> list[FieldError]:
    errors = [invalid_value(path, word, told) for word in finalizers for told in names.qualified_name(word)]
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        words = "finalizer orphan and foregroundDeletion cannot be both set"
        errors.append(invalid_value(path, finalizers, words))
    return errors


def _standard_finalizers(finalizers: list[str]) -> list[FieldError]:
    words = "name is neither a standard finalizer name nor is it fully qualified"
    return [
        invalid_value(f"metadata.finalizers[{index}]", word, words)
        for index, word in enumerate(finalizers)
        if "/" not in word and word not in STANDARD_FINALIZERS
    ]


def managed_fields(entries: list[Object], path: str) -> list[FieldError]:
    errors = []
    for index, entry in enumerate(entries):
        at = f"{path}[{index}]"
        operation = entry.get("operation", "")
        if not operation:
            errors.append(required(f"{at}.operation", "must not be empty"))
        elif operation not in ("Apply", "Update"):
            errors.append(unsupported(f"{at}.operation", operation, ("Apply", "Update")))
        if entry.get("fieldsType") and entry["fieldsType"] != "FieldsV1":
            errors.append(invalid_value(f"{at}.fieldsType", entry["fieldsType"], "must be `FieldsV1`"))
        errors += manager(entry.get("manager", ""), f"{at}.manager")
        if len(entry.get("subresource", "").encode()) > SUBRESOURCE_MAX:
            errors.append(too_long(f"{at}.subresource", SUBRESOURCE_MAX))
    return errors


def manager(word: str, path: str) -> list[FieldError]:
    """A field manager, of a query or of an entry."""
    errors = []
    if len(word.encode()) > MANAGER_MAX:
        errors.append(too_long(path, MANAGER_MAX))
    position = 0
    for letter in word:
        if not letter.isprintable():
            told = f"invalid character U+{ord(letter):04X} (at position {position})"
            errors.append(invalid_value(path, word, told))
        position += len(letter.encode())
    return errors


def _changes(metadata: Object, before: Object) -> list[FieldError]:
    """What an update may not do."""
    errors = []
    if before.get("deletionTimestamp"):
        extra = sorted({*(metadata.get("finalizers") or ())} - {*(before.get("finalizers") or ())})
        if extra:
            shown = "[]string{" + ", ".join(f'"{word}"' for word in extra) + "}"
            words = f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}"
            errors.append(forbidden_field("metadata.finalizers", words))
    if metadata.get("generation", 0) < before.get("generation", 0):
        errors.append(invalid_value("metadata.generation", metadata.get("generation", 0), "must not be decremented"))
    errors += [
        invalid_value(f"metadata.{key}", metadata.get(key), "field is immutable")
        for key in IMMUTABLE
        if metadata.get(key) != before.get(key)
    ]
    return errors
