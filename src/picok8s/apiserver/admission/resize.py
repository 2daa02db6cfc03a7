"""PersistentVolumeClaimResize: a claim grows only when it is bound and its class lets it."""

from typing import Any

from picok8s.api import quantity
from picok8s.apiserver.admission.hooks import UPDATE, Cluster, Hook, refused
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

CLASSES = "storageclasses.storage.k8s.io"
ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def judge(server: Cluster, call: Call, new: Object, old: Object) -> None:
    if quantity.compare(_size(new), _size(old)) <= 0:
        return
    if (old.get("status") or {}).get("phase") != "Bound":
        raise refused(call, new, "Only bound persistent volume claims can be expanded")
    name = storage_class(new)
    found = server.lookup.get(CLASSES, name) if name and name == storage_class(old) else None
    if found is None or not found.get("allowVolumeExpansion"):
        why = (
            "only dynamically provisioned pvc can be resized and "
            "the storageclass that provisions the pvc must support resize"
        )
        raise refused(call, new, why)


def _size(claim: Object) -> str:
    requests: Object = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
    return str(requests.get("storage", "0"))


def storage_class(claim: Object) -> str:
    """The class that a claim asks for, by its annotation or its field."""
    annotations: Object = claim["metadata"].get("annotations") or {}
    return str(annotations.get(ANNOTATION) or claim["spec"].get("storageClassName") or "")


HOOK = Hook("PersistentVolumeClaimResize", judge, ("persistentvolumeclaims",), (UPDATE,))
