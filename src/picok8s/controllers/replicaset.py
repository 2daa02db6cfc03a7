"""ReplicaSet and ReplicationController: keep `spec.replicas` pods that match the selector.

Reads   the owner and the pods that it controls or could adopt.
Writes  pods (create, delete, adopt, release), the owner's status, events about each pod made or deleted.

Nothing is remembered between runs. The runner does not run an owner again before the View has shown the last write that
it made for it, so to count the pods that are seen is safe.
"""

import math
from collections import Counter
from collections.abc import Generator, Iterable
from typing import Any

from picok8s.api import moment, objects, pods, selectors
from picok8s.api.errors import ApiError
from picok8s.reconcile import ownership
from picok8s.reconcile.controller import FAMILY, Controller, Key, View, key_of, owner
from picok8s.reconcile.writes import Again, Create, Delete, Event, Outcome, Status, Write, Writes, refused

Object = dict[str, Any]

BURST_MAX = 500  # Writes in one run: a huge set must not starve the others.
PHASES = ("Pending", "Unknown", "Running")  # From the cheapest to lose to the dearest.


def reconcile(replicaset: Object, view: View) -> Writes:
    selector = requirements(replicaset)
    found = ownership.candidates(replicaset, "pods", view)
    owned = yield from ownership.claim(
        replicaset, lambda labels: selectors.matches(selector, labels), [p for p in found if not pods.is_finished(p)]
    )
    active = [pod for pod in owned if pods.is_active(pod)]
    failure = None
    if not objects.is_being_deleted(replicaset):
        failure = yield from scale(replicaset, active, view)
    status, next_change = observe(replicaset, owned, failure, view.now)
    yield Status(replicaset, status)
    if next_change is not None:
        yield Again(next_change - view.now)


def requirements(replicaset: Object) -> selectors.Requirements | None:
    if replicaset["kind"] == "ReplicationController":
        return selectors.from_map(replicaset["spec"].get("selector"))
    return selectors.requirements(replicaset["spec"].get("selector"))


def scale(
    replicaset: Object, active: list[Object], view: View
) -> Generator[Write | list[Write], Outcome, Object | None]:
    """Make or delete the difference; returns the condition that tells the first refusal."""
    missing = replicas(replicaset) - len(active)
    if missing > 0:
        return (yield from grow(replicaset, min(missing, BURST_MAX), view.now))
    if missing < 0:
        lost = victims(active, min(-missing, BURST_MAX), view.now, crowd(replicaset, active, view))
        outcomes = yield [Delete(pod) for pod in lost]
        for pod, outcome in zip(lost, outcomes, strict=True):
            if refused(outcome):
                yield Event(replicaset, "Warning", "FailedDelete", f"Error deleting: {outcome}")
                return failed("FailedDelete", outcome, view.now)
            yield Event(replicaset, "Normal", "SuccessfulDelete", f"Deleted pod: {objects.name(pod)}")
    return None


def grow(replicaset: Object, missing: int, now: float) -> Generator[Write | list[Write], Outcome, Object | None]:
    """Make pods in batches that double, so that a quota that is full is asked once and not a thousand times."""
    batch = 1
    while missing > 0:
        count = min(batch, missing)
        template = replicaset["spec"]["template"]
        outcomes = yield [Create(pods.from_template(replicaset, template)) for _ in range(count)]
        for outcome in outcomes:
            if not refused(outcome):
                message = f"Created pod: {objects.name(outcome)}" if outcome else "Created pod"
                yield Event(replicaset, "Normal", "SuccessfulCreate", message)
        if refusal := next((outcome for outcome in outcomes if refused(outcome)), None):
            yield Event(replicaset, "Warning", "FailedCreate", f"Error creating: {refusal}")
            return failed("FailedCreate", refusal, now)
        missing -= count
        batch *= 2
    return None


def failed(reason: str, refusal: ApiError, now: float) -> Object:
    return {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": reason,
        "message": str(refusal),
        "lastTransitionTime": moment.time(now),
    }


