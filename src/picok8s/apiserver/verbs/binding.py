"""POST of a Binding: a pod gets its node. Of two schedulers one wins, and the other is told so."""

from typing import Any

from picok8s.api import errors, moment, objects
from picok8s.api.errors import ApiError
from picok8s.apiserver import admission, body, write
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server
from picok8s.store.store import Conflict

Object = dict[str, Any]

CREATED = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


async def binding(server: Server, call: Call) -> Response:
    """The subresource of a pod."""
    new = body.read(call, "Binding", "v1")
    name = new["metadata"].get("name", "")
    if name and name != call.name:
        raise errors.bad_request("name in URL does not match name in Binding object")
    return await bind(server, call, new)


async def bind(server: Server, call: Call, new: Object) -> Response:
    target, metadata = new.get("target") or {}, new["metadata"]
    if target.get("kind", "") not in ("", "Node"):
        kind = target["kind"]
        raise ApiError("", f'target.kind: Unsupported value: "{kind}": supported values: "Node", "<empty>"', code=500)
    if not target.get("name"):
        raise ApiError("", "target.name: Required value", code=500)
    name = call.name or metadata.get("name", "")
    metadata.setdefault("namespace", call.namespace)
    await admission.mutate(server, call, new, None)
    await admission.validate(server, call, new, None)
    for _ in range(write.RETRIES):
        old = server.store.newest("pods", name, call.namespace)
        if old is None:
            raise errors.not_found("", "pods", name)
        pod = _bound(call, name, old.obj, new, moment.time(server.now()))
        if call.dry_run:
            break
        try:
            await server.store.put("pods", pod, old)
            break
        except Conflict:
            continue
    return Response(201, obj=CREATED)


def _bound(call: Call, name: str, old: Object, new: Object, now: str) -> Object:
    """The pod with its node. Raises ApiError Conflict when it may not get one."""
    metadata, pod = new["metadata"], objects.copy(old)

    def refused(why: str) -> ApiError:
        return errors.conflict("", "pods/binding", name, why)

    if (uid := metadata.get("uid")) and uid != old["metadata"]["uid"]:
        call_of = f"/registry/pods/{call.namespace}/{name}"
        raise errors.conflict(
            "",
            "pods",
            name,
            (
                f"StorageError: invalid object, Code: 4, Key: {call_of}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['metadata']['uid']}"
            ),
        )
    if "deletionTimestamp" in old["metadata"]:
        raise refused(f"pod {name} is being deleted, cannot be assigned to a host")
    if node := old["spec"].get("nodeName"):
        raise refused(f'pod {name} is already assigned to node "{node}"')
    if old["spec"].get("schedulingGates"):
        raise refused(f"pod {name} has non-empty .spec.schedulingGates")
    pod["spec"]["nodeName"] = new["target"]["name"]
    for key in ("labels", "annotations"):
        if metadata.get(key):
            pod["metadata"][key] = {**pod["metadata"].get(key, {}), **metadata[key]}
    status = pod.setdefault("status", {})
    others = [c for c in status.get("conditions", []) if c["type"] != "PodScheduled"]
    before = objects.conditions(old).get("PodScheduled", {})
    when = before.get("lastTransitionTime", now) if before.get("status") == "True" else now
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": when}
    if generation := old["metadata"].get("generation"):
        scheduled["observedGeneration"] = generation
    status["conditions"] = [*others, scheduled]
    return pod
