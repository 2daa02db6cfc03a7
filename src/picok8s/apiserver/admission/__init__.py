"""Admission: what the cluster's rules add to an object, and what they refuse. One file for each plug-in.

The lists are in upstream's order. Plug-ins that upstream has off by default are not here, but NodeRestriction, which
every cluster with nodes turns on, is. ResourceQuota comes last: it counts only what all others let in.
"""

from functools import lru_cache
from inspect import isawaitable
from typing import Any

from picok8s.apiserver.admission import (
    certificates,
    default_classes,
    device_access,
    escalation,
    limit_ranger,
    namespace_lifecycle,
    node_restriction,
    node_taint,
    pod_security,
    priority,
    protection,
    resize,
    resource_quota,
    runtime_class,
    service_account,
    tolerations,
    topology,
)
from picok8s.apiserver.admission.hooks import CREATE, DELETE, UPDATE, Hook, Judge
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

MUTATING: tuple[Hook, ...] = (
    namespace_lifecycle.HOOK,
    limit_ranger.DEFAULTS,
    service_account.DEFAULTS,
    node_restriction.HOOK,
    node_taint.HOOK,
    priority.RESOLUTION,
    tolerations.HOOK,
    default_classes.STORAGE,
    protection.HOOK,
    runtime_class.DEFAULTS,
    certificates.REQUESTER,
    certificates.DATES,
    default_classes.INGRESS,
    topology.HOOK,
    escalation.HOOK,
)
VALIDATING: tuple[Hook, ...] = (
    limit_ranger.LIMITS,
    limit_ranger.RESIZED,
    limit_ranger.CLAIMS,
    service_account.RULES,
    pod_security.PODS,
    pod_security.WORKLOADS,
    pod_security.NAMESPACES,
    priority.ONE_DEFAULT,
    priority.SYSTEM,
    resize.HOOK,
    runtime_class.OVERHEAD,
    device_access.HOOK,
    certificates.APPROVAL,
    certificates.SIGNING,
    certificates.ATTESTATION,
    certificates.SUBJECT,
    resource_quota.HOOK,
)


async def mutate(server: Any, call: Call, new: Object, old: Object | None) -> None:
    """Let the plug-ins complete `new`, in place. Raises ApiError when one refuses."""
    await _run("mutating", server, call, new, old)


async def validate(server: Any, call: Call, new: Object, old: Object | None) -> None:
    """Let the plug-ins judge what will be stored. Raises ApiError when one refuses."""
    await _run("validating", server, call, new, old)


async def delete(server: Any, call: Call, old: Object) -> None:
    """Let the plug-ins judge a deletion. Raises ApiError when one refuses."""
    await _run("mutating", server, call, None, old)
    await _run("validating", server, call, None, old)


async def _run(phase: str, server: Any, call: Call, new: Object | None, old: Object | None) -> None:
    operation = DELETE if new is None else CREATE if old is None else UPDATE
    for judge in chosen(phase, call.of.name, operation, call.subresource):
        waiting = judge(server, call, new, old)
        if isawaitable(waiting):
            await waiting


@lru_cache(4096)
def chosen(phase: str, resource: str, operation: str, subresource: str) -> tuple[Judge, ...]:
    """The plug-ins of a phase that have a say, in order."""
    hooks = MUTATING if phase == "mutating" else VALIDATING
    return tuple(hook.judge for hook in hooks if hook.fits(resource, operation, subresource))
