"""The scale subresource: how many replicas there are to be, of any kind that says where it keeps the number."""

from typing import Any

from picok8s.api import errors, objects, selectors
from picok8s.api.errors import invalid_value
from picok8s.api.resource import Resource, Scale
from picok8s.apiserver import body, patching, write
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server
from picok8s.store.store import Conflict, Stored

Object = dict[str, Any]


async def scale(server: Server, call: Call) -> Response:
    """GET, PUT and PATCH of `scale`."""
    where = call.of.behaviour.scale
    assert where is not None
    if call.verb == "get":
        return Response(obj=shown(call.of, where, write.find(server, call).obj))
    read = body.read(call, "Scale", "autoscaling/v1") if call.verb == "update" else None
    change = patching.read(call) if call.verb == "patch" else None
    for _ in range(write.RETRIES):
        old = write.find(server, call)
        before = shown(call.of, where, old.obj)
        new = read if read is not None else change.onto(server, call, before)  # type: ignore[union-attr]
        _check(call, new, before)
        try:
            return await _store(server, call, old, where, new)
        except Conflict:
            continue
    raise write.stale(call)


async def _store(server: Server, call: Call, old: Stored, where: Scale, new: Object) -> Response:
    scaled = objects.copy(old.obj)
    objects.put(scaled, where.spec_replicas, new.get("spec", {}).get("replicas", 0))
    stored = await write.replace(server, call, old, scaled)
    return Response(obj=shown(call.of, where, stored))


def _check(call: Call, new: Object, before: Object) -> None:
    """A scale names its object, its revision if any, and a number that is not negative. Raises ApiError."""
    metadata = new["metadata"]
    name = metadata.get("name", "")
    if name and name != call.name:
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    if (revision := metadata.get("resourceVersion")) and revision != before["metadata"]["resourceVersion"]:
        raise write.stale(call)
    if (uid := metadata.get("uid")) and uid != before["metadata"]["uid"]:
        raise write.stale(call, write.precondition(call, uid, before["metadata"]["uid"]))
    replicas = new.get("spec", {}).get("replicas", 0)
    if replicas < 0:
        problem = invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid("Scale", "autoscaling", call.name, [problem])


def shown(resource: Resource, where: Scale, obj: Object) -> Object:
    """The Scale of an object."""
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = objects.at(obj, where.spec_replicas)
    status: Object = {"replicas": objects.at(obj, where.status_replicas) or 0}
    selector = objects.at(obj, where.selector)
    if selector:
        text = (
            ",".join(f"{k}={v}" for k, v in sorted(selector.items()))
            if where.plain
            else selectors.text(selectors.requirements(selector))
        )
        status["selector"] = text
    spec = {"replicas": replicas} if replicas else {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": spec,
        "status": status,
    }
