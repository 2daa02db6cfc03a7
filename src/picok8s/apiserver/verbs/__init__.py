"""The verbs: one file each, and the tables that say which serves what."""

from collections.abc import Awaitable, Callable

from picok8s.api.errors import ApiError
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server
from picok8s.apiserver.verbs.binding import binding
from picok8s.apiserver.verbs.connect import attach, exec_, log, node_proxy, pod_proxy, portforward, service_proxy
from picok8s.apiserver.verbs.create import create
from picok8s.apiserver.verbs.delete import delete, delete_collection
from picok8s.apiserver.verbs.eviction import eviction
from picok8s.apiserver.verbs.get import get
from picok8s.apiserver.verbs.list import list_
from picok8s.apiserver.verbs.patch import patch
from picok8s.apiserver.verbs.scale import scale
from picok8s.apiserver.verbs.token import token
from picok8s.apiserver.verbs.update import update
from picok8s.apiserver.verbs.watch import watch

Verb = Callable[[Server, Call], Awaitable[Response]]

VERBS: dict[str, Verb] = {
    "get": get,
    "list": list_,
    "watch": watch,
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
}

# Subresources that are no view of their object. The others are read and written like the object itself.
SUBRESOURCES: dict[tuple[str, str], Verb] = {
    ("pods", "binding"): binding,
    ("pods", "eviction"): eviction,
    ("pods", "log"): log,
    ("pods", "exec"): exec_,
    ("pods", "attach"): attach,
    ("pods", "portforward"): portforward,
    ("pods", "proxy"): pod_proxy,
    ("services", "proxy"): service_proxy,
    ("nodes", "proxy"): node_proxy,
    ("serviceaccounts", "token"): token,
}


def subresource_verb(call: Call) -> Verb:
    """What serves a call of a subresource. Raises ApiError."""
    resource = call.of
    if found := SUBRESOURCES.get((resource.name, call.subresource)):
        return found
    if call.subresource == "scale":
        return scale
    if call.verb in ("get", "update", "patch"):
        return VERBS[call.verb]
    raise ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource", {})
