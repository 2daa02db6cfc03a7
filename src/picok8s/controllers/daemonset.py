"""DaemonSet: one pod on each node that fits, updated node by node.

Reads   the DaemonSet, its pods and revisions, all nodes.
Writes  pods (create on a node, delete), revisions, the status.
A pod is tied to its node by an affinity to the node's name; the scheduler does the rest.
"""

from collections.abc import Iterable
from typing import Any

from picok8s.api import objects, pods, selectors
from picok8s.controllers import history, rollout, taints
from picok8s.controllers.replicaset import owner_or_selecting
from picok8s.reconcile import ownership
from picok8s.reconcile.controller import FAMILY, Controller, View, key_of, owner
from picok8s.reconcile.writes import Again, Create, Delete, Event, Status, Writes, refused

Object = dict[str, Any]

BURST_MAX = 250
PREFIX = "node.kubernetes.io/"
TOLERATED = (
    (PREFIX + "not-ready", "NoExecute"),
    (PREFIX + "unreachable", "NoExecute"),
    (PREFIX + "disk-pressure", "NoSchedule"),
    (PREFIX + "memory-pressure", "NoSchedule"),
    (PREFIX + "pid-pressure", "NoSchedule"),
    (PREFIX + "unschedulable", "NoSchedule"),
)


def reconcile(daemonset: Object, view: View) -> Writes:
    chosen = selectors.requirements(daemonset["spec"].get("selector"))
    if not chosen:
        message = "This daemon set is selecting all pods. A non-empty selector is required."
        yield Event(daemonset, "Warning", "SelectingAll", message)
        return
    found = ownership.candidates(daemonset, "pods", view)
    owned = yield from ownership.claim(daemonset, lambda labels: selectors.matches(chosen, labels), found)
    if objects.is_being_deleted(daemonset):
        return
    current, older, collisions = yield from history.revise(daemonset, view)
    if current is None:
        if collisions != ((daemonset.get("status") or {}).get("collisionCount") or 0):
            yield Status(daemonset, {**(daemonset.get("status") or {}), "collisionCount": collisions})
        return
    by_node: dict[str, list[Object]] = {}
    for pod in owned:
        by_node.setdefault(node_of(pod), []).append(pod)
    nodes = {objects.name(node): verdict(daemonset, node) for node in view.list("nodes")}
    yield from place(daemonset, nodes, by_node, history.word(current))
    yield from update(daemonset, nodes, by_node, history.word(current), view.now)
    yield from history.forget(daemonset, older, {objects.labels(pod).get(history.HASH_LABEL, "") for pod in owned})
    status, again = observe(daemonset, nodes, by_node, history.word(current), view.now)
    if collisions:
        status["collisionCount"] = collisions
    yield Status(daemonset, status)
    if again is not None:
        yield Again(again - view.now)


