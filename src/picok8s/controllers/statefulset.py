"""StatefulSet: numbered pods with names and volumes of their own, made in order, updated from the last to the first.

Reads   the StatefulSet, its pods, claims and revisions.
Writes  pods, claims (made with their pod, owned or deleted as the retention policy says), revisions, the status.
"""

import re
from collections.abc import Generator
from typing import Any

from picok8s.api import objects, pods, selectors
from picok8s.controllers import history
from picok8s.controllers.replicaset import owner_or_selecting
from picok8s.reconcile import ownership
from picok8s.reconcile.controller import FAMILY, Controller, View, owner
from picok8s.reconcile.writes import Again, Create, Delete, Event, Outcome, Patch, Status, Write, Writes, refused

Object = dict[str, Any]

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"


def reconcile(statefulset: Object, view: View) -> Writes:
    chosen = selectors.requirements(statefulset["spec"].get("selector"))
    mine = re.compile(re.escape(objects.name(statefulset)) + r"-(0|[1-9][0-9]*)")
    found = [p for p in ownership.candidates(statefulset, "pods", view) if mine.fullmatch(objects.name(p))]
    owned = yield from ownership.claim(statefulset, lambda labels: selectors.matches(chosen, labels), found)
    if objects.is_being_deleted(statefulset):
        return
    update, older, collisions = yield from history.revise(statefulset, view)
    old_status = statefulset.get("status") or {}
    if update is None:
        if collisions != (old_status.get("collisionCount") or 0):
            yield Status(statefulset, {**old_status, "collisionCount": collisions})
        return
    named = {objects.name(one): one for one in [*older, update]}
    current = named.get(old_status.get("currentRevision") or "", update)
    by_number = {ordinal(pod): pod for pod in owned}
    yield from step(statefulset, by_number, current, update, view)
    used = {objects.labels(pod).get(history.HASH_LABEL, "") for pod in owned}
    yield from history.forget(statefulset, older, {*used, objects.name(current)})
    status, again = observe(statefulset, owned, current, update, view.now)
    if collisions:
        status["collisionCount"] = collisions
    yield Status(statefulset, status)
    if again is not None:
        yield Again(again - view.now)


def ordinal(pod: Object) -> int:
    return int(objects.name(pod).rsplit("-", 1)[1])


def numbers(statefulset: Object) -> range:
    start = (statefulset["spec"].get("ordinals") or {}).get("start") or 0
    count = statefulset["spec"].get("replicas")
    return range(start, start + (1 if count is None else count))


