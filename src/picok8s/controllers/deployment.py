"""Deployment: move pods from the old template to the new one, by growing one ReplicaSet and shrinking the others.

Reads   the Deployment and its ReplicaSets (and their pods, where the strategy is Recreate).
Writes  ReplicaSets (create, scale, annotate, delete, adopt, release), the Deployment's revision and status, events.

A ReplicaSet is the new one when its template is that of the Deployment but for the hash label. Sizes come from
`rollout.py`, conditions from `progress.py`. A run makes one step; the ReplicaSets' answers bring the next one.
"""

from collections.abc import Generator, Iterable
from typing import Any

from picok8s.api import objects, pods, selectors
from picok8s.controllers import progress, rollout
from picok8s.controllers.rollout import DESIRED, HASH_LABEL, HISTORY, MAXIMUM, REVISION, counted, replicas
from picok8s.reconcile import ownership
from picok8s.reconcile.controller import FAMILY, Controller, Key, View, key_of, owner
from picok8s.reconcile.writes import Again, Create, Delete, Event, Outcome, Patch, Status, Write, Writes, refused

Object = dict[str, Any]
Steps = Generator[Write | list[Write], Outcome, Any]

# Annotations of the Deployment that are not those of its ReplicaSets.
OWN_ANNOTATIONS = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
}


def reconcile(deployment: Object, view: View) -> Writes:
    selector = selectors.requirements(deployment["spec"].get("selector"))
    if not selector:
        message = "This deployment is selecting all pods. A non-empty selector is required."
        yield Event(deployment, "Warning", "SelectingAll", message)
        return
    found = ownership.candidates(deployment, "replicasets.apps", view)
    sets = yield from ownership.claim(deployment, lambda labels: selectors.matches(selector, labels), found)
    new = newest(deployment, sets)
    old = [one for one in sets if one is not new]
    if not objects.is_being_deleted(deployment):
        deployment, new, old = yield from step(deployment, new, old, view)
    status, again = progress.observe(deployment, new, old, view.now)
    yield Status(deployment, status)
    if again is not None:
        yield Again(again)


def newest(deployment: Object, sets: list[Object]) -> Object | None:
    """The ReplicaSet of the present template; the oldest of several, so that the choice holds."""
    same = [s for s in sets if rollout.same_template(s["spec"]["template"], deployment["spec"]["template"])]
    return min(same, key=lambda one: (one["metadata"].get("creationTimestamp", ""), objects.name(one)), default=None)


def step(deployment: Object, new: Object | None, old: list[Object], view: View) -> Steps:
    """One step of whatever the Deployment is at; returns it, its new and its old ReplicaSets as they are then."""
    paused = bool(deployment["spec"].get("paused"))
    deployment, new, old = yield from number(deployment, new, old)
    if paused or was_scaled(deployment, new, old):
        sizes = scaled(deployment, new, old)
        new, old, _ = yield from resize(deployment, new, old, sizes)
        if paused:
            old = yield from forget(deployment, old)
        return deployment, new, old
    if not rollout.is_rolling(deployment):
        return (yield from recreate(deployment, new, old, view))
    if new is None:
        deployment, new = yield from make(deployment, old)
        if new is None:
            return deployment, new, old
    wanted = replicas(deployment)
    size = wanted if replicas(new) > wanted else rollout.new_count(deployment, [new, *old], replicas(new))
    new, old, moved = yield from resize(deployment, new, old, {objects.name(new): size})
    if not moved:
        new, old, moved = yield from resize(deployment, new, old, rollout.old_counts(deployment, new, old))
    if not moved and progress.is_complete(deployment, progress.counts(deployment, new, old)):
        old = yield from forget(deployment, old)
    return deployment, new, old


def recreate(deployment: Object, new: Object | None, old: list[Object], view: View) -> Steps:
    """First all old pods go, and are gone; then the new ones come."""
    new, old, moved = yield from resize(deployment, new, old, {objects.name(one): 0 for one in old})
    left = [pod for one in old for pod in view.by("pods", "owner", objects.uid(one)) if not pods.is_finished(pod)]
    if moved or left:
        return deployment, new, old
    if new is None:
        deployment, new = yield from make(deployment, old)
        if new is None:
            return deployment, new, old
    new, old, moved = yield from resize(deployment, new, old, {objects.name(new): replicas(deployment)})
    if not moved and progress.is_complete(deployment, progress.counts(deployment, new, old)):
        old = yield from forget(deployment, old)
    return deployment, new, old