def verdict(daemonset: Object, node: Object) -> tuple[bool, bool]:
    """Should a pod be made on this node; may one that is there stay?"""
    spec = daemonset["spec"]["template"]["spec"]
    if spec.get("nodeName") not in (None, "", objects.name(node)):
        return False, False
    if not set((spec.get("nodeSelector") or {}).items()) <= set(objects.labels(node).items()):
        return False, False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    if not selectors.selects_node(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"), node):
        return False, False
    tolerations = [*(spec.get("tolerations") or ()), *extra_tolerations(spec)]
    untolerated = [
        taint["effect"]
        for taint in node.get("spec", {}).get("taints") or ()
        if taint["effect"] != "PreferNoSchedule" and not any(taints.tolerates(one, taint) for one in tolerations)
    ]
    return not untolerated, "NoExecute" not in untolerated


def extra_tolerations(spec: Object) -> list[Object]:
    """What every pod of a DaemonSet bears, so that it runs before others can."""
    rows = list(TOLERATED)
    if spec.get("hostNetwork"):
        rows.append((PREFIX + "network-unavailable", "NoSchedule"))
    return [{"key": key, "operator": "Exists", "effect": effect} for key, effect in rows]


def place(
    daemonset: Object, nodes: dict[str, tuple[bool, bool]], by_node: dict[str, list[Object]], word: str
) -> Writes:
    """Make the pods that are missing; delete those that have failed, are too many, or may not stay."""
    surge = _bounds(daemonset, nodes)[0]
    wanted, lost = [], []
    for name, (should, may_stay) in nodes.items():
        here = by_node.get(name, [])
        for pod in here:
            if pods.is_finished(pod) and not objects.is_being_deleted(pod):
                kind = "failed" if pods.phase(pod) == "Failed" else "succeeded"
                reason = "FailedDaemonPod" if kind == "failed" else "SucceededDaemonPod"
                about = f"{objects.namespace(pod)}/{objects.name(pod)}"
                message = f"Found {kind} daemon pod {about} on node {name}, will try to delete it"
                yield Event(daemonset, "Warning" if kind == "failed" else "Normal", reason, message)
                lost.append(pod)
        active = sorted(
            (pod for pod in here if pods.is_active(pod)), key=lambda pod: pod["metadata"].get("creationTimestamp", "")
        )
        if should and not here:
            wanted.append(name)
        elif not may_stay:
            lost += active
        elif not surge:
            lost += active[1:]
    made = yield [Create(pod_for(daemonset, name, word)) for name in wanted[:BURST_MAX]]
    for outcome in made:
        if refused(outcome):
            yield Event(daemonset, "Warning", "FailedCreate", f"Error creating: {outcome}")
        elif outcome:
            yield Event(daemonset, "Normal", "SuccessfulCreate", f"Created pod: {objects.name(outcome)}")
    yield from _remove(daemonset, lost)


def _remove(daemonset: Object, lost: list[Object]) -> Writes:
    outcomes = yield [Delete(pod) for pod in lost[:BURST_MAX]]
    for pod, outcome in zip(lost, outcomes, strict=False):
        if not refused(outcome):
            yield Event(daemonset, "Normal", "SuccessfulDelete", f"Deleted pod: {objects.name(pod)}")


def update(
    daemonset: Object,
    nodes: dict[str, tuple[bool, bool]],
    by_node: dict[str, list[Object]],
    word: str,
    now: float,
) -> Writes:
    """Replace pods of old templates, as many at a time as may be missing (or doubled, with a surge)."""
    if (daemonset["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") != "RollingUpdate":
        return
    surge, unavailable = _bounds(daemonset, nodes)
    wait = daemonset["spec"].get("minReadySeconds") or 0
    missing, doubled = 0, 0
    unready: list[Object] = []
    ready: list[tuple[str, Object]] = []
    surplus: list[Object] = []
    for name, (should, _) in nodes.items():
        if not should:
            continue
        active = [pod for pod in by_node.get(name, []) if pods.is_active(pod)]
        old = [pod for pod in active if objects.labels(pod).get(history.HASH_LABEL) != word]
        new = [pod for pod in active if pod not in old]
        if surge and new:
            doubled += bool(old)
            if any(pods.is_available(pod, wait, now) for pod in new):
                surplus += old
            continue
        if not any(pods.is_available(pod, wait, now) for pod in active):
            missing += not old or bool(new)
            unready += old
        else:
            ready += [(name, pod) for pod in old]
    if surge:
        names = [name for name, _ in ready] + [node_of(pod) for pod in unready]
        yield [Create(pod_for(daemonset, name, word)) for name in names[: max(0, surge - doubled)]]
        yield from _remove(daemonset, surplus)
    else:
        room = max(0, unavailable - missing - len(unready))
        yield from _remove(daemonset, [*unready, *(pod for _, pod in ready[:room])])


def _bounds(daemonset: Object, nodes: dict[str, tuple[bool, bool]]) -> tuple[int, int]:
    """How many nodes may have a pod more, and how many may be without."""
    rules = (daemonset["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    count = sum(should for should, _ in nodes.values())
    surge = rollout.portion(rules.get("maxSurge", 0), count, up=True)
    unavailable = rollout.portion(rules.get("maxUnavailable", 1), count, up=True)
    return surge, unavailable if surge or unavailable else 1


def pod_for(daemonset: Object, node: str, word: str) -> Object:
    """The pod of this node: its template, tied to the node by name."""
    made = pods.from_template(daemonset, daemonset["spec"]["template"])
    made["metadata"]["labels"] = {**(made["metadata"].get("labels") or {}), history.HASH_LABEL: word}
    spec = made["spec"]
    affinity = dict(spec.get("affinity") or {})
    by_name = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    rules = dict(affinity.get("nodeAffinity") or {})
    terms = (rules.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms")
    terms = [{**term, "matchFields": by_name} for term in terms] if terms else [{"matchFields": by_name}]
    rules["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
    spec["affinity"] = {**affinity, "nodeAffinity": rules}
    extra = [one for one in extra_tolerations(spec) if one not in (spec.get("tolerations") or ())]
    spec["tolerations"] = [*(spec.get("tolerations") or ()), *extra]
    return made


def node_of(pod: Object) -> str:
    """The node that the pod is on, or is tied to."""
    if bound := pods.node(pod):
        return bound
    rules = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in rules.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and field.get("values"):
                return str(field["values"][0])
    return ""


def observe(
    daemonset: Object,
    nodes: dict[str, tuple[bool, bool]],
    by_node: dict[str, list[Object]],
    word: str,
    now: float,
) -> tuple[Object, float | None]:
    wait = daemonset["spec"].get("minReadySeconds") or 0
    counts = dict.fromkeys(("desired", "current", "wrong", "ready", "available", "updated"), 0)
    moments = []
    for name, (should, _) in nodes.items():
        active = sorted((p for p in by_node.get(name, []) if pods.is_active(p)), key=lambda p: not pods.is_ready(p))
        if not should:
            counts["wrong"] += bool(active)
            continue
        counts["desired"] += 1
        if not active:
            continue
        counts["current"] += 1
        counts["updated"] += any(objects.labels(pod).get(history.HASH_LABEL) == word for pod in active)
        at = pods.available_at(active[0], wait)
        if at is not None:
            counts["ready"] += 1
            counts["available"] += at <= now
            moments += [at] if at > now else []
    return {
        "currentNumberScheduled": counts["current"],
        "numberMisscheduled": counts["wrong"],
        "desiredNumberScheduled": counts["desired"],
        "numberReady": counts["ready"],
        "observedGeneration": daemonset["metadata"].get("generation", 0),
        "updatedNumberScheduled": counts["updated"],
        "numberAvailable": counts["available"],
        "numberUnavailable": counts["desired"] - counts["available"],
        **({"conditions": old} if (old := (daemonset.get("status") or {}).get("conditions")) else {}),
    }, min(moments, default=None)


def of_node(node: Object, view: View) -> Iterable[tuple[str, str]]:
    """Every set for which this node counts, or did."""
    name = objects.name(node)
    for daemonset in view.list("daemonsets.apps"):
        should, _ = verdict(daemonset, node)
        here = any(
            (objects.controller(pod) or {}).get("uid") == objects.uid(daemonset)
            for pod in view.by("pods", "node", name)
        )
        if should != here or view.get("nodes", name) is None:
            yield key_of(daemonset)


CONTROLLER = Controller(
    name="daemonset-controller",
    resource="daemonsets.apps",
    reconcile=reconcile,
    watches={
        "pods": owner_or_selecting("daemonsets.apps", "DaemonSet"),
        "nodes": of_node,
        history.RESOURCE: owner("DaemonSet"),
    },
    indexes={
        "pods": {**FAMILY, "node": lambda pod: (pods.node(pod),) if pods.node(pod) else ()},
        history.RESOURCE: FAMILY,
    },
)