def step(
    statefulset: Object, by_number: dict[int, Object], current: Object, update: Object, view: View
) -> Generator[Write | list[Write], Outcome, None]:
    """Make, then remove, then update; in order, one at a time, unless pod management is parallel."""
    ordered = statefulset["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    wait = statefulset["spec"].get("minReadySeconds") or 0
    wanted = numbers(statefulset)
    for number in wanted:
        pod = by_number.get(number)
        if pod is not None and pods.is_finished(pod) and not objects.is_being_deleted(pod):
            reason = "RecreatingFailedPod" if pods.phase(pod) == "Failed" else "RecreatingTerminatedPod"
            about = f"StatefulSet {objects.namespace(statefulset)}/{objects.name(statefulset)} is recreating"
            yield Event(
                statefulset, "Warning" if "Failed" in reason else "Normal", reason, f"{about} Pod {objects.name(pod)}"
            )
            yield Delete(pod)
            return
        if pod is None:
            revision = revision_for(statefulset, number, by_number, current, update)
            if not (yield from make(statefulset, number, revision, view)) or ordered:
                return
            continue
        yield from _own_claims(statefulset, pod, number, view)
        if ordered and (objects.is_being_deleted(pod) or not pods.is_available(pod, wait, view.now)):
            return
    surplus = sorted((n for n in by_number if n not in wanted), reverse=True)
    for number in surplus:
        pod = by_number[number]
        if objects.is_being_deleted(pod):
            if ordered:
                return
            continue
        yield from _own_claims(statefulset, pod, number, view, condemned=True)
        yield from _delete(statefulset, pod)
        if ordered:
            return
    if surplus and ordered:
        return
    yield from roll(statefulset, by_number, update, view.now)


def roll(
    statefulset: Object, by_number: dict[int, Object], update: Object, now: float
) -> Generator[Write | list[Write], Outcome, None]:
    """Delete the pods of old templates, from the last down to the partition; no more than may be missing."""
    strategy = statefulset["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return
    wait = statefulset["spec"].get("minReadySeconds") or 0
    first = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    for number in sorted((n for n in numbers(statefulset) if n >= first), reverse=True):
        pod = by_number.get(number)
        if pod is None:
            return
        stale = objects.labels(pod).get(history.HASH_LABEL) != objects.name(update)
        if stale and not objects.is_being_deleted(pod):
            yield from _delete(statefulset, pod)
            return
        if objects.is_being_deleted(pod) or not pods.is_available(pod, wait, now):
            return


def revision_for(
    statefulset: Object, number: int, by_number: dict[int, Object], current: Object, update: Object
) -> Object:
    """Below the partition a new pod gets the old template, from it on the new one."""
    strategy = statefulset["spec"].get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if strategy.get("type", "RollingUpdate") == "RollingUpdate":
        start = numbers(statefulset).start
        running = ((statefulset.get("status") or {}).get("currentReplicas") or 0) + start
        return current if number < partition or (not partition and number < running) else update
    return update


def make(
    statefulset: Object, number: int, revision: Object, view: View
) -> Generator[Write | list[Write], Outcome, bool]:
    name = f"{objects.name(statefulset)}-{number}"
    for claim in claims(statefulset, number):
        if view.get("persistentvolumeclaims", objects.name(claim), objects.namespace(claim)) is None:
            outcome = yield Create(claim)
            if refused(outcome) and outcome.reason != "AlreadyExists":
                yield _told(statefulset, "create", f"Claim {objects.name(claim)} for Pod {name}", outcome)
                return False
            if not refused(outcome):
                yield _told(statefulset, "create", f"Claim {objects.name(claim)} Pod {name}", None)
    outcome = yield Create(pod_of(statefulset, number, revision))
    yield _told(statefulset, "create", f"Pod {name}", outcome if refused(outcome) else None)
    return not refused(outcome)


def _delete(statefulset: Object, pod: Object) -> Generator[Write | list[Write], Outcome, None]:
    outcome = yield Delete(pod)
    yield _told(statefulset, "delete", f"Pod {objects.name(pod)}", outcome if refused(outcome) else None)


def _told(statefulset: Object, verb: str, what: str, refusal: Exception | None) -> Event:
    name = objects.name(statefulset)
    if refusal is None:
        message = f"{verb} {what} in StatefulSet {name} successful"
        return Event(statefulset, "Normal", f"Successful{verb.title()}", message)
    message = f"{verb} {what} in StatefulSet {name} failed error: {refusal}"
    return Event(statefulset, "Warning", f"Failed{verb.title()}", message)


def pod_of(statefulset: Object, number: int, revision: Object) -> Object:
    """The pod of this number: its name, its host name, its volumes."""
    name = f"{objects.name(statefulset)}-{number}"
    made = pods.from_template(statefulset, history.template_of(revision), name=name)
    del made["metadata"]["generateName"]
    own = {POD_NAME_LABEL: name, POD_INDEX_LABEL: str(number), history.HASH_LABEL: objects.name(revision)}
    made["metadata"]["labels"] = {**(made["metadata"].get("labels") or {}), **own}
    spec = made["spec"]
    spec["hostname"] = name
    if statefulset["spec"].get("serviceName"):
        spec["subdomain"] = statefulset["spec"]["serviceName"]
    mine = [
        {"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
        for template, claim in zip(_templates(statefulset), claims(statefulset, number), strict=True)
    ]
    taken = {volume["name"] for volume in mine}
    spec["volumes"] = mine + [volume for volume in spec.get("volumes") or () if volume["name"] not in taken]
    if not spec["volumes"]:
        del spec["volumes"]
    return made


def _templates(statefulset: Object) -> list[Object]:
    return statefulset["spec"].get("volumeClaimTemplates") or []


def claims(statefulset: Object, number: int) -> list[Object]:
    """The volume claims of this number."""
    made = []
    labels = (statefulset["spec"].get("selector") or {}).get("matchLabels") or {}
    for template in _templates(statefulset):
        given = template["metadata"]
        metadata: Object = {
            "name": f"{given['name']}-{objects.name(statefulset)}-{number}",
            "namespace": objects.namespace(statefulset),
            "labels": {**(given.get("labels") or {}), **labels},
        }
        if given.get("annotations"):
            metadata["annotations"] = given["annotations"]
        if _policy(statefulset, "whenDeleted") == "Delete":
            metadata["ownerReferences"] = [objects.owner_reference(statefulset, controller=True)]
        made.append(
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]}
        )
    return made


def _policy(statefulset: Object, when: str) -> str:
    return (statefulset["spec"].get("persistentVolumeClaimRetentionPolicy") or {}).get(when) or "Retain"


def _own_claims(
    statefulset: Object, pod: Object, number: int, view: View, condemned: bool = False
) -> Generator[Write | list[Write], Outcome, None]:
    """Let claims go with their set or their pod, as the retention policy says."""
    wanted = None
    if _policy(statefulset, "whenDeleted") == "Delete":
        wanted = objects.owner_reference(statefulset)
    if condemned and _policy(statefulset, "whenScaled") == "Delete":
        wanted = objects.owner_reference({"apiVersion": "v1", "kind": "Pod", **pod}, controller=True)
    ours = {objects.uid(statefulset), objects.uid(pod)}
    for claim in claims(statefulset, number):
        found = view.get("persistentvolumeclaims", objects.name(claim), objects.namespace(claim))
        if found is None:
            continue
        present = [reference for reference in objects.owners(found) if reference["uid"] in ours]
        if [one["uid"] for one in present] != ([wanted["uid"]] if wanted else []):
            kept = [reference for reference in objects.owners(found) if reference["uid"] not in ours]
            listed = [*kept, *([wanted] if wanted else [])]
            yield Patch(found, {"metadata": {"uid": objects.uid(found), "ownerReferences": listed or None}})


def observe(
    statefulset: Object, owned: list[Object], current: Object, update: Object, now: float
) -> tuple[Object, float | None]:
    wait = statefulset["spec"].get("minReadySeconds") or 0
    moments = [at for pod in owned if (at := pods.available_at(pod, wait)) is not None and pods.phase(pod) == "Running"]

    def of(revision: Object) -> int:
        name = objects.name(revision)
        return sum(objects.labels(p).get(history.HASH_LABEL) == name and not objects.is_being_deleted(p) for p in owned)

    status: Object = {
        "observedGeneration": statefulset["metadata"].get("generation", 0),
        "replicas": sum(not pods.is_finished(pod) for pod in owned),
        "readyReplicas": len(moments),
        "availableReplicas": sum(at <= now for at in moments),
        "currentReplicas": of(current),
        "updatedReplicas": of(update),
        "currentRevision": objects.name(current),
        "updateRevision": objects.name(update),
    }
    if old := (statefulset.get("status") or {}).get("conditions"):
        status["conditions"] = old
    rolling = (statefulset["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
    everyone = status["replicas"] == status["readyReplicas"] == status["updatedReplicas"]
    if rolling and everyone and status["updatedReplicas"] == len(numbers(statefulset)):
        status["currentRevision"] = status["updateRevision"]
        status["currentReplicas"] = status["updatedReplicas"]
    return status, min((at for at in moments if at > now), default=None)


CONTROLLER = Controller(
    name="statefulset-controller",
    resource="statefulsets.apps",
    reconcile=reconcile,
    watches={
        "pods": owner_or_selecting("statefulsets.apps", "StatefulSet"),
        "persistentvolumeclaims": owner("StatefulSet"),
        history.RESOURCE: owner("StatefulSet"),
    },
    indexes={"pods": FAMILY, history.RESOURCE: FAMILY},
)
