"""ComponentStatus: a kind of the past that kubectl still shows. Computed when asked; never stored."""

from typing import Any

from picok8s.api import errors
from picok8s.apiserver import selection
from picok8s.apiserver.messages import Call
from picok8s.apiserver.server import Server

Object = dict[str, Any]

DEPRECATED = "v1 ComponentStatus is deprecated in v1.19+"


def _healthy(name: str, healthy: bool) -> Object:
    condition = {"type": "Healthy", "status": "True" if healthy else "False", "message": "ok"}
    return {"metadata": {"name": name}, "conditions": [condition]}


def statuses(server: Server, call: Call) -> Object:
    call.warnings.append(DEPRECATED)
    selects = selection.predicate(call)
    items = [_healthy("etcd-0", server.store.failed is None)]
    kept = [item for item in items if selects is None or selects(item)]
    return {"kind": "ComponentStatusList", "apiVersion": "v1", "metadata": {}, "items": kept}


def one(server: Server, call: Call) -> Object:
    call.warnings.append(DEPRECATED)
    if call.name != "etcd-0":
        raise errors.not_found("", "componentstatus", call.name)
    return {"kind": "ComponentStatus", "apiVersion": "v1", **_healthy("etcd-0", server.store.failed is None)}