def number(deployment: Object, new: Object | None, old: list[Object]) -> Steps:
    """Give the new ReplicaSet the next revision and the Deployment's annotations; tell the Deployment its revision."""
    if new is None:
        return deployment, new, old
    metadata, annotations = _annotated(deployment, new, max(map(rollout.revision, old), default=0) + 1)
    wait = deployment["spec"].get("minReadySeconds") or 0
    if annotations != objects.annotations(new) or wait != (new["spec"].get("minReadySeconds") or 0):
        made = yield Patch(new, {"metadata": metadata, "spec": {"minReadySeconds": wait}})
        new = new if refused(made) or made is None else made
    deployment = yield from _tell_revision(deployment, annotations[REVISION])
    return deployment, new, old


def _annotated(deployment: Object, new: Object, revision: int) -> tuple[Object, Object]:
    """The patch of the new set's metadata, and the annotations that it will have."""
    before = objects.annotations(new)
    annotations = {**before, **_inherited(deployment)}
    if rollout.revision(new) < revision:
        if REVISION in before:
            history = [word for word in (before.get(HISTORY), before[REVISION]) if word]
            annotations[HISTORY] = ",".join(history)
        annotations[REVISION] = str(revision)
    return {"annotations": annotations}, annotations


def _inherited(deployment: Object) -> dict[str, str]:
    return {key: value for key, value in objects.annotations(deployment).items() if key not in OWN_ANNOTATIONS}


def _tell_revision(deployment: Object, revision: str) -> Steps:
    if objects.annotations(deployment).get(REVISION) == revision:
        return deployment
    made = yield Patch(deployment, {"metadata": {"annotations": {REVISION: revision}}})
    return deployment if refused(made) or made is None else made


def make(deployment: Object, old: list[Object]) -> Steps:
    """Make the ReplicaSet of the present template; returns the Deployment and the set, or None when it was refused."""
    spec = deployment["spec"]
    collisions = (deployment.get("status") or {}).get("collisionCount") or 0
    word = rollout.template_hash(spec["template"], collisions)
    template = spec["template"]
    labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: word}
    selector = spec["selector"]
    revision = max(map(rollout.revision, old), default=0) + 1
    size = rollout.new_count(deployment, old, 0)
    made: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{objects.name(deployment)}-{word}",
            "namespace": objects.namespace(deployment),
            "labels": labels,
            "annotations": {**_inherited(deployment), REVISION: str(revision), **_desired(deployment)},
            "ownerReferences": [objects.owner_reference(deployment)],
        },
        "spec": {
            "replicas": size,
            "minReadySeconds": spec.get("minReadySeconds") or 0,
            "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: word}},
            "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
        },
    }
    outcome = yield Create(made)
    if refused(outcome, "AlreadyExists"):
        return (yield from _collided(deployment, collisions))
    if refused(outcome):
        message = f'Failed to create new replica set "{made["metadata"]["name"]}": {outcome}'
        yield Event(deployment, "Warning", "ReplicaSetCreateError", message)
        told = progress.with_progressing(deployment, "False", "ReplicaSetCreateError", message)
        made = yield Status(deployment, told)
        return (deployment if refused(made) or made is None else made), None
    if size > 0:
        message = f"Scaled up replica set {made['metadata']['name']} from 0 to {size}"
        yield Event(deployment, "Normal", "ScalingReplicaSet", message)
    deployment = yield from _tell_revision(deployment, str(revision))
    return deployment, outcome or made


def _collided(deployment: Object, collisions: int) -> Steps:
    """Another set has this name: the next run tries the next word."""
    status = {**(deployment.get("status") or {}), "collisionCount": collisions + 1}
    made = yield Status(deployment, status)
    yield Again(0)
    return (deployment if refused(made) or made is None else made), None


def _desired(deployment: Object) -> dict[str, str]:
    wanted = replicas(deployment)
    return {DESIRED: str(wanted), MAXIMUM: str(wanted + rollout.bounds(deployment)[0])}


