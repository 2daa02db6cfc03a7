"""DefaultStorageClass and DefaultIngressClass: who asks for no class gets the one that is marked as default."""

from typing import Any

from picok8s.apiserver.admission.hooks import Cluster, Hook
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

STORAGE_CLASSES = "storageclasses.storage.k8s.io"
STORAGE_MARKS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
STORAGE_ASKED = "volume.beta.kubernetes.io/storage-class"
INGRESS_CLASSES = "ingressclasses.networking.k8s.io"
INGRESS_MARKS = ("ingressclass.kubernetes.io/is-default-class",)
INGRESS_ASKED = "kubernetes.io/ingress.class"


def complete_claim(server: Cluster, call: Call, claim: Object, old: Object | None) -> None:
    _complete(claim, "storageClassName", STORAGE_ASKED, default(server.lookup.list(STORAGE_CLASSES), STORAGE_MARKS))


def complete_ingress(server: Cluster, call: Call, ingress: Object, old: Object | None) -> None:
    chosen = default(server.lookup.list(INGRESS_CLASSES), INGRESS_MARKS)
    _complete(ingress, "ingressClassName", INGRESS_ASKED, chosen)


def _complete(obj: Object, field: str, annotation: str, chosen: str) -> None:
    spec = obj.get("spec") or {}
    asked = spec.get(field) is not None or annotation in (obj["metadata"].get("annotations") or {})
    if chosen and not asked:
        obj["spec"] = {**spec, field: chosen}


def default(classes: list[Object], marks: tuple[str, ...]) -> str:
    """The name of the default class, "" when there is none. Of several the youngest, then the first by name."""
    marked = [c["metadata"] for c in classes if any(_annotations(c).get(mark) == "true" for mark in marks)]
    by_name = sorted(marked, key=lambda meta: meta["name"])
    by_age = sorted(by_name, key=lambda meta: meta.get("creationTimestamp", ""), reverse=True)
    return str(by_age[0]["name"]) if by_age else ""


def _annotations(obj: Object) -> Object:
    return obj["metadata"].get("annotations") or {}


STORAGE = Hook("DefaultStorageClass", complete_claim, ("persistentvolumeclaims",))
INGRESS = Hook("DefaultIngressClass", complete_ingress, ("ingresses.networking.k8s.io",))
