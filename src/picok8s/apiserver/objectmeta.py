"""What the server itself writes into the metadata of every object: names, identity and times; what a client may not change."""

from typing import Any

from picok8s.api import errors
from picok8s.api.errors import ApiError
from picok8s.api.resource import Resource

Object = dict[str, Any]

NAME_MAX = 58  # Of a generateName, so that five random characters make at most 63.
SERVERS_OWN = ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName")


def place(resource: Resource, new: Object, namespace: str) -> None:
    """Put the request's namespace into a namespaced object, and none into another. Raises ApiError when they differ."""
    metadata = new["metadata"]
    if not resource.namespaced:
        metadata.pop("namespace", None)
        return
    found = metadata.get("namespace") or ""
    if not found:
        # Kept in the order that upstream shows: name, generateName, namespace.
        metadata["namespace"] = namespace
    elif found != namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def born(new: Object, now: str, uid: str, word: str) -> None:
    """Fill in what only the server can give a new object. Raises ApiError when the client tried to set the revision."""
    metadata = new["metadata"]
    if metadata.get("resourceVersion"):
        raise ApiError("", "resourceVersion should not be set on objects to be created", code=500)
    for key in SERVERS_OWN:
        metadata.pop(key, None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated(metadata, word)
    metadata["uid"] = uid
    metadata["creationTimestamp"] = now


def generated(metadata: Object, word: str) -> str:
    """The name that a generateName and some random letters make."""
    return str(metadata["generateName"])[:NAME_MAX] + word


def named(resource: Resource, new: Object, name: str) -> None:
    """The object of an update carries the name of the URL. Raises ApiError."""
    found = new["metadata"].get("name") or ""
    if not found:
        raise errors.bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if found != name:
        raise errors.bad_request(f"the name of the object ({found}) does not match the name on the URL ({name})")


def carry(new: Object, old: Object) -> None:
    """Take over from `old` what no update changes, when the client left it out or tried to set it."""
    metadata, before = new["metadata"], old["metadata"]
    for key in ("generation", "selfLink"):
        if key in before:
            metadata[key] = before[key]
        else:
            metadata.pop(key, None)
    for key in ("uid", "creationTimestamp"):
        if not metadata.get(key) and key in before:
            metadata[key] = before[key]
    # Deletion is begun by DELETE alone.
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds"):
        if key in before and not metadata.get(key):
            metadata[key] = before[key]
        elif key not in before:
            metadata.pop(key, None)
