"""Cells of the storage group: classes, drivers, attachments."""

from picok8s.wire.cells import words
from picok8s.wire.cells.words import NONE, UNSET, Cells, Object


def storage_class(obj: Object, now: float) -> Cells:
    return [
        words.name(obj),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        words.age(obj, now),
    ]


def attributes_class(obj: Object, now: float) -> Cells:
    return [words.name(obj), obj.get("driverName", ""), words.age(obj, now)]


def attachment(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    return [
        words.name(obj),
        spec.get("attacher", ""),
        (spec.get("source") or {}).get("persistentVolumeName") or "",
        spec.get("nodeName", ""),
        bool(words.status(obj).get("attached")),
        words.age(obj, now),
    ]


def driver(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    requests = spec.get("tokenRequests")
    return [
        words.name(obj),
        spec.get("attachRequired", True),
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        words.joined(r.get("audience", "") for r in requests) if requests else UNSET,
        bool(spec.get("requiresRepublish")),
        words.joined(spec.get("volumeLifecycleModes") or ()) or NONE,
        words.age(obj, now),
    ]


def node(obj: Object, now: float) -> Cells:
    return [words.name(obj), len(words.spec(obj).get("drivers") or ()), words.age(obj, now)]
