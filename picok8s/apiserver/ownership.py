"""Who wrote which field: managedFields around each write. The rules are api/apply.py's; here is what a call gives to them."""

from typing import Any

from picok8s.api import apply, moment
from picok8s.apiserver.messages import Call
from picok8s.apiserver.server import Server

Object = dict[str, Any]


def created(server: Server, call: Call, new: Object) -> None:
    """Note the creator of a new object, unless it was applied (then apply did it)."""
    track(server, call, new, None, "Update")


def updated(server: Server, call: Call, new: Object, old: Object, operation: str) -> None:
    track(server, call, new, old, operation)


def track(server: Server, call: Call, new: Object, old: Object | None, operation: str) -> None:
    if operation == "Apply" or call.applied:
        return
    resource = call.of
    managed = apply.after_write(
        old, new, resource, apply.Writer(call.manager, operation, resource.api_version, call.subresource),
        moment.time(server.now()),
    )
    if managed:
        new["metadata"]["managedFields"] = managed
    else:
        new["metadata"].pop("managedFields", None)


def same(new: list[Object] | None, old: list[Object] | None) -> bool:
    """Whether two managedFields say the same, whenever it was."""
    if new == old:
        return True
    if not new or not old or len(new) != len(old):
        return False
    return all({**a, "time": ""} == {**b, "time": ""} for a, b in zip(new, old, strict=True))
