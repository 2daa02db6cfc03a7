"""POST of an Eviction: the deletion of a pod that asks its disruption budget first (KEP-85, policy/v1)."""

from typing import Any

from picok8s.api import errors, moment, objects, selectors
from picok8s.api.errors import ApiError
from picok8s.apiserver import admission, body, deletion, write
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server
from picok8s.apiserver.verbs.binding import CREATED
from picok8s.apiserver.verbs.delete import end
from picok8s.store.store import Conflict

Object = dict[str, Any]

BUDGETS = "poddisruptionbudgets.policy"
DISRUPTED_MAX = 2000  # Evictions under way that a budget remembers.


async def eviction(server: Server, call: Call) -> Response:
    new = body.read(call, "Eviction", "policy/v1", ("policy/v1beta1",))
    name = new["metadata"].get("name", "")
    if name != call.name:
        raise errors.bad_request("name in URL does not match name in Eviction object")
    options = deletion.read(new.get("deleteOptions") or {})
    new["metadata"].setdefault("namespace", call.namespace)
    await admission.mutate(server, call, new, None)
    await admission.validate(server, call, new, None)
    pod = write.find(server, call).obj
    if not _free(pod):
        await _spend(server, call, pod, options.dry_run or call.dry_run)
    await end(server, call, options)
    return Response(201, obj=CREATED)


def _free(pod: Object) -> bool:
    """Whether a pod may go without asking: it has ended, has not begun, or is going already."""
    phase = pod.get("status", {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or objects.is_being_deleted(pod)


async def _spend(server: Server, call: Call, pod: Object, dry_run: bool) -> None:
    """Take one disruption from the pod's budget. Raises ApiError 429 when there is none left."""
    for _ in range(write.RETRIES):
        matching = [stored for _, stored in server.store.list(BUDGETS, call.namespace) if _covers(stored.obj, pod)]
        if not matching:
            return
        if len(matching) > 1:
            raise ApiError(
                "",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                code=500,
            )
        budget = matching[0].obj
        ready = objects.conditions(pod).get("Ready", {}).get("status") == "True"
        policy = budget["spec"].get("unhealthyPodEvictionPolicy")
        status = budget.get("status", {})
        if not ready and (
            policy == "AlwaysAllow" or status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0
        ):
            return
        spent = _spent(budget, pod, moment.time(server.now()))
        if dry_run:
            return
        try:
            await server.store.put(BUDGETS, spent, matching[0])
            return
        except Conflict:
            continue
    raise ApiError(
        "TooManyRequests", "Cannot evict pod: the disruption budget is being updated", {"retryAfterSeconds": 1}
    )


def _covers(budget: Object, pod: Object) -> bool:
    selector = budget["spec"].get("selector")
    return selector is not None and selectors.selects(selector, objects.labels(pod))


def _spent(budget: Object, pod: Object, now: str) -> Object:
    status, name = budget.get("status", {}), objects.name(budget)
    refused = "Cannot evict pod as it would violate the pod's disruption budget."
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        told = f"The disruption budget {name} is still being processed by the server."
        details = {"causes": [{"reason": "DisruptionBudget", "message": told}], "retryAfterSeconds": 10}
        raise ApiError("TooManyRequests", refused, details)
    if status.get("disruptionsAllowed", 0) <= 0 or len(status.get("disruptedPods", {})) > DISRUPTED_MAX:
        healthy, wanted = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        told = f"The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"
        raise ApiError("TooManyRequests", refused, {"causes": [{"reason": "DisruptionBudget", "message": told}]})
    new = objects.copy(budget)
    new["status"]["disruptionsAllowed"] -= 1
    new["status"].setdefault("disruptedPods", {})[objects.name(pod)] = now
    return new
