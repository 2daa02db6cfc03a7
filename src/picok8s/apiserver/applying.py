"""Server-side apply (KEP-555): a PATCH whose body is what a manager wants of the object, all of it and nothing more."""

from typing import Any

from picok8s.api import apply, errors, goyaml, objects, schema
from picok8s.api.errors import required
from picok8s.apiserver import ownership, respond, write
from picok8s.apiserver.messages import Call
from picok8s.apiserver.patching import SCALE, Change, finish, schema_of
from picok8s.apiserver.server import Server

Object = dict[str, Any]


def read(call: Call, how: str) -> Change:
    """The configuration of an apply request. Raises ApiError 400, 422."""
    if not call.request.one("fieldManager") and call.request.user is None:
        raise respond.options_invalid([required("fieldManager", "is required for apply patch")], "PatchOptions")
    config = _config(call, how)
    force = call.request.flag("force")

    def onto(server: Server, call: Call, before: Object | None) -> Object:
        if call.subresource == "scale":
            return _onto_scale(server, call, config, force, how)
        call.applied = True
        resource = call.of
        live = objects.copy(before) if before is not None else None
        if "metadata" in config and config["metadata"].get("name", call.name) != call.name:
            found = config["metadata"]["name"]
            raise errors.bad_request(
                f"the name of the object ({found}) does not match the name on the URL ({call.name})"
            )
        who = ownership.writer(server, call, resource, call.subresource)
        unreached = apply.unreached(call.subresource, "status" in resource.subresources)
        made = apply.apply(live, objects.copy(config), schema_of(call), who, force, unreached)
        return finish(call, made, how, [])

    return Change(onto, is_apply=True)


def _onto_scale(server: Server, call: Call, config: Object, force: bool, how: str) -> Object:
    """The Scale that was applied, after who owns the number of the object itself was asked. Raises ApiError."""
    resource = call.of
    assert resource.behaviour.scale is not None
    apply.check(config, schema_of(call), apply.Writer(call.manager, *SCALE))
    parent = write.find(server, call).obj
    wanted: Object = {"apiVersion": resource.api_version, "kind": resource.kind}
    objects.put(wanted, resource.behaviour.scale.spec_replicas, (config.get("spec") or {}).get("replicas", 0))
    apply.apply(parent, wanted, schema.schema_of(resource), ownership.writer(server, call, resource, "scale"), force)
    return finish(call, {"metadata": {}, **config}, how, [])


def _config(call: Call, how: str) -> Object:
    if call.request.obj is not None:
        return call.request.obj
    try:
        value, repeated = goyaml.parse(call.request.body)
    except ValueError as error:
        raise errors.bad_request(f"error encoding patch: {error}") from None
    if repeated and how == "Strict":
        raise errors.bad_request(f"error strict decoding patch: error converting YAML to JSON: {repeated[0]}")
    if repeated and how == "Warn":
        call.warnings += [line.strip() for complaint in repeated for line in complaint.splitlines()[1:]]
    if value is None:
        value = {}
    if not isinstance(value, dict):
        kind = {str: "string", bool: "bool", list: "array"}.get(type(value), "number")
        raise errors.bad_request(
            "error decoding patch: error unmarshaling JSON: while decoding JSON: "
            f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )
    return value
