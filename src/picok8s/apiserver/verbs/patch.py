"""PATCH: JSON patch, merge patch, strategic merge patch and server-side apply, on an object or through a subresource.

A patch is applied to the newest state and tried again when another write came between, unless it names a revision itself.
"""

from typing import Any

from picok8s.api import errors
from picok8s.apiserver import objectmeta, patching, write
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server
from picok8s.apiserver.verbs import update
from picok8s.store.store import Conflict

Object = dict[str, Any]


async def patch(server: Server, call: Call) -> Response:
    resource = call.of
    change = patching.read(call)
    for _ in range(write.RETRIES):
        old = server.store.newest(resource.storage, call.name, write.namespace(call))
        if old is None:
            if change.is_apply and not call.subresource:
                return await _apply_new(server, call, change)
            raise errors.not_found(resource.group, resource.plural, call.name)
        before = resource.behaviour.decode(old.obj)
        new = change.onto(server, call, before)
        metadata = new["metadata"]
        objectmeta.named(resource, new, call.name)
        revision = metadata.get("resourceVersion", "")
        named_revision = revision != before["metadata"]["resourceVersion"] and revision
        if named_revision:
            update.check_revision(call, revision)
            raise write.stale(call)
        try:
            stored = await write.replace(server, call, old, new)
            return Response(obj=stored, resource=resource)
        except Conflict:
            call.warnings.clear()
            if change.names_revision:
                raise write.stale(call) from None
    raise write.stale(call)


async def _apply_new(server: Server, call: Call, change: Any) -> Response:
    """An apply of what does not exist creates it."""
    new = change.onto(server, call, None)
    if uid := new["metadata"].get("uid"):
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise write.stale(call, why)
    objectmeta.named(call.of, new, call.name)
    new["metadata"].pop("resourceVersion", None)
    created = await write.create(server, call, new)
    return Response(201, obj=created, resource=call.of)
