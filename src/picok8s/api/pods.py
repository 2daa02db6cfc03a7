"""What many parts ask about a pod: is it running, ready, finished, since when, and which pod a template makes."""

from typing import Any

from picok8s.api import moment, objects

Object = dict[str, Any]

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase") or "Pending")


def node(pod: Object) -> str:
    """The node that the pod is bound to, or ""."""
    return str((pod.get("spec") or {}).get("nodeName") or "")


def is_finished(pod: Object) -> bool:
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """It counts as a replica: neither finished nor on its way out."""
    return not is_finished(pod) and not objects.is_being_deleted(pod)


def condition(pod: Object, type: str) -> Object | None:
    for found in (pod.get("status") or {}).get("conditions") or ():
        if found["type"] == type:
            return dict(found)
    return None


def is_ready(pod: Object) -> bool:
    ready = condition(pod, "Ready")
    return ready is not None and ready["status"] == "True"


def ready_since(pod: Object) -> float:
    """When it became ready; 0 while it is not."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True" or not ready.get("lastTransitionTime"):
        return 0.0
    return moment.seconds(ready["lastTransitionTime"])


def available_at(pod: Object, min_ready_seconds: int) -> float | None:
    """When it will have been ready for long enough; None while it is not ready."""
    if not is_ready(pod):
        return None
    return ready_since(pod) + min_ready_seconds if min_ready_seconds else 0.0


def is_available(pod: Object, min_ready_seconds: int, now: float) -> bool:
    at = available_at(pod, min_ready_seconds)
    return at is not None and at <= now


def restarts(pod: Object) -> int:
    """The restarts of its most restarted container."""
    return max((c.get("restartCount", 0) for c in (pod.get("status") or {}).get("containerStatuses") or ()), default=0)


def deletion_cost(pod: Object) -> int:
    try:
        return int(objects.annotations(pod).get(DELETION_COST, "0"))
    except ValueError:
        return 0


def from_template(owner: Object, template: Object, **metadata: Any) -> Object:
    """A pod of `template`, controlled by `owner`; `metadata` names it or adds to its metadata."""
    given = template.get("metadata") or {}
    made: Object = {"namespace": objects.namespace(owner), "generateName": objects.name(owner) + "-"}
    for part in ("labels", "annotations", "finalizers"):
        if given.get(part):
            made[part] = given[part]
    made["ownerReferences"] = [objects.owner_reference(owner)]
    made.update(metadata)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": dict(template["spec"])}
