"""Persistent volumes and claims: bind them to each other, and keep them while they are in use.

Reads   claims, volumes, storage classes, the pods that use claims.
Writes  the binding on both sides and their phases, the annotation that provisioners wait for, the protecting
        finalizers.

A claim takes the smallest volume that fits. Classes that wait for their first consumer leave the choice to the
scheduler, which names a volume's claim or annotates the claim with the node.
"""

from collections.abc import Iterable
from typing import Any

from picok8s.api import objects, pods, quantity, selectors
from picok8s.reconcile.controller import Controller, Key, View, key_of
from picok8s.reconcile.writes import Create, Event, Patch, Status, Writes, refused

Object = dict[str, Any]

CLASSES = "storageclasses.storage.k8s.io"
BOUND_BY_US = "pv.kubernetes.io/bound-by-controller"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
PROVISIONER_BETA = "volume.beta.kubernetes.io/storage-provisioner"
CLASS_BETA = "volume.beta.kubernetes.io/storage-class"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"


def bind(claim: Object, view: View) -> Writes:
    """A claim: find its volume, or ask for one."""
    if objects.is_being_deleted(claim):
        return
    name = claim["spec"].get("volumeName")
    if name:
        yield from _bound(claim, view.get("persistentvolumes", name))
        return
    own = class_of(claim)
    storage_class = view.get(CLASSES, own) if own else None
    mine = [volume for volume in view.list("persistentvolumes") if _is_meant_for(volume, claim)]
    waits = storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
    chosen = mine or ([] if waits else [v for v in view.list("persistentvolumes") if fits(v, claim)])
    if chosen:
        volume = min(chosen, key=lambda v: quantity.value(v["spec"]["capacity"]["storage"]))
        yield from _join(claim, volume)
        return
    if not (claim.get("status") or {}).get("phase"):
        yield Status(claim, {**(claim.get("status") or {}), "phase": "Pending"})
    if storage_class is None:
        message = "no persistent volumes available for this claim and no storage class is set"
        if own:
            yield Event(claim, "Warning", "ProvisioningFailed", f'storageclass.storage.k8s.io "{own}" not found')
        else:
            yield Event(claim, "Normal", "FailedBinding", message)
    elif waits and SELECTED_NODE not in objects.annotations(claim):
        message = "waiting for first consumer to be created before binding"
        yield Event(claim, "Normal", "WaitForFirstConsumer", message)
    else:
        yield from _provision(claim, storage_class)


def _provision(claim: Object, storage_class: Object) -> Writes:
    """Provisioners that run in the cluster watch for this annotation."""
    provisioner = storage_class["provisioner"]
    if provisioner == "kubernetes.io/no-provisioner":
        return
    told = {PROVISIONER: provisioner, PROVISIONER_BETA: provisioner}
    if told.items() <= objects.annotations(claim).items():
        return
    yield Patch(claim, {"metadata": {"annotations": told}})
    message = (
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
        "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
        "correctly registered."
    )
    yield Event(claim, "Normal", "ExternalProvisioning", message)


def _join(claim: Object, volume: Object) -> Writes:
    """Bind: the volume first, then the claim; each run goes on where the last one stopped."""
    reference = {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "namespace": objects.namespace(claim),
        "name": objects.name(claim),
        "uid": objects.uid(claim),
        "resourceVersion": objects.revision(claim),
    }
    if (volume["spec"].get("claimRef") or {}).get("uid") != objects.uid(claim):
        metadata: Object = {"resourceVersion": objects.revision(volume)}
        if not volume["spec"].get("claimRef"):
            metadata["annotations"] = {BOUND_BY_US: "yes"}
        made = yield Patch(volume, {"metadata": metadata, "spec": {"claimRef": reference}})
        if refused(made):
            return
    annotations = {BIND_COMPLETED: "yes", BOUND_BY_US: "yes"}
    made = yield Patch(claim, {"metadata": {"annotations": annotations}, "spec": {"volumeName": objects.name(volume)}})
    if not refused(made):
        yield from _bound(made or claim, volume)


