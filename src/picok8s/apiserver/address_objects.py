"""IPAddress objects: each address of a service shows as an object of its own, for whoever looks who has it (KEP-1880).

They follow the services and decide nothing: `allocate.py` reads the services themselves. What a crash between the two
writes left out, or behind, is put right at the next start.
"""

from typing import Any

from picok8s.api import moment
from picok8s.apiserver.server import Server
from picok8s.store.store import Conflict

Object = dict[str, Any]

STORAGE = "ipaddresses.networking.k8s.io"
ALLOCATOR = "ipallocator.k8s.io"
FAMILY, MANAGED_BY = "ipaddress.kubernetes.io/ip-family", "ipaddress.kubernetes.io/managed-by"


def of(service: Object | None) -> dict[str, Object]:
    """The IPAddress of each address that a service has, by its name; without identity."""
    if service is None:
        return {}
    metadata, spec = service["metadata"], service.get("spec") or {}
    found = [ip for ip in spec.get("clusterIPs") or [spec.get("clusterIP", "")] if ip not in ("", "None")]
    parent = {"resource": "services", "namespace": metadata["namespace"], "name": metadata["name"]}
    return {ip: _object(ip, parent) for ip in found}


def _object(ip: str, parent: Object) -> Object:
    labels = {FAMILY: "IPv6" if ":" in ip else "IPv4", MANAGED_BY: ALLOCATOR}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {"name": ip, "labels": labels},
        "spec": {"parentRef": parent},
    }


async def follow(server: Server, new: Object | None, old: Object | None) -> None:
    """Make and remove what the change of a service asks for."""
    wanted, had = of(new), of(old)
    if wanted.keys() == had.keys():
        return
    for name in had.keys() - wanted.keys():
        await _remove(server, name, had[name])
    for name in wanted.keys() - had.keys():
        await _make(server, name, wanted[name])


async def _make(server: Server, name: str, wanted: Object) -> None:
    present = server.store.newest(STORAGE, name)
    if present is not None and present.obj["spec"] == wanted["spec"]:
        return
    about = {"uid": server.uid(), "creationTimestamp": moment.time(server.now())}
    try:
        await server.store.put(STORAGE, {**wanted, "metadata": {**wanted["metadata"], **about}}, present)
    except Conflict:
        return  # Someone else made it, by hand or for a service that has the address by now.


async def _remove(server: Server, name: str, had: Object) -> None:
    present = server.store.newest(STORAGE, name)
    if present is None or present.obj["spec"] != had["spec"]:
        return  # Another service's, by now.
    try:
        await server.store.delete(STORAGE, name, "", present)
    except Conflict:
        return


async def repair(server: Server) -> None:
    """At a start: make what services lack, and remove what no service has any more."""
    wanted: dict[str, Object] = {}
    for stored in server.store.newest_of("services"):
        wanted |= of(stored.obj)
    for name, obj in wanted.items():
        await _make(server, name, obj)
    for stored in list(server.store.newest_of(STORAGE)):
        metadata = stored.obj["metadata"]
        ours = (metadata.get("labels") or {}).get(MANAGED_BY) == ALLOCATOR
        if ours and metadata["name"] not in wanted:
            await _remove(server, metadata["name"], stored.obj)
