"""Whether the node takes a pod that was bound to it: room, kernel settings. A refused pod fails. Pure."""

from collections.abc import Iterable
from typing import Any

from picok8s.node import pods, quantities, security

Object = dict[str, Any]


def refusal(
    pod: Object, others: Iterable[Object], allocatable: dict[str, str], sysctls: tuple[str, ...]
) -> tuple[str, str] | None:
    """(reason, message), or None. `others`: the pods that are on the node and still run."""
    if why := security.forbidden_sysctl(pod, sysctls):
        return "SysctlForbidden", why
    active = [other for other in others if not pods.is_terminal(other)]
    room = int(allocatable.get("pods", 0))
    if len(active) + 1 > room:
        message = f"Node didn't have enough resource: pods, requested: 1, used: {len(active)}, capacity: {room}"
        return "OutOfpods", f"Pod was rejected: {message}"
    for resource, scale in (("cpu", 1000), ("memory", 1), ("ephemeral-storage", 1)):
        wanted = round(pods.requests(pod, resource) * scale)
        if not wanted:
            continue
        used = round(sum(pods.requests(other, resource) for other in active) * scale)
        capacity = round(quantities.number(allocatable.get(resource, 0)) * scale)
        if wanted + used > capacity:
            message = (
                f"Node didn't have enough resource: {resource}, requested: {wanted}, used: {used}, capacity: {capacity}"
            )
            return f"OutOf{resource}", f"Pod was rejected: {message}"
    return None