def _bound(claim: Object, volume: Object | None) -> Writes:
    status = claim.get("status") or {}
    if volume is None:
        if status.get("phase") == "Bound":
            yield Event(
                claim, "Warning", "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            )
            yield Status(claim, {**status, "phase": "Lost"})
        return
    taken = volume["spec"].get("claimRef")
    if not taken or (taken.get("uid") in (None, "") and _is_meant_for(volume, claim)):
        yield from _join(claim, volume)
        return
    if taken.get("uid") != objects.uid(claim):
        return
    if BIND_COMPLETED not in objects.annotations(claim):
        made = yield Patch(claim, {"metadata": {"annotations": {BIND_COMPLETED: "yes"}}})
        claim = claim if refused(made) or made is None else made
    shown = {"phase": "Bound", "accessModes": volume["spec"].get("accessModes") or []}
    shown["capacity"] = volume["spec"].get("capacity") or {}
    if status.get("phase") != "Bound":
        yield Status(claim, {**status, **shown})


def class_of(claim: Object) -> str:
    beta = objects.annotations(claim).get(CLASS_BETA)
    return beta if beta is not None else claim["spec"].get("storageClassName") or ""


def _is_meant_for(volume: Object, claim: Object) -> bool:
    taken = volume["spec"].get("claimRef") or {}
    same = (taken.get("namespace"), taken.get("name")) == (objects.namespace(claim), objects.name(claim))
    return same and taken.get("uid") in (None, "", objects.uid(claim)) and not objects.is_being_deleted(volume)


def fits(volume: Object, claim: Object) -> bool:
    """A free volume of the claim's class, kind and size."""
    spec, wanted = volume["spec"], claim["spec"]
    if spec.get("claimRef") or objects.is_being_deleted(volume):
        return False
    if (spec.get("storageClassName") or "") != class_of(claim):
        return False
    if spec.get("volumeMode", "Filesystem") != wanted.get("volumeMode", "Filesystem"):
        return False
    if not set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ()):
        return False
    if wanted.get("selector") and not selectors.selects(wanted["selector"], objects.labels(volume)):
        return False
    asked = ((wanted.get("resources") or {}).get("requests") or {}).get("storage", "0")
    return quantity.value(spec["capacity"]["storage"]) >= quantity.value(asked)


def keep_volume(volume: Object, view: View) -> Writes:
    """A volume: its phase, its finalizer, and what becomes of it when its claim is gone."""
    taken = volume["spec"].get("claimRef")
    phase = (volume.get("status") or {}).get("phase")
    claim = view.get("persistentvolumeclaims", taken["name"], taken["namespace"]) if taken else None
    finalizers = volume["metadata"].get("finalizers") or []
    if objects.is_being_deleted(volume):
        if VOLUME_FINALIZER in finalizers and not (phase == "Bound" and claim is not None):
            yield _finalizers(volume, [word for word in finalizers if word != VOLUME_FINALIZER])
        return
    if VOLUME_FINALIZER not in finalizers:
        made = yield _finalizers(volume, [*finalizers, VOLUME_FINALIZER])
        volume = volume if refused(made) or made is None else made
    should = "Available"
    if taken and taken.get("uid"):
        alive = claim is not None and objects.uid(claim) == taken["uid"]
        bound = alive and claim is not None and claim["spec"].get("volumeName") == objects.name(volume)
        should = "Bound" if bound else (phase or "Available") if alive else "Released"
    if should != phase:
        told = yield Status(volume, {**(volume.get("status") or {}), "phase": should})
        volume = volume if refused(told) or told is None else told
    if should == "Released" and volume["spec"].get("persistentVolumeReclaimPolicy") == "Recycle":
        yield Event(
            volume, "Warning", "VolumeFailedRecycle", "no recycler for this volume; delete it, or take its claimRef off"
        )