def was_scaled(deployment: Object, new: Object | None, old: list[Object]) -> bool:
    """Was `spec.replicas` changed since the active sets were sized?"""
    wanted = str(replicas(deployment))
    active = [one for one in [new, *old] if one is not None and replicas(one) > 0]
    return any(objects.annotations(one).get(DESIRED, wanted) != wanted for one in active)


def scaled(deployment: Object, new: Object | None, old: list[Object]) -> dict[str, int]:
    """The sizes of the sets when only the count changes and not the template."""
    wanted = replicas(deployment)
    sets = [one for one in [new, *old] if one is not None]
    active = [one for one in sets if replicas(one) > 0]
    if len(active) <= 1:
        latest = active or ([new] if new else sorted(old, key=rollout.revision)[-1:])
        return {objects.name(one): wanted for one in latest}
    if new is not None and _is_saturated(deployment, new):
        return {objects.name(one): 0 for one in old}
    return rollout.proportions(deployment, active) if rollout.is_rolling(deployment) else {}


def _is_saturated(deployment: Object, new: Object) -> bool:
    wanted = replicas(deployment)
    desired = objects.annotations(new).get(DESIRED)
    return replicas(new) == wanted and desired == str(wanted) and counted(new) == wanted


def resize(deployment: Object, new: Object | None, old: list[Object], sizes: dict[str, int]) -> Steps:
    """Scale the sets to these sizes (by name); returns new, old, and whether any size changed."""
    moved = False
    after: dict[str, Object] = {}
    desired = _desired(deployment)
    for one in [*([new] if new else []), *old]:
        name, size, before = objects.name(one), sizes.get(objects.name(one), replicas(one)), replicas(one)
        annotated = all(objects.annotations(one).get(key) == value for key, value in desired.items())
        if size == before and (annotated or (size == 0 and one is not new)):
            continue
        patch = {"metadata": {"annotations": desired, "resourceVersion": objects.revision(one)}}
        made = yield Patch(one, {**patch, "spec": {"replicas": size}} if size != before else patch)
        if refused(made):
            continue
        after[name] = made or one
        if size != before:
            moved = True
            way = "up" if size > before else "down"
            message = f"Scaled {way} replica set {name} from {before} to {size}"
            yield Event(deployment, "Normal", "ScalingReplicaSet", message)
    new = after.get(objects.name(new), new) if new else None
    return new, [after.get(objects.name(one), one) for one in old], moved


def forget(deployment: Object, old: list[Object]) -> Steps:
    """Delete the oldest sets beyond `revisionHistoryLimit`, where they are empty."""
    limit = deployment["spec"].get("revisionHistoryLimit")
    if limit is None:
        return old
    alive = sorted((one for one in old if not objects.is_being_deleted(one)), key=rollout.revision)
    gone = []
    for one in alive[: max(0, len(alive) - limit)]:
        stale = one["metadata"].get("generation", 0) > counted(one, "observedGeneration")
        if replicas(one) or counted(one, "replicas") or stale:
            continue
        yield Delete(one)
        gone.append(one)
    return [one for one in old if one not in gone]


def of_replicaset(replicaset: Object, view: View) -> Iterable[Key]:
    if objects.controller(replicaset) is not None:
        yield from owner("Deployment")(replicaset, view)
        return
    for deployment in view.list("deployments.apps", objects.namespace(replicaset)):
        if selectors.selects(deployment["spec"].get("selector"), objects.labels(replicaset)):
            yield key_of(deployment)


def of_pod(pod: Object, view: View) -> Iterable[Key]:
    """Only Recreate looks at pods."""
    above = objects.controller(pod)
    if above is None or above["kind"] != "ReplicaSet":
        return
    replicaset = view.get("replicasets.apps", above["name"], objects.namespace(pod))
    for key in owner("Deployment")(replicaset, view) if replicaset else ():
        deployment = view.get("deployments.apps", key[1], key[0])
        if deployment is not None and not rollout.is_rolling(deployment):
            yield key


CONTROLLER = Controller(
    name="deployment-controller",
    resource="deployments.apps",
    reconcile=reconcile,
    watches={"replicasets.apps": of_replicaset, "pods": of_pod},
    indexes={"replicasets.apps": FAMILY, "pods": FAMILY},
)
