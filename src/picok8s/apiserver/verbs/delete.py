"""DELETE: one object, or all that a collection's selectors mean."""

from typing import Any

from picok8s.api import errors
from picok8s.api.errors import ApiError
from picok8s.apiserver import admission, body, deletion, respond, selection, write
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server
from picok8s.apiserver.verbs.list import check_options
from picok8s.store.store import Conflict, Stored

Object = dict[str, Any]


async def delete(server: Server, call: Call) -> Response:
    resource = call.of
    options = deletion.read(body.delete_options(call))
    obj, gone = await end(server, call, options)
    if gone and not resource.behaviour.delete_answers_object and not _was_graceful(obj):
        return Response(obj=respond.success(resource, obj["metadata"]["name"], obj["metadata"]["uid"]))
    return Response(obj=obj, resource=resource)


def _was_graceful(obj: Object) -> bool:
    return obj["kind"] == "Pod" and obj["apiVersion"] == "v1"


async def end(server: Server, call: Call, options: deletion.Options) -> tuple[Object, bool]:
    """Delete the object that the call names; returns its last or present state, and whether it is gone."""
    resource = call.of
    for _ in range(write.RETRIES):
        old = write.find(server, call)
        shown = resource.behaviour.decode(old.obj)
        _check(call, shown, options)
        await admission.delete(server, call, shown)
        new = deletion.begin(shown, options, server.now())
        dry = call.dry_run or options.dry_run
        if new is shown:
            return shown, False
        try:
            if new is None:
                return await _end_now(server, call, old, dry), True
            if not dry:
                await server.store.put(resource.storage, resource.behaviour.encode(new), old)
            return new, False
        except Conflict:
            continue
    raise write.stale(call)


async def _end_now(server: Server, call: Call, old: Stored, dry: bool) -> Object:
    """Remove the object; a pod shows first that its grace is over, as its watchers expect. Raises Conflict."""
    resource = call.of
    shown = resource.behaviour.decode(old.obj)
    if _was_graceful(shown):
        last = deletion.last(shown, server.now())
        if dry:
            return last
        if last is not shown:
            old = await server.store.put(resource.storage, resource.behaviour.encode(last), old)
    if dry:
        return shown
    removed = await server.store.delete(resource.storage, call.name, write.namespace(call), old)
    await write.settle(server, call, None, old.obj)
    return resource.behaviour.decode(removed.obj)


def _check(call: Call, obj: Object, options: deletion.Options) -> None:
    """The preconditions of a deletion. Raises ApiError Conflict."""
    metadata = obj["metadata"]
    if options.uid and options.uid != metadata["uid"]:
        raise errors.ApiError(
            "Conflict",
            f'Operation cannot be fulfilled on {_kind(call)} "{call.name}": '
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated",
            _named(call),
        )
    if options.revision and options.revision != metadata["resourceVersion"]:
        raise errors.ApiError(
            "Conflict",
            f'Operation cannot be fulfilled on {_kind(call)} "{call.name}": '
            f"the ResourceVersion in the precondition ({options.revision}) does not match the ResourceVersion in "
            f"record ({metadata['resourceVersion']}). The object might have been modified",
            _named(call),
        )


def _kind(call: Call) -> str:
    """The kind with its group, as the words of a failed precondition have it."""
    return f"{call.of.kind}.{call.of.group}" if call.of.group else call.of.kind


def _named(call: Call) -> Object:
    resource = call.of
    details: Object = {"name": call.name}
    if resource.group:
        details["group"] = resource.group
    return {**details, "kind": resource.kind}


async def delete_collection(server: Server, call: Call) -> Response:
    """Deletes each object that is selected as it is when its turn comes; answers the list of them."""
    resource = call.of
    check_options(call)
    options = deletion.read(body.delete_options(call))
    selects = selection.predicate(call)
    namespace = call.namespace if resource.namespaced and call.namespace else None
    decode = resource.behaviour.decode
    deleted = []
    for (place, name), stored in sorted(server.store.list(resource.storage, namespace)):
        shown = decode(stored.obj)
        if selects is not None and not selects(shown):
            continue
        one = Call(
            verb="delete",
            user=call.user,
            request=call.request,
            resource=resource,
            group=call.group,
            version=call.version,
            plural=call.plural,
            namespace=place,
            name=name,
            dry_run=call.dry_run,
        )
        try:
            await end(server, one, options)
        except ApiError as error:
            if error.reason != "NotFound":
                raise
        deleted.append({key: value for key, value in shown.items() if key not in ("apiVersion", "kind")})
    obj = {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(server.store.revision)},
        "items": deleted,
    }
    return Response(obj=obj, resource=resource)
