"""Who wrote which field: managedFields around each write. The rules are api/apply.py's; here is what a call gives to them."""

from typing import Any

from picok8s.api import apply, metadata, moment, objects, patch, schema
from picok8s.api.errors import invalid
from picok8s.api.resource import Resource
from picok8s.apiserver.messages import Call
from picok8s.apiserver.server import Server

Object = dict[str, Any]

OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}


def check_manager(call: Call) -> None:
    """Refuse a field manager that is too long or cannot be shown. Raises ApiError 422."""
    if asked := call.request.one("fieldManager"):
        if problems := metadata.manager(asked, "fieldManager"):
            raise invalid(OPTIONS.get(call.request.method, "PatchOptions"), "meta.k8s.io", "", problems)


def keep_reset(sent: Any, new: Object) -> None:
    """Decoding drops an empty list; an empty list of owners asks to forget them all."""
    metadata = sent.get("metadata") if isinstance(sent, dict) else None
    if isinstance(metadata, dict) and metadata.get("managedFields") == []:
        new["metadata"]["managedFields"] = []


def writer(server: Server, call: Call, resource: Resource, subresource: str) -> apply.Writer:
    return apply.Writer(call.manager, resource.api_version, resource.kind, subresource, moment.time(server.now()))


def created(server: Server, call: Call, new: Object) -> None:
    """Note the creator of a new object; what was applied has its owners already."""
    if not call.applied:
        _note(server, call, None, new)


def updated(server: Server, call: Call, new: Object, old: Object) -> None:
    """Note who changed what. A write that changes nothing leaves the owners, and the times, as they were."""
    if not call.applied:
        _note(server, call, old, new)


def _note(server: Server, call: Call, old: Object | None, new: Object) -> None:
    resource = call.of
    if call.subresource == "scale" and old is not None:
        _keep(new, _scaled(server, call, old, new))
        return
    managed = apply.after_write(
        old, new, schema.schema_of(resource), writer(server, call, resource, call.subresource),
        apply.unreached(call.subresource, "status" in resource.subresources),
    )  # fmt: skip
    _keep(new, managed)


def _keep(new: Object, managed: list[Object]) -> None:
    if managed:
        new["metadata"]["managedFields"] = managed
    else:
        new["metadata"].pop("managedFields", None)


def _scaled(server: Server, call: Call, old: Object, new: Object) -> list[Object]:
    """The owners after a write through `scale`."""
    assert call.of.behaviour.scale is not None
    path = call.of.behaviour.scale.spec_replicas
    changed = objects.at(old, path) != objects.at(new, path)
    by_apply = call.request.header("content-type").startswith(patch.APPLY)
    return apply.after_scale(old, path, changed, writer(server, call, call.of, "scale"), by_apply)


def same(new: list[Object] | None, old: list[Object] | None) -> bool:
    """Whether two managedFields say the same, whenever it was."""
    if new == old:
        return True
    if not new or not old or len(new) != len(old):
        return False
    return all({**a, "time": ""} == {**b, "time": ""} for a, b in zip(new, old, strict=True))
