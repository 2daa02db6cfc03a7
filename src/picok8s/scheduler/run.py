"""Runs the scheduler: keeps the snapshot as the View shows it, decides about one pod after the other, binds meanwhile.

    group.create_task(run(calls))

A decision counts at once (the pod is assumed there); the binding is written meanwhile, so that the next decision does
not wait for it. Nothing polls: the loop sleeps until a pod comes, something changed, or a backoff is over.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from picok8s.api import moment, objects, pods, selectors
from picok8s.api.errors import ApiError
from picok8s.client.calls import Calls
from picok8s.client.view import View, follow
from picok8s.reconcile.leader import Candidate
from picok8s.reconcile.run import Sight, Teller, lead
from picok8s.reconcile.writes import Event
from picok8s.scheduler import filters, podinfo, preempt, volumes
from picok8s.scheduler.decide import Decision, Extra, Memory, decide
from picok8s.scheduler.podinfo import PodInfo
from picok8s.scheduler.queue import Entry, Queue
from picok8s.scheduler.snapshot import NodeInfo, Snapshot

Object = dict[str, Any]
Clock = Callable[[], float]

log = logging.getLogger(__name__)

NAME = "default-scheduler"
LEASE = "picok8s-scheduler"
BINDINGS_MAX = 64  # Under way at once.
DECISIONS_BEFORE_A_BREAK = 20  # Then the loop lets others run, whatever waits.

FOLLOWS = (
    "nodes",
    "pods",
    "namespaces",
    "services",
    "replicasets.apps",
    "replicationcontrollers",
    "statefulsets.apps",
    "poddisruptionbudgets.policy",
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses.storage.k8s.io",
)
OWNERS = {
    "ReplicaSet": "replicasets.apps",
    "ReplicationController": "replicationcontrollers",
    "StatefulSet": "statefulsets.apps",
}


async def run(calls: Calls, identity: str = "", clock: Clock = time.time, name: str = NAME) -> None:
    """Schedule pods whose schedulerName is `name` until cancelled. With `identity` only while it holds the lease."""

    async def work() -> None:
        view = View()
        async with asyncio.TaskGroup() as group:
            for resource in FOLLOWS:
                group.create_task(follow(calls, view, resource))
            await view.until_synced(*FOLLOWS)
            scheduler = Scheduler(calls, view, clock, name)
            group.create_task(scheduler.teller.run())
            await scheduler.work(group)

    if identity:
        await lead(calls, Candidate(identity, LEASE), work, clock)
    else:
        await work()


class Scheduler:
    """The snapshot, the queue, and the one loop that decides."""

    def __init__(self, calls: Calls, view: View, clock: Clock, name: str) -> None:
        self.calls = calls
        self.view = view
        self.clock = clock
        self.name = name
        self.teller = Teller(calls, clock, name)
        self.snapshot = Snapshot()
        self.memory = Memory()
        self.queue = Queue()
        self.nominated: dict[str, tuple[PodInfo, str]] = {}  # uid -> the pod, and the node made free for it
        self.wake = asyncio.Event()
        self.room = asyncio.Semaphore(BINDINGS_MAX)
        self.stopped = False

    async def work(self, group: asyncio.TaskGroup) -> None:
        self._begin()
        try:
            streak = 0
            while True:
                self.wake.clear()
                entry = self.queue.take(self.clock())
                if entry is None:
                    at = self.queue.next_moment()
                    try:
                        async with asyncio.timeout(None if at is None else max(0.0, at - self.clock())):
                            await self.wake.wait()
                    except TimeoutError:
                        pass
                    continue
                try:
                    await self._one(entry, group)
                except Exception as error:
                    log.exception("event=%r pod=%s", "scheduling failed", objects.name(entry.pod))
                    self.queue.failed(entry, self.clock(), frozenset({str(error)}), self.queue.moves, soon=True)
                streak += 1
                if streak % DECISIONS_BEFORE_A_BREAK == 0:
                    await asyncio.sleep(0)
        finally:
            self.stopped = True

    # What is seen.

    def _begin(self) -> None:
        hear = {
            "nodes": self._node,
            "pods": self._pod,
            "namespaces": self._namespace,
            "persistentvolumeclaims": self._volume,
            "persistentvolumes": self._volume,
            "storageclasses.storage.k8s.io": self._volume,
        }
        for resource in ("nodes", "namespaces", "pods"):
            for obj in self.view.list(resource):
                hear[resource]("ADDED", obj, None)
        for resource, listener in hear.items():
            self.view.subscribe(resource, self._heard(listener))

    def _heard(self, listener: Callable[[str, Object, Object | None], None]) -> Callable[..., None]:
        def heard(kind: str, new: Object, old: Object | None) -> None:
            if not self.stopped:
                listener(kind, new, old)
                self.wake.set()

        return heard

    def _node(self, kind: str, new: Object, old: Object | None) -> None:
        if kind == "DELETED":
            self.snapshot.drop_node(objects.name(new))
        elif old is None or _schedules(new) != _schedules(old):
            self.snapshot.set_node(new)
            self.queue.move(self.clock())

    def _namespace(self, kind: str, new: Object, old: Object | None) -> None:
        if kind != "DELETED":
            self.snapshot.set_namespace(new)

    def _volume(self, kind: str, new: Object, old: Object | None) -> None:
        self.queue.move(self.clock(), lambda entry: bool(entry.pod["spec"].get("volumes")))

    def _pod(self, kind: str, new: Object, old: Object | None) -> None:
        uid = objects.uid(new)
        gone = kind == "DELETED" or pods.is_finished(new)
        if gone or pods.node(new):
            self.queue.drop(uid)
            self.nominated.pop(uid, None)
            if kind == "DELETED":
                self.snapshot.drop_pod(new)
            else:
                self.snapshot.set_pod(new)
            if gone and pods.node(new):
                self.queue.move(self.clock())
            elif old is None or not pods.node(old) or objects.labels(old) != objects.labels(new):
                self.queue.move(self.clock(), _seeks_pods)
            return
        if (new["spec"].get("schedulerName") or NAME) != self.name:
            return
        if objects.is_being_deleted(new) or new["spec"].get("schedulingGates"):
            self.queue.drop(uid)
        elif old is None or old["spec"] != new["spec"] or objects.labels(old) != objects.labels(new):
            self.queue.add(new, self.clock())
        else:
            self.queue.update(new)

    # Decisions.

    async def _one(self, entry: Entry, group: asyncio.TaskGroup) -> None:
        moves = self.queue.moves
        pod = podinfo.read(entry.pod)
        claims = volumes.look(pod, Sight(self.view, self.clock())) if pod.claims else volumes.Volumes()
        if claims.against:
            message = f"0/{len(self.snapshot.ready)} nodes are available: {claims.against}."
            return await self._refuse(entry, message, {claims.against}, moves)
        extra = [*claims.objections, *self._kept_free(pod)]
        decision = decide(pod, self.snapshot, self.memory, extra, self._peers(pod))
        if not decision.node:
            return await self._no_node(entry, pod, decision, claims.objections, moves)
        node = decision.node
        self.nominated.pop(pod.uid, None)
        if claims.provision or claims.match:
            await self._choose_volumes(claims, node)
            return await self._refuse(entry, "", {"volumes"}, moves)
        self.snapshot.assume(pod, node)
        await self.room.acquire()
        group.create_task(self._bind(entry, pod, node))

    def _kept_free(self, pod: PodInfo) -> list[Extra]:
        """What was made free for pods of no lower priority is not for this one."""
        kept: dict[str, list[PodInfo]] = {}
        for other, node in self.nominated.values():
            if other.uid != pod.uid and other.priority >= pod.priority and other.uid not in self.snapshot.where:
                kept.setdefault(node, []).append(other)
        if not kept:
            return []

        def objection(node: NodeInfo) -> tuple[str, ...] | None:
            if node.name not in kept:
                return None
            full = node.without([])
            for other in kept[node.name]:
                full.add(other)
            return filters.first_objection(pod, full)

        return [objection]

    def _peers(self, pod: PodInfo) -> selectors.Requirements | None:
        """The selector of the services and the set that the pod belongs to; such pods spread by default."""
        if pod.spreads:
            return None
        found: list[selectors.Requirement] = []
        for service in self.view.list("services", pod.namespace):
            chosen = service["spec"].get("selector")
            if chosen and all(pod.labels.get(key) == value for key, value in chosen.items()):
                found += selectors.from_map(chosen)
        above = objects.controller(pod.pod)
        if above is not None and above["kind"] in OWNERS:
            owner = self.view.get(OWNERS[above["kind"]], above["name"], pod.namespace)
            if owner is not None and above["kind"] == "ReplicationController":
                found += selectors.from_map(owner["spec"].get("selector"))
            elif owner is not None:
                found += selectors.requirements(owner["spec"].get("selector")) or ()
        return tuple(dict.fromkeys(found)) or None

    async def _no_node(self, entry: Entry, pod: PodInfo, decision: Decision, extra: list[Extra], moves: int) -> None:
        reasons = {reason for all_reasons in decision.objections.values() for reason in all_reasons}
        if not decision.count:
            return await self._refuse(entry, decision.message(), reasons, moves)
        budgets = self.view.list("poddisruptionbudgets.policy")
        found = preempt.preempt(pod, decision, self.snapshot, budgets, extra)
        if found.node:
            self.nominated[pod.uid] = (pod, found.node)
            await self._push_out(pod, found)
        await self._refuse(entry, decision.message(found.message), reasons, moves, found.node)

    async def _push_out(self, pod: PodInfo, found: preempt.Preemption) -> None:
        stamp = moment.time(self.clock())
        for victim in found.victims:
            condition = {
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "PreemptionByScheduler",
                "message": f"{self.name}: preempting to accommodate a higher priority pod",
                "lastTransitionTime": stamp,
            }
            patch = {"metadata": {"uid": victim.uid}, "status": {"conditions": [condition]}}
            try:
                await self.calls.patch("pods", victim.name, patch, victim.namespace, "status", "strategic")
                options = {"preconditions": {"uid": victim.uid}}
                await self.calls.delete("pods", victim.name, victim.namespace, options)
            except ApiError as error:
                log.info("event=%r pod=%s/%s error=%s", "preemption refused", victim.namespace, victim.name, error)
                continue
            message = f"Preempted by pod {pod.uid} on node {found.node}"
            self.teller.tell(Event(victim.pod, "Normal", "Preempted", message, "Preempting"))

    async def _refuse(self, entry: Entry, message: str, reasons: set[str], moves: int, nominated: str = "") -> None:
        """No node this time: say so on the pod, and let it wait for a change."""
        pod = entry.pod
        self.queue.failed(entry, self.clock(), frozenset(reasons), moves)
        if not message:
            return
        self.teller.tell(Event(pod, "Warning", "FailedScheduling", message, "Scheduling"))
        before = pods.condition(pod, "PodScheduled")
        told = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        named = (pod.get("status") or {}).get("nominatedNodeName") or ""
        same = before is not None and all(before.get(word) == value for word, value in told.items())
        if same and (not nominated or named == nominated):
            return
        moved = before is None or before["status"] != "False" or not before.get("lastTransitionTime")
        told["lastTransitionTime"] = moment.time(self.clock()) if moved or not before else before["lastTransitionTime"]
        told["observedGeneration"] = pod["metadata"].get("generation", 0)
        status: Object = {"conditions": [told], **({"nominatedNodeName": nominated} if nominated else {})}
        try:
            patch = {"metadata": {"uid": objects.uid(pod)}, "status": status}
            await self.calls.patch("pods", objects.name(pod), patch, objects.namespace(pod), "status", "strategic")
        except ApiError as error:
            log.debug("event=%r pod=%s error=%s", "condition refused", objects.name(pod), error)

    async def _choose_volumes(self, claims: volumes.Volumes, node: str) -> None:
        """Tell provisioners the node, or keep a volume for the claim; the pod comes again when they are bound."""
        for claim in claims.provision:
            patch = {"metadata": {"annotations": {volumes.SELECTED_NODE: node}}}
            await self.calls.patch("persistentvolumeclaims", objects.name(claim), patch, objects.namespace(claim))
        info = self.snapshot.nodes[node]
        for claim in claims.match:
            free = [v for v in self.view.list("persistentvolumes") if volumes.fits(v, claim)]
            free = [v for v in free if volumes.reaches(v, info.node or {})]
            if not free:
                continue
            best = min(free, key=lambda v: podinfo.amount("storage", v["spec"]["capacity"]["storage"]))
            reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "uid": objects.uid(claim)}
            reference |= {"name": objects.name(claim), "namespace": objects.namespace(claim)}
            taken: Object = {"metadata": {"resourceVersion": objects.revision(best)}, "spec": {"claimRef": reference}}
            await self.calls.patch("persistentvolumes", objects.name(best), taken)

    async def _bind(self, entry: Entry, pod: PodInfo, node: str) -> None:
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod.name, "namespace": pod.namespace, "uid": pod.uid},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        try:
            await self.calls.create("pods", binding, subresource="binding")
        except Exception as error:
            if not isinstance(error, ApiError):
                log.exception("event=%r pod=%s/%s", "binding failed", pod.namespace, pod.name)
            self.snapshot.forget(pod.uid)
            self.queue.failed(entry, self.clock(), frozenset({str(error)}), self.queue.moves, soon=True)
            message = f"binding rejected: {error}"
            self.teller.tell(Event(pod.pod, "Warning", "FailedScheduling", message, "Scheduling"))
            self.wake.set()
            return
        finally:
            self.room.release()
        self.queue.done(pod.uid)
        message = f"Successfully assigned {pod.namespace}/{pod.name} to {node}"
        self.teller.tell(Event(pod.pod, "Normal", "Scheduled", message, "Binding"))


def _schedules(node: Object) -> tuple[Any, ...]:
    """The parts of a node that decisions look at: heartbeats change none of them."""
    status = node.get("status") or {}
    return node.get("spec"), objects.labels(node), status.get("allocatable"), status.get("images")


def _seeks_pods(entry: Entry) -> bool:
    """May another pod on a node help this one?"""
    affinity = entry.pod["spec"].get("affinity") or {}
    return bool(affinity.get("podAffinity") or entry.pod["spec"].get("topologySpreadConstraints"))
