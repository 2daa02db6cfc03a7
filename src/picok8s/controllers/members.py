"""Which pods are behind a service, on which ports, in what state: what EndpointSlices and Endpoints both show."""

from collections.abc import Iterable
from typing import Any

from picok8s.api import objects, pods
from picok8s.reconcile.controller import Key, View, by_namespace, key_of

Object = dict[str, Any]

HEADLESS_LABEL = "service.kubernetes.io/headless"
TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"

PODS = {"namespace": by_namespace}


def selector(service: Object) -> dict[str, str]:
    """Empty: no pods are chosen for it."""
    if service["spec"].get("type") == "ExternalName":
        return {}
    return service["spec"].get("selector") or {}


def is_headless(service: Object) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def selected(service: Object, view: View) -> list[Object]:
    """Pods that the service selects and that have an address; those that have finished are gone."""
    wanted = selector(service).items()
    return [
        pod
        for pod in view.by("pods", "namespace", objects.namespace(service))
        if wanted <= objects.labels(pod).items() and not pods.is_finished(pod) and addresses(pod)
    ]


def addresses(pod: Object) -> list[str]:
    status = pod.get("status") or {}
    found = [row["ip"] for row in status.get("podIPs") or () if row.get("ip")]
    return found or ([status["podIP"]] if status.get("podIP") else [])


def families(service: Object) -> list[str]:
    """The families of addresses that the service shows."""
    return [str(word) for word in service["spec"].get("ipFamilies") or ["IPv4"]]


def of_family(pod: Object, family: str) -> list[str]:
    return [address for address in addresses(pod) if (":" in address) == (family == "IPv6")]


def ports(service: Object, pod: Object) -> list[Object]:
    """The service's ports as numbers of this pod; a name that the pod does not know is left out."""
    found = []
    for port in service["spec"].get("ports") or ():
        number = port_number(port, pod)
        if number is None:
            continue
        row = {"name": port.get("name") or "", "port": number, "protocol": port.get("protocol") or "TCP"}
        if port.get("appProtocol"):
            row["appProtocol"] = port["appProtocol"]
        found.append(row)
    return found


def port_number(port: Object, pod: Object) -> int | None:
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    sidecars = [c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for container in (*pod["spec"]["containers"], *sidecars):
        for row in container.get("ports") or ():
            if row.get("name") == target and (row.get("protocol") or "TCP") == (port.get("protocol") or "TCP"):
                return int(row["containerPort"])
    return None


def reference(pod: Object) -> Object:
    return {"kind": "Pod", "namespace": objects.namespace(pod), "name": objects.name(pod), "uid": objects.uid(pod)}


def hostname(service: Object, pod: Object) -> str:
    """The name that DNS gives the pod below the service."""
    spec = pod["spec"]
    return spec["hostname"] if spec.get("hostname") and spec.get("subdomain") == objects.name(service) else ""


def of_pod(pod: Object, view: View) -> Iterable[Key]:
    """The services that select a pod."""
    labels = objects.labels(pod).items()
    for service in view.list("services", objects.namespace(pod)):
        wanted = selector(service)
        if wanted and wanted.items() <= labels:
            yield key_of(service)
