"""Every active namespace has a service account `default`, and the certificate of the cluster in a ConfigMap.

Reads   namespaces, service accounts, config maps.
Writes  the account where it is missing; `kube-root-ca.crt` where it is missing or changed.
"""

from collections.abc import Iterable
from typing import Any

from picok8s.api import objects
from picok8s.reconcile.controller import Controller, Key, View
from picok8s.reconcile.writes import Create, Patch, Writes

Object = dict[str, Any]

ACCOUNT = "default"
CONFIG_MAP = "kube-root-ca.crt"
DESCRIPTION = "The certificates by which pods know the API server at its addresses inside the cluster."


def reconcile(namespace: Object, view: View) -> Writes:
    if objects.is_being_deleted(namespace):
        return
    name = objects.name(namespace)
    if view.get("serviceaccounts", ACCOUNT, name) is None:
        yield Create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": name}})


def _namespace_of(wanted: str):  # type: ignore[no-untyped-def]
    def keys(obj: Object, view: View) -> Iterable[Key]:
        if objects.name(obj) == wanted:
            yield "", objects.namespace(obj)

    return keys


def root_certificates(text: str) -> Controller:
    """The controller that publishes these certificates (PEM)."""

    def publish(namespace: Object, view: View) -> Writes:
        if objects.is_being_deleted(namespace):
            return
        name, data = objects.name(namespace), {"ca.crt": text}
        found = view.get("configmaps", CONFIG_MAP, name)
        if found is None:
            metadata = {
                "name": CONFIG_MAP,
                "namespace": name,
                "annotations": {"kubernetes.io/description": DESCRIPTION},
            }
            yield Create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
        elif found.get("data") != data:
            surplus = {key: None for key in found.get("data") or {} if key not in data}
            yield Patch(found, {"data": {**surplus, **data}})

    return Controller(
        name="root-ca-certificate-publisher",
        resource="namespaces",
        reconcile=publish,
        watches={"configmaps": _namespace_of(CONFIG_MAP)},
    )


CONTROLLER = Controller(
    name="service-account-controller",
    resource="namespaces",
    reconcile=reconcile,
    watches={"serviceaccounts": _namespace_of(ACCOUNT)},
)
