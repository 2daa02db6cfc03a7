"""The host ports of a pod as rules: elements of two maps, one for every address of this node, one for a named one."""

from picok8s.api.objects import Object
from picok8s.network.family import Family, is_of
from picok8s.network.skeleton import HAIRPIN, HOST_PORTS, HOST_PORTS_AT
from picok8s.network.table import EMPTY, Piece

EVERYWHERE = ("", "0.0.0.0", "::")


def piece(pod: Object, family: Family) -> Piece:
    spec, status = pod["spec"], pod.get("status") or {}
    address = pod_address(status, family)
    if not address or spec.get("hostNetwork") or status.get("phase") in ("Succeeded", "Failed"):
        return EMPTY
    result = Piece()
    for port in ports(spec):
        protocol, to = port.get("protocol", "TCP").lower(), f"{address} . {port['containerPort']}"
        at = port.get("hostIP") or ""
        if at in EVERYWHERE:
            result.elements[HOST_PORTS, f"{protocol} . {port['hostPort']}"] = to
        elif is_of(family, at):
            result.elements[HOST_PORTS_AT, f"{at} . {protocol} . {port['hostPort']}"] = to
    if result.elements:
        result.elements[HAIRPIN, f"{address} . {address}"] = ""
    return result


def ports(spec: Object) -> list[Object]:
    sidecars = [one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]
    containers = [*sidecars, *(spec.get("containers") or ())]
    return [port for container in containers for port in container.get("ports") or () if port.get("hostPort")]


def pod_address(status: Object, family: Family) -> str:
    found = [one["ip"] for one in status.get("podIPs") or () if one.get("ip")] or [status.get("podIP") or ""]
    return next((one for one in found if one and is_of(family, one)), "")