def protect(claim: Object, view: View) -> Writes:
    """A claim that is used by a pod stays until no pod uses it."""
    finalizers = claim["metadata"].get("finalizers") or []
    if not objects.is_being_deleted(claim):
        if CLAIM_FINALIZER not in finalizers:
            yield _finalizers(claim, [*finalizers, CLAIM_FINALIZER])
        return
    if CLAIM_FINALIZER not in finalizers:
        return
    used = view.by("pods", "claim", f"{objects.namespace(claim)}/{objects.name(claim)}")
    if not any(pods.node(pod) and not pods.is_finished(pod) for pod in used):
        yield _finalizers(claim, [word for word in finalizers if word != CLAIM_FINALIZER])


def _finalizers(obj: Object, listed: list[str]) -> Patch:
    metadata = {"uid": objects.uid(obj), "resourceVersion": objects.revision(obj), "finalizers": listed or None}
    return Patch(obj, {"metadata": metadata})


def claims_of(pod: Object) -> Iterable[str]:
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield f"{objects.namespace(pod)}/{volume['persistentVolumeClaim']['claimName']}"
        elif "ephemeral" in volume:
            yield f"{objects.namespace(pod)}/{objects.name(pod)}-{volume['name']}"


def of_pod(pod: Object, view: View) -> Iterable[Key]:
    for key in claims_of(pod):
        namespace, name = key.split("/")
        yield namespace, name


def of_volume(volume: Object, view: View) -> Iterable[Key]:
    """Its claim; while it is free, every claim that waits."""
    taken = volume["spec"].get("claimRef")
    if taken:
        yield taken["namespace"], taken["name"]
        return
    for claim in view.list("persistentvolumeclaims"):
        if not claim["spec"].get("volumeName"):
            yield key_of(claim)


def of_claim(claim: Object, view: View) -> Iterable[Key]:
    if claim["spec"].get("volumeName"):
        yield "", claim["spec"]["volumeName"]


def of_class(storage_class: Object, view: View) -> Iterable[Key]:
    for claim in view.list("persistentvolumeclaims"):
        if not claim["spec"].get("volumeName") and class_of(claim) == objects.name(storage_class):
            yield key_of(claim)


def claim_of_pod(pod: Object, view: View) -> Writes:
    """Ephemeral volumes: a claim for each, which goes with its pod."""
    if objects.is_being_deleted(pod) or pods.is_finished(pod):
        return
    for volume in pod["spec"].get("volumes") or ():
        template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        name = f"{objects.name(pod)}-{volume['name']}"
        if template is None or view.get("persistentvolumeclaims", name, objects.namespace(pod)) is not None:
            continue
        given = template.get("metadata") or {}
        metadata = {
            "name": name,
            "namespace": objects.namespace(pod),
            "labels": given.get("labels") or {},
            "annotations": given.get("annotations") or {},
            "ownerReferences": [objects.owner_reference(pod)],
        }
        yield Create(
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]}
        )


BINDER = Controller(
    name="persistentvolume-binder",
    resource="persistentvolumeclaims",
    reconcile=bind,
    watches={"persistentvolumes": of_volume, CLASSES: of_class},
    concurrency=1,  # Two claims must not take one volume.
)
VOLUMES = Controller(
    name="persistentvolume-controller",
    resource="persistentvolumes",
    reconcile=keep_volume,
    watches={"persistentvolumeclaims": of_claim},
)
PROTECTION = Controller(
    name="persistentvolumeclaim-protection-controller",
    resource="persistentvolumeclaims",
    reconcile=protect,
    watches={"pods": of_pod},
    indexes={"pods": {"claim": claims_of}},
)
EPHEMERAL = Controller(name="ephemeral-volume-controller", resource="pods", reconcile=claim_of_pod)
