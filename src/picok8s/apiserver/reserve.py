"""Addresses and node ports of services: chosen and checked against what all other services have, when a service is written.

Nothing is kept beside the services themselves, so nothing can leak: a deleted service has no address. Two services that are
written at the same time see each other, because the choice and the write's place in the log are made without a pause.
"""

from typing import Any

from picok8s.api import errors
from picok8s.apiserver import allocate
from picok8s.apiserver.messages import Call
from picok8s.apiserver.server import Server

Object = dict[str, Any]


def on_create(server: Server, call: Call, new: Object) -> None:
    """Give a new service its addresses. Raises ApiError 422."""
    if call.of.name == "services":
        _reserve(server, call, new)


def on_update(server: Server, call: Call, new: Object, old: Object) -> None:
    """Keep, give or take away what the changed service has. Raises ApiError 422."""
    if call.of.name == "services" and not call.subresource:
        _reserve(server, call, new)


def _reserve(server: Server, call: Call, service: Object) -> None:
    spec = service["spec"]
    if not allocate.wants_address(spec) and not allocate.wants_node_ports(spec):
        return
    others = [stored.obj for stored in server.store.newest_of("services")]
    used = allocate.taken(others, service["metadata"]["uid"])
    settings = server.settings
    service["spec"] = spec = {**spec, "ports": [dict(port) for port in spec.get("ports", [])]}
    if not spec["ports"]:
        del spec["ports"]
    problems = allocate.address(spec, settings.service_cidr, used, server.chance, call.dry_run)
    problems = problems or allocate.node_ports(spec, settings.node_ports, used, server.chance)
    if problems:
        raise errors.invalid("Service", "", service["metadata"]["name"], problems)
