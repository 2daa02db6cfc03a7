"""Where a pod's volumes let it run: bound claims keep it to nodes that reach them, others wait for their first user.

`look` tells what the claims of a pod mean: an objection against all nodes, objections of single nodes, and the claims
that are to be provisioned on the node that is chosen (by the annotation that provisioners watch for).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from picok8s.api import objects, selectors
from picok8s.reconcile.controller import View
from picok8s.scheduler.podinfo import PodInfo, amount
from picok8s.scheduler.snapshot import NodeInfo

Object = dict[str, Any]

SELECTED_NODE = "volume.kubernetes.io/selected-node"
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
ZONES = (
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
)
CONFLICT = ("node(s) didn't match PersistentVolume's node affinity",)
ZONE_CONFLICT = ("node(s) had no available volume zone",)
NONE_FREE = ("node(s) didn't find available persistent volumes to bind",)


@dataclass(slots=True)
class Volumes:
    against: str = ""  # An objection that holds on all nodes.
    objections: list[Callable[[NodeInfo], tuple[str, ...] | None]] = field(default_factory=list)
    provision: list[Object] = field(default_factory=list)  # Claims that wait to be told the node.
    match: list[Object] = field(default_factory=list)  # Claims that shall take one of the volumes that exist.


def look(pod: PodInfo, view: View) -> Volumes:
    found = Volumes()
    for name in pod.claims:
        claim = view.get("persistentvolumeclaims", name, pod.namespace)
        if claim is None or objects.is_being_deleted(claim):
            why = "not found" if claim is None else "is being deleted"
            return Volumes(against=f'persistentvolumeclaim "{name}" {why}')
        if claim["spec"].get("volumeName"):
            volume = view.get("persistentvolumes", claim["spec"]["volumeName"])
            if volume is None:
                return Volumes(against="node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
            found.objections.append(_reaches(volume))
            continue
        storage_class = view.get("storageclasses.storage.k8s.io", class_of(claim) or "")
        if storage_class is None or storage_class.get("volumeBindingMode") != "WaitForFirstConsumer":
            return Volumes(against="pod has unbound immediate PersistentVolumeClaims")
        if node := objects.annotations(claim).get(SELECTED_NODE):
            found.objections.append(_is(node))
        elif any(fits(volume, claim) for volume in view.list("persistentvolumes")):
            found.objections.append(_has_free(claim, [v for v in view.list("persistentvolumes") if fits(v, claim)]))
            found.match.append(claim)
        elif storage_class.get("provisioner") == "kubernetes.io/no-provisioner":
            found.objections.append(lambda node: NONE_FREE)
        else:
            found.objections.append(_allowed(storage_class))
            found.provision.append(claim)
    return found


def class_of(claim: Object) -> str | None:
    beta = objects.annotations(claim).get(BETA_CLASS)
    return beta if beta is not None else claim["spec"].get("storageClassName")


def fits(volume: Object, claim: Object) -> bool:
    """Could this free volume be the claim's?"""
    spec, wanted = volume["spec"], claim["spec"]
    taken = spec.get("claimRef")
    if taken and not (taken.get("name") == objects.name(claim) and taken.get("namespace") == objects.namespace(claim)):
        return False
    if (taken and taken.get("uid") not in (None, "", objects.uid(claim))) or objects.is_being_deleted(volume):
        return False
    if not taken and (volume.get("status") or {}).get("phase") not in ("Available", None):
        return False
    if (spec.get("storageClassName") or "") != (class_of(claim) or ""):
        return False
    if spec.get("volumeMode", "Filesystem") != wanted.get("volumeMode", "Filesystem"):
        return False
    if not set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ()):
        return False
    if wanted.get("selector") and not selectors.selects(wanted["selector"], objects.labels(volume)):
        return False
    asked = ((wanted.get("resources") or {}).get("requests") or {}).get("storage", "0")
    return amount("storage", spec["capacity"]["storage"]) >= amount("storage", asked)


def reaches(volume: Object, node: Object) -> bool:
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return required is None or selectors.selects_node(required, node)


def _reaches(volume: Object) -> Callable[[NodeInfo], tuple[str, ...] | None]:
    zones = {key: set(value.split("__")) for key, value in objects.labels(volume).items() if key in ZONES}

    def objection(node: NodeInfo) -> tuple[str, ...] | None:
        if not reaches(volume, node.node or {}):
            return CONFLICT
        if any(node.labels.get(key) not in values for key, values in zones.items()):
            return ZONE_CONFLICT
        return None

    return objection


def _is(name: str) -> Callable[[NodeInfo], tuple[str, ...] | None]:
    return lambda node: None if node.name == name else CONFLICT


def _has_free(claim: Object, volumes: list[Object]) -> Callable[[NodeInfo], tuple[str, ...] | None]:
    return lambda node: None if any(reaches(volume, node.node or {}) for volume in volumes) else NONE_FREE


def _allowed(storage_class: Object) -> Callable[[NodeInfo], tuple[str, ...] | None]:
    terms = storage_class.get("allowedTopologies") or ()

    def objection(node: NodeInfo) -> tuple[str, ...] | None:
        for term in terms:
            rows = term.get("matchLabelExpressions") or ()
            if all(node.labels.get(row["key"]) in row["values"] for row in rows):
                return None
        return NONE_FREE if terms else None

    return objection
