"""ResourceQuota: what a namespace may use in all is counted before anything more is let in.

The count is the quota's own status, raised here in the same breath as the answer, so that two requests never share the
last of something. The quota controller corrects it when objects go.
"""

from dataclasses import dataclass
from typing import Any

from picok8s.api import quantity, usage
from picok8s.api.errors import ApiError, conflict
from picok8s.api.usage import Amounts
from picok8s.apiserver.admission.hooks import CREATE, UPDATE, Cluster, Hook, refused
from picok8s.apiserver.messages import Call
from picok8s.store.store import Conflict

Object = dict[str, Any]

QUOTAS = "resourcequotas"
RETRIES = 5  # Of a count that met another one.
# What a quota wants every container to say, once it limits it.
DEMANDED = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
# Resources whose use changes when they change, and through which subresources they do.
CHANGING = {"persistentvolumeclaims": ("",), "pods": ("", "resize"), "services": ("",)}


@dataclass(frozen=True, slots=True)
class Request:
    """One write as a quota sees it."""

    call: Call
    resource: str
    new: Object
    old: Object | None
    now: float


async def judge(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    resource, now = call.of.storage, server.now()
    if not _counts(resource, call.subresource, new, old):
        return
    request = Request(call, resource, new, old, now)
    for quota in server.lookup.list(QUOTAS, call.namespace):
        await _charge(server, request, quota["metadata"]["name"])


def _counts(resource: str, subresource: str, new: Object, old: Object | None) -> bool:
    if old is None:
        return not subresource
    if resource == "pods" and not subresource:
        return usage.is_terminating(new) != usage.is_terminating(old)
    return subresource in CHANGING.get(resource, ())


async def _charge(server: Cluster, request: Request, name: str) -> None:
    """Raise one quota's count by what the write adds. Raises ApiError when it is too much."""
    call = request.call
    for _ in range(RETRIES):
        stored = server.store.newest(QUOTAS, name, call.namespace)
        if stored is None:
            return
        used = raised(request, stored.obj)
        if used is None or call.dry_run:
            return
        quota = stored.obj
        try:
            await server.store.put(QUOTAS, {**quota, "status": {**quota["status"], "used": used}}, stored)
            return
        except Conflict:
            continue
    raise conflict("", QUOTAS, name, "the quota is being counted by many at once; please try again")


def raised(request: Request, quota: Object) -> Amounts | None:
    """The quota's count with the write; None when the write does not touch it. Raises ApiError."""
    hard: Amounts = (quota.get("status") or {}).get("hard") or {}
    used: Amounts = (quota.get("status") or {}).get("used") or {}
    resource, name = request.resource, quota["metadata"]["name"]
    tracked = usage.tracked(resource, hard)
    if not tracked or not usage.in_scope(quota, resource, request.new):
        return None
    _demand(request, name, tracked)
    if any(resource_name not in used for resource_name in tracked):
        told = ",".join(sorted(tracked))
        raise refused(request.call, request.new, f"status unknown for quota: {name}, resources: {told}")
    added = _added(request, quota, tracked)
    if not added:
        return None
    new_used = {**used, **{key: quantity.add(used[key], amount) for key, amount in added.items()}}
    over = sorted(key for key in added if quantity.compare(new_used[key], hard[key]) > 0)
    if over:
        told = ", ".join(
            f"{word}: {','.join(f'{key}={amounts[key]}' for key in over)}"
            for word, amounts in (("requested", added), ("used", used), ("limited", hard))
        )
        raise refused(request.call, request.new, f"exceeded quota: {name}, {told}")
    return new_used


def _added(request: Request, quota: Object, tracked: list[str]) -> Amounts:
    """What the write uses more than before, of what the quota limits."""
    wanted = usage.of(request.resource, request.new, request.now)
    negative = sorted(key for key, amount in wanted.items() if quantity.nanos(amount) < 0)
    if negative:
        why = f"quota usage is negative for resource(s): {','.join(negative)}"
        raise refused(request.call, request.new, why)
    if request.old is not None and usage.in_scope(quota, request.resource, request.old):
        before = usage.of(request.resource, request.old, request.now)
        wanted = {key: quantity.subtract(amount, before.get(key, "0")) for key, amount in wanted.items()}
    return {key: wanted[key] for key in tracked if key in wanted and quantity.nanos(wanted[key]) > 0}


def _demand(request: Request, quota: str, tracked: list[str]) -> None:
    """Every container must say how much it wants of processor and memory that is limited, unless the pod says it."""
    if request.resource != "pods":
        return
    spec, wanted = request.new["spec"], [key for key in DEMANDED if key in tracked]
    if not wanted or any((spec.get("resources") or {}).get(kind) for kind in ("requests", "limits")):
        return
    missing: dict[str, set[str]] = {}
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        resources = container.get("resources") or {}
        given = usage.compute(resources.get("requests") or {}, resources.get("limits") or {})
        for key in wanted:
            if key not in given:
                missing.setdefault(key, set()).add(container["name"])
    if missing:
        told = "; ".join(f"{key} for: {','.join(sorted(missing[key]))}" for key in sorted(missing))
        raise _failed(request, quota, f"must specify {told}")


def _failed(request: Request, quota: str, why: str) -> ApiError:
    return refused(request.call, request.new, f"failed quota: {quota}: {why}")


HOOK = Hook("ResourceQuota", judge, None, (CREATE, UPDATE), ("", "resize"))
