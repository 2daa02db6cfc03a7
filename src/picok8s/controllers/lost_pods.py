"""Pods that no one else clears away: on nodes that are gone, finished beyond a number, deleted and never placed.

Reads   pods and nodes; that a node is gone is asked for live.  Writes  phase Failed and forced deletions.
"""

from typing import Any

from picok8s.api import moment, objects, pods
from picok8s.reconcile.controller import Controller, Key, View, by_node
from picok8s.reconcile.writes import Again, Ask, Delete, Patch, Writes, refused

Object = dict[str, Any]

QUARANTINE_SECONDS = 40.0  # A pod may be seen before its node is.
FINISHED_MAX = 12_500
AT_ONCE = {"gracePeriodSeconds": 0}
FINISHED_KEY = ("", "")


def keys(pod: Object, view: View) -> list[Key]:
    """The pod's node, where it is not there; the heap of finished pods for one that has ended."""
    node = pods.node(pod)
    found: list[Key] = [("", node)] if node and view.get("nodes", node) is None else []
    if pods.is_finished(pod):
        found.append(FINISHED_KEY)
    if objects.is_being_deleted(pod) and not node:
        found.append((objects.namespace(pod), objects.name(pod)))
    return found


def look(key: Key, view: View) -> Writes:
    if key == FINISHED_KEY:
        yield from _finished(view)
    elif key[0]:
        pod = view.get("pods", key[1], key[0])
        if pod is not None and objects.is_being_deleted(pod) and not pods.node(pod):
            yield Delete(pod, AT_ONCE)
    elif view.get("nodes", key[1]) is None:
        yield from _orphaned(key[1], view)


def _orphaned(node: str, view: View) -> Writes:
    orphans = view.by("pods", "node", node)
    if not orphans or (yield Ask("nodes", node)) is not None:
        return
    for pod in orphans:
        created = pod["metadata"].get("creationTimestamp")
        ripe = moment.seconds(created) + QUARANTINE_SECONDS if created else 0.0
        if ripe > view.now:
            yield Again(ripe - view.now)
            continue
        if not pods.is_finished(pod):
            condition = {
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "DeletionByPodGC",
                "message": "PodGC: node no longer exists",
                "lastTransitionTime": moment.time(view.now),
            }
            status = {"phase": "Failed", "conditions": [condition]}
            patch = {"metadata": {"uid": objects.uid(pod)}, "status": status}
            if refused((yield Patch(pod, patch, "strategic", "status"))):
                continue
        yield Delete(pod, AT_ONCE)


def _finished(view: View) -> Writes:
    found = view.by("pods", "finished", "")
    surplus = len(found) - FINISHED_MAX
    if surplus > 0:
        oldest = sorted(found, key=lambda pod: pod["metadata"].get("creationTimestamp", ""))
        yield [Delete(pod, AT_ONCE) for pod in oldest[:surplus]]


CONTROLLER = Controller(
    name="pod-garbage-collector",
    resource="",
    absent=look,
    watches={"pods": keys, "nodes": lambda node, view: (("", objects.name(node)),)},
    indexes={"pods": {"node": by_node, "finished": lambda pod: ("",) if pods.is_finished(pod) else ()}},
)
