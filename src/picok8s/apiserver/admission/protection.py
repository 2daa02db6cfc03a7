"""StorageObjectInUseProtection: claims, volumes and volume attributes classes outlive their use."""

from typing import Any

from picok8s.apiserver.admission.hooks import Cluster, Hook
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

FINALIZERS = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
    "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
}


def complete(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    finalizer, present = FINALIZERS[call.of.name], new["metadata"].get("finalizers") or []
    if finalizer not in present:
        new["metadata"]["finalizers"] = [*present, finalizer]


HOOK = Hook("StorageObjectInUseProtection", complete, tuple(FINALIZERS))
