"""PUT: replace an object, or a part of it through a subresource; for some kinds, make what is missing."""

from typing import Any

from picok8s.api import errors, objects
from picok8s.api.errors import ApiError
from picok8s.apiserver import body, objectmeta, versions, write
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server
from picok8s.store.store import Conflict

Object = dict[str, Any]


async def update(server: Server, call: Call) -> Response:
    resource = call.of
    new = body.read(call)
    objectmeta.place(resource, new, call.namespace)
    objectmeta.named(resource, new, call.name)
    metadata = new["metadata"]
    revision = metadata.get("resourceVersion", "")
    for _ in range(write.RETRIES):
        old = server.store.newest(resource.storage, call.name, write.namespace(call))
        if old is None:
            return await _missing(server, call, new)
        check_revision(call, revision)
        before = resource.behaviour.decode(old.obj)
        write.check_preconditions(server, call, before, metadata.get("uid", ""), revision)
        try:
            return Response(obj=await write.replace(server, call, old, objects.copy(new)), resource=resource)
        except Conflict:
            if revision:
                raise write.stale(call) from None
    raise write.stale(call)


def check_revision(call: Call, revision: str) -> None:
    """A resource version in an update is a number, and some kinds want one. Raises ApiError."""
    resource = call.of
    try:
        number = versions.number(revision)
    except versions.NotANumber as error:
        raise ApiError("", error.why, code=500) from None
    if not number and not resource.behaviour.unconditional_update:
        problem = errors.FieldError(
            "FieldValueInvalid", "metadata.resourceVersion", "Invalid value: 0: must be specified for an update"
        )
        raise errors.invalid(resource.plural, resource.group, call.name, [problem])  # Upstream names the plural here.


async def _missing(server: Server, call: Call, new: Object) -> Response:
    resource = call.of
    if not resource.behaviour.create_on_update or call.subresource:
        raise errors.not_found(resource.group, resource.plural, call.name)
    if new["metadata"].get("resourceVersion") or new["metadata"].get("uid"):
        raise errors.not_found(resource.group, resource.plural, call.name)
    return Response(201, obj=await write.create(server, call, new), resource=resource)
