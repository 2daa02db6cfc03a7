"""A whole control plane in this process, with nodes that run nothing: their agent only says what a real one would say.

async def story(world): ...
world.play(story)
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from picok8s.api import moment, objects, pods
from picok8s.api.errors import ApiError
from picok8s.apiserver.inprocess import InProcess
from picok8s.client.view import View, follow
from picok8s.controllers.run import run as control
from picok8s.scheduler.run import run as schedule
from picok8s.testing.serve import serving

Object = dict[str, Any]

PATIENCE_SECONDS = 20
FOLLOWED = (
    "pods", "nodes", "namespaces", "services", "configmaps", "deployments.apps", "replicasets.apps", "daemonsets.apps",
    "statefulsets.apps", "jobs.batch", "cronjobs.batch", "endpointslices.discovery.k8s.io", "events",
    "persistentvolumes", "persistentvolumeclaims", "poddisruptionbudgets.policy", "serviceaccounts",
)  # fmt: skip


class World:
    """What a story may use: `calls` to act, `until` to wait."""

    def __init__(self, calls: InProcess, view: View) -> None:
        self.calls = calls
        self.view = view
        self.changed = asyncio.Event()
        self.address = 1
        self.exits: dict[str, int] = {}  # The value of the label `app` -> the code that such pods end with.
        for resource in FOLLOWED:
            view.subscribe(resource, lambda kind, new, old: self.changed.set())

    async def until(self, holds: Callable[[], Any], what: str = "") -> Any:
        """Wait until it holds; returns what it gave."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := holds()):
                self.changed.clear()
                await self.changed.wait()
        return found

    def pods(self, **labels: str) -> list[Object]:
        found = self.view.list("pods", "default")
        return [pod for pod in found if labels.items() <= objects.labels(pod).items()]

    def ready(self, **labels: str) -> list[Object]:
        return [p for p in self.pods(**labels) if pods.is_ready(p) and not objects.is_being_deleted(p)]

    async def node(self, name: str, cpu: str = "4", zone: str = "z1") -> Object:
        labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}
        amounts = {"cpu": cpu, "memory": "8Gi", "pods": "110"}
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "lastHeartbeatTime": moment.time(time.time()),
        }
        status = {"capacity": amounts, "allocatable": amounts, "conditions": [ready]}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}
        await self.calls.create("nodes", node)
        return await self.until(lambda: not _tainted(self.view.get("nodes", name)) and self.view.get("nodes", name))

    async def make(
        self, resource: str, kind: str, name: str, spec: Object, version: str = "v1", **metadata: Any
    ) -> Object:
        about = {"name": name, "namespace": "default", **metadata}
        obj = {"apiVersion": version, "kind": kind, "metadata": about, "spec": spec}
        return await self.calls.create(resource, obj)

    async def agent(self) -> None:
        """What the agents of nodes say of pods: running at once, ended where `exits` says so, gone when deleted."""
        told: set[tuple[str, str]] = set()
        while True:
            self.changed.clear()
            for pod in self.view.list("pods"):
                if not pods.node(pod):
                    continue
                word = "gone" if objects.is_being_deleted(pod) else "run"
                if (objects.uid(pod), word) not in told:
                    told.add((objects.uid(pod), word))
                    try:
                        await (self._end(pod) if word == "gone" else self._start(pod))
                    except ApiError:
                        pass  # It went meanwhile.
            await self.changed.wait()

    async def _end(self, pod: Object) -> None:
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": objects.uid(pod)}}
        await self.calls.delete("pods", objects.name(pod), objects.namespace(pod), options)

    async def _start(self, pod: Object) -> None:
        self.address += 1
        now = moment.time(time.time())
        code = self.exits.get(objects.labels(pod).get("app", ""))
        phase = "Running" if code is None else "Failed" if code else "Succeeded"
        ready = {"type": "Ready", "status": str(code is None), "lastTransitionTime": now}
        state = (
            {"running": {"startedAt": now}} if code is None else {"terminated": {"exitCode": code, "finishedAt": now}}
        )
        container = {
            "name": "c",
            "image": "i",
            "imageID": "i",
            "ready": code is None,
            "restartCount": 0,
            "state": state,
        }
        address = f"10.1.0.{self.address}"
        status = {"phase": phase, "conditions": [ready], "containerStatuses": [container], "startTime": now}
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
        await self.calls.patch(
            "pods", objects.name(pod), {"status": status}, objects.namespace(pod), "status", "strategic"
        )


def _tainted(node: Object | None) -> bool:
    return node is None or bool(node.get("spec", {}).get("taints"))


def template(app: str = "web", **spec: Any) -> Object:
    containers = [{"name": "c", "image": "example.test/c:1", "ports": [{"name": "http", "containerPort": 8080}]}]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": containers, **spec}}


def play(story: Callable[[World], Awaitable[None]]) -> None:
    """Run a story in a world of its own."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with serving(Path(folder)) as place:
                calls = InProcess(place.server, "story")
                world = World(calls, View())
                tasks = [asyncio.ensure_future(follow(calls, world.view, resource)) for resource in FOLLOWED]
                tasks.append(asyncio.ensure_future(control(InProcess(place.server, "kube-controller-manager"), "CA")))
                tasks.append(asyncio.ensure_future(schedule(InProcess(place.server, "kube-scheduler"))))
                tasks.append(asyncio.ensure_future(world.agent()))
                try:
                    await world.view.until_synced(*FOLLOWED)
                    await story(world)
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.wait(tasks, timeout=5)

    asyncio.run(run())
