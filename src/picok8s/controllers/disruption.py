"""PodDisruptionBudget: how many of the selected pods may be lost now.

Reads   the budget, the pods that it selects, the size that their owners want.
Writes  the status, from which the eviction of the API server takes.
"""

from collections.abc import Iterable
from typing import Any

from picok8s.api import moment, objects, pods, selectors
from picok8s.controllers import rollout
from picok8s.reconcile.controller import Controller, Key, View, by_namespace, key_of
from picok8s.reconcile.writes import Again, Event, Patch, Status, Writes

Object = dict[str, Any]

SIZED = {
    "ReplicaSet": "replicasets.apps",
    "ReplicationController": "replicationcontrollers",
    "StatefulSet": "statefulsets.apps",
}
PROMISE_SECONDS = 120.0  # A pod that was promised away but was not deleted for so long is counted again.


def reconcile(budget: Object, view: View) -> Writes:
    namespace = objects.namespace(budget)
    chosen = selectors.requirements(budget["spec"].get("selector"))
    found = [p for p in view.by("pods", "namespace", namespace) if selectors.matches(chosen, objects.labels(p))]
    found = [pod for pod in found if not pods.is_finished(pod)]
    expected, desired, problem = wanted(budget, found, view)
    if problem:
        yield Event(
            budget,
            "Warning",
            "CalculateExpectedPodCountFailed",
            f"Failed to calculate the number of expected pods: {problem}",
        )
        yield Status(budget, _failed(budget, problem, view.now))
        return
    if not found:
        yield Event(budget, "Normal", "NoPods", "No matching pods found")
    promised, again = promises(budget, found, view.now)
    healthy = sum(
        pods.is_ready(pod) and not objects.is_being_deleted(pod) and objects.name(pod) not in promised for pod in found
    )
    allowed = max(0, healthy - desired) if expected > 0 else 0
    status = {
        **(budget.get("status") or {}),
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "disruptionsAllowed": allowed,
        "disruptedPods": promised,
        "observedGeneration": budget["metadata"].get("generation", 0),
    }
    reason = "SufficientPods" if allowed > 0 else "InsufficientPods"
    status["conditions"] = _told(budget, str(allowed > 0), reason, "", view.now)
    yield Status(budget, status)
    if again is not None:
        yield Again(again)


def wanted(budget: Object, found: list[Object], view: View) -> tuple[int, int, str]:
    """How many pods there should be, how many must be healthy, and why that cannot be told."""
    spec = budget["spec"]
    if spec.get("maxUnavailable") is not None:
        expected, problem = scale(found, view)
        lost = rollout.portion(spec["maxUnavailable"], expected, up=True)
        return expected, max(0, expected - lost), problem
    least = spec.get("minAvailable", 1)
    if isinstance(least, str):
        expected, problem = scale(found, view)
        return expected, rollout.portion(least, expected, up=True), problem
    return len(found), int(least or 0), ""


def scale(found: list[Object], view: View) -> tuple[int, str]:
    """The sum of the sizes that the owners of these pods want."""
    sizes: dict[str, int] = {}
    for pod in found:
        reference = objects.controller(pod)
        if reference is None:
            return 0, f"found no controllers for pod {objects.name(pod)!r}".replace("'", '"')
        if reference["uid"] in sizes:
            continue
        kind, name = reference["kind"], reference["name"]
        owner = view.get(SIZED[kind], name, objects.namespace(pod)) if kind in SIZED else None
        above = objects.controller(owner) if owner is not None and kind == "ReplicaSet" else None
        if above is not None and above["kind"] == "Deployment":
            reference, owner = above, view.get("deployments.apps", above["name"], objects.namespace(pod))
        if owner is None:
            return 0, f"{reference['apiVersion']}, Kind={kind} does not implement the scale subresource"
        sizes[reference["uid"]] = rollout.replicas(owner)
    return sum(sizes.values()), ""


def promises(budget: Object, found: list[Object], now: float) -> tuple[dict[str, str], float | None]:
    """Pods whose eviction was granted and that are not seen to go yet; and when the first promise runs out."""
    names = {objects.name(pod) for pod in found if not objects.is_being_deleted(pod)}
    kept: dict[str, str] = {}
    ends = []
    for name, stamp in ((budget.get("status") or {}).get("disruptedPods") or {}).items():
        end = moment.seconds(stamp) + PROMISE_SECONDS
        if name in names and end > now:
            kept[name] = stamp
            ends.append(end - now)
    return kept, min(ends, default=None)


def _failed(budget: Object, problem: str, now: float) -> Object:
    conditions = _told(budget, "False", "SyncFailed", problem, now)
    return {**(budget.get("status") or {}), "disruptionsAllowed": 0, "conditions": conditions}


def _told(budget: Object, status: str, reason: str, message: str, now: float) -> list[Object]:
    before = objects.conditions(budget).get("DisruptionAllowed") or {}
    same = before.get("status") == status
    condition: Object = {
        "type": "DisruptionAllowed",
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": budget["metadata"].get("generation", 0),
        "lastTransitionTime": before.get("lastTransitionTime") if same else moment.time(now),
    }
    others = [c for c in (budget.get("status") or {}).get("conditions") or () if c["type"] != "DisruptionAllowed"]
    return [*others, condition]


def of_pod(pod: Object, view: View) -> Iterable[Key]:
    for budget in view.list("poddisruptionbudgets.policy", objects.namespace(pod)):
        if selectors.selects(budget["spec"].get("selector"), objects.labels(pod)):
            yield key_of(budget)


def of_owner(owner: Object, view: View) -> Iterable[Key]:
    """A change of size matters to the budgets of the namespace."""
    return [key_of(budget) for budget in view.list("poddisruptionbudgets.policy", objects.namespace(owner))]


def tidy(pod: Object, view: View) -> Writes:
    """A pod that was announced to go but stayed is no longer announced."""
    target = pods.condition(pod, "DisruptionTarget")
    if target is None or target["status"] != "True" or objects.is_being_deleted(pod) or pods.is_finished(pod):
        return
    at = moment.seconds(target["lastTransitionTime"]) + PROMISE_SECONDS
    if at > view.now:
        yield Again(at - view.now)
        return
    condition = {**target, "status": "False", "lastTransitionTime": moment.time(view.now)}
    patch = {"metadata": {"uid": objects.uid(pod)}, "status": {"conditions": [condition]}}
    yield Patch(pod, patch, "strategic", "status")


CONTROLLER = Controller(
    name="disruption-controller",
    resource="poddisruptionbudgets.policy",
    reconcile=reconcile,
    watches={
        "pods": of_pod,
        "deployments.apps": of_owner,
        "replicasets.apps": of_owner,
        "statefulsets.apps": of_owner,
        "replicationcontrollers": of_owner,
    },
    indexes={"pods": {"namespace": by_namespace}},
)

STALE = Controller(name="stale-disruption-controller", resource="pods", reconcile=tidy)