def crowd(replicaset: Object, active: list[Object], view: View) -> Counter[str]:
    """How many pods of the same Deployment (or of this set alone) each node has."""
    above = objects.controller(replicaset)
    if above is None:
        return Counter(map(pods.node, active))
    sets = view.by("replicasets.apps", "owner", above["uid"])
    family = [pod for one in sets for pod in view.by("pods", "owner", objects.uid(one)) if pods.is_active(pod)]
    return Counter(map(pods.node, family or active))


def victims(active: list[Object], count: int, now: float, crowd: Counter[str] | None = None) -> list[Object]:
    """The pods that are cheapest to lose. This sort key is the whole policy."""
    many = Counter(map(pods.node, active)) if crowd is None else crowd
    return sorted(
        active,
        key=lambda pod: (
            pods.node(pod) != "",
            PHASES.index(pods.phase(pod)) if pods.phase(pod) in PHASES else 0,
            pods.is_ready(pod),
            pods.deletion_cost(pod),
            -many[pods.node(pod)],
            _age(pods.ready_since(pod), now),
            -pods.restarts(pod),
            _age(_created(pod), now),
            objects.uid(pod),
        ),
    )[:count]


def _age(since: float, now: float) -> int:
    """Ages in steps that double: pods of about the same age are lost at random, so that none is always the victim."""
    return int(math.log2(now - since)) if since and now - since >= 1 else 0


def _created(pod: Object) -> float:
    stamp = pod["metadata"].get("creationTimestamp")
    return moment.seconds(stamp) if stamp else 0.0


def observe(replicaset: Object, owned: list[Object], failure: Object | None, now: float) -> tuple[Object, float | None]:
    """The status that these pods add up to, and when it will next change by time alone."""
    spec, old = replicaset["spec"], replicaset.get("status") or {}
    active = [pod for pod in owned if pods.is_active(pod)]
    wanted = objects.labels({"metadata": {}, **spec["template"]}).items()
    moments = [at for pod in active if (at := pods.available_at(pod, spec.get("minReadySeconds") or 0)) is not None]
    status: Object = {
        "replicas": len(active),
        "fullyLabeledReplicas": sum(wanted <= objects.labels(pod).items() for pod in active),
        "readyReplicas": len(moments),
        "availableReplicas": sum(at <= now for at in moments),
        "observedGeneration": replicaset["metadata"].get("generation", 0),
    }
    if replicaset["kind"] == "ReplicaSet":
        status["terminatingReplicas"] = sum(map(objects.is_being_deleted, owned))
    if conditions := _conditions(old.get("conditions") or [], failure):
        status["conditions"] = conditions
    return status, min((at for at in moments if at > now), default=None)


def _conditions(old: list[Object], failure: Object | None) -> list[Object]:
    """The failure joins or leaves; one that was told for the same reason keeps its time."""
    others = [c for c in old if c["type"] != "ReplicaFailure"]
    if failure is None:
        return others
    before = next((c for c in old if c["type"] == "ReplicaFailure"), None)
    return [*others, before if before and before.get("reason") == failure["reason"] else failure]


def replicas(obj: Object) -> int:
    count = obj["spec"].get("replicas")
    return 1 if count is None else int(count)


def owner_or_selecting(resource: str, kind: str):  # type: ignore[no-untyped-def]
    """From a pod: its owner of this kind, or, when no one controls it, every owner that could adopt it."""
    by_owner = owner(kind)

    def keys(pod: Object, view: View) -> Iterable[Key]:
        if objects.controller(pod) is not None:
            yield from by_owner(pod, view)
            return
        for candidate in view.list(resource, objects.namespace(pod)):
            if selectors.matches(requirements(candidate), objects.labels(pod)):
                yield key_of(candidate)

    return keys


CONTROLLER = Controller(
    name="replicaset-controller",
    resource="replicasets.apps",
    reconcile=reconcile,
    watches={"pods": owner_or_selecting("replicasets.apps", "ReplicaSet")},
    indexes={"pods": FAMILY, "replicasets.apps": FAMILY},
)

REPLICATION_CONTROLLER = Controller(
    name="replication-controller",
    resource="replicationcontrollers",
    reconcile=reconcile,
    watches={"pods": owner_or_selecting("replicationcontrollers", "ReplicationController")},
    indexes={"pods": FAMILY, "replicasets.apps": FAMILY},
)
