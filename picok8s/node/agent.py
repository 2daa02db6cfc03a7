"""The node's pods and its own object: a worker for each pod of the node, what is left of pods that are no more, and
the Node, its status and its lease at the API.
"""

import logging
import os
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.client.calls import Calls
from picok8s.client.view import View
from picok8s.node import admit, cgroups, configs, logs, machine, pods, registration
from picok8s.node.config import NodeConfig
from picok8s.node.cri import RuntimeFailure
from picok8s.node.state import RUNNING
from picok8s.node.tools import Tools
from picok8s.node.worker import Worker
from picok8s.node.world import World

Object = dict[str, Any]

LEASE_SECONDS = registration.LEASE_SECONDS / 4
STATUS_SECONDS = 300.0
TIDY_SECONDS = 30.0
IMAGES_EVERY = 4  # Every so many rounds of tidying also the images and the pressures are looked at.
NETWORK_LOOKS_SECONDS = (0.0, 0.02, 0.05, 0.1, 0.3, 1.0)

log = logging.getLogger("picok8s.node")


class Agent:
    def __init__(self, config: NodeConfig, calls: Calls, world: World, view: View) -> None:
        self.workers: dict[str, Worker] = {}
        self.tools: Tools  # Given by run.py as soon as it is made; it needs this agent's callbacks.
        self.node_uid = ""
        self._config = config
        self._calls = calls
        self._world = world
        self._view = view
        self._status: Object = {}
        self._ready = world.event()
        self._images: list[Object] = []
        self._capacity = machine.capacity(config.root)
        self._allocatable = machine.allocatable(config.root)
        self._look = world.event()  # Something may have changed that the node's status shows.

    # What workers and watches call.

    def changed(self, uid: str) -> None:
        """The runtime shows something new of a pod."""
        worker = self.workers.get(uid)
        if worker is not None:
            worker.poke()

    def objects_changed(self, uid: str) -> None:
        worker = self.workers.get(uid)
        if worker is not None:
            worker.objects_changed()

    def forget(self, uid: str) -> None:
        worker = self.workers.get(uid)
        if worker is not None and worker.gone:
            del self.workers[uid]

    def allocatable(self) -> dict[str, str]:
        return self._allocatable

    def admit(self, pod: Object) -> tuple[str, str] | None:
        others = [w.pod for w in self.workers.values() if w.uid != pod["metadata"]["uid"] and not w.memory.rejected]
        return admit.refusal(pod, others, self._allocatable, self._config.allowed_sysctls)

    def room(self, pod: Object) -> tuple[str, str] | None:
        """Whether a resized pod fits: never (Infeasible), or not beside the others (Deferred)."""
        if never := admit.refusal(pod, [], self._allocatable, self._config.allowed_sysctls):
            return "Infeasible", never[1].removeprefix("Pod was rejected: ")
        later = self.admit(pod)
        return ("Deferred", later[1].removeprefix("Pod was rejected: ")) if later else None

    # Pods.

    def pod_event(self, kind: str, pod: Object, old: Object | None) -> None:
        uid = pod["metadata"]["uid"]
        if old is not None and old["metadata"]["uid"] != uid:
            self.pod_event("DELETED", old, None)  # Deleted and made anew between two looks.
        worker = self.workers.get(uid)
        if kind == "DELETED":
            if worker is not None:
                if worker.finished:
                    del self.workers[uid]
                else:
                    worker.vanish(pod)
        elif worker is not None:
            worker.update(pod)
        else:
            self._take(pod)

    def _take(self, pod: Object) -> None:
        worker = Worker(pod, self.tools)
        self.workers[worker.uid] = worker
        self._world.spawn(worker.run(), f"pod {pods.key(pod)}")

    async def clean_up(self) -> None:
        """Ends what belongs to pods that the API does not have: they were deleted while the node was away."""
        known = {pod["metadata"]["uid"] for pod in self._view.list("pods")}
        for uid in self.tools.runtime.uids() - known:
            namespace, name = self.tools.runtime.names.get(uid, ("", ""))
            if not namespace:
                continue
            meta = {"uid": uid, "name": name, "namespace": namespace, "deletionTimestamp": ""}
            worker = Worker({"metadata": meta, "spec": {}, "status": {"qosClass": "BestEffort"}}, self.tools)
            worker.gone = True
            worker.interrupt()
            self.workers[uid] = worker
            self._world.spawn(worker.run(), f"pod {namespace}/{name}")
        for uid in self.tools.volumes.uids() - known - self.tools.runtime.uids():
            await self._world.thread(self.tools.volumes.remove, uid)
        self._clean_cgroups(known | self.tools.runtime.uids())

    def _clean_cgroups(self, known: set[str]) -> None:
        root = self.tools.place.cgroup_root
        top = cgroups.MOUNT if cgroups.is_v2() else f"{cgroups.MOUNT}/memory"
        for tier in cgroups.TIERS.values():
            folder = f"{top}{root}{tier}"
            for entry in os.listdir(folder) if os.path.isdir(folder) else []:
                if entry.startswith("pod") and entry[3:] not in known:
                    cgroups.remove(f"{root}{tier}/{entry}")

    # The Node.

    async def register(self) -> None:
        """Makes the Node, or takes over the one that is there; tries until the API server answers."""
        pause = 0.05
        while True:
            try:
                await self._register()
                return
            except (ApiError, RuntimeFailure) as error:
                log.warning('event="not registered yet" node=%s error=%r', self._config.name, str(error))
                await self._world.sleep(pause)
                pause = min(pause * 2, 2.0)

    async def _register(self) -> None:
        config = self._config
        own_labels = {**registration.labels(config.name, machine.architecture()), **config.labels}
        try:
            found = await self._calls.get("nodes", config.name)
        except ApiError as error:
            if error.code != 404:
                raise
            status = await self._observe([])
            made = registration.node(config.name, own_labels, config.taints, status)
            found = await self._calls.create("nodes", made)
        if any((found["metadata"].get("labels") or {}).get(k) != v for k, v in own_labels.items()):
            found = await self._calls.patch(
                "nodes", config.name, {"metadata": {"labels": own_labels}}, kind="strategic"
            )
        self.node_uid = found["metadata"]["uid"]
        self._status = found.get("status") or {}
        await self.report()

    async def _observe(self, old: list[Object]) -> Object:
        config, tools = self._config, self.tools
        troubles = await self._troubles()
        now = self._world.now()
        return {
            "capacity": self._capacity,
            "allocatable": self._allocatable,
            "addresses": registration.addresses(config.name, config.addresses),
            "conditions": registration.conditions(machine.pressures(config.root), troubles, old, now),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": config.port}},
            "nodeInfo": machine.info(tools.runtime.name, tools.runtime.version, config.kubernetes_version),
            "images": self._images,
        }

    async def _troubles(self) -> list[str]:
        """Why the node is not ready: the runtime or its network is not."""
        try:
            answer = await self.tools.runtime.cri.call("Status", 5.0)
        except RuntimeFailure as failure:
            return [f"container runtime is down: {failure.message}"] if self.tools.runtime.is_down() else []
        found = []
        for row in answer.status.conditions:
            if not row.status and row.type == "RuntimeReady":
                found.append(
                    f"container runtime not ready: {row.type}={str(row.status).lower()} "
                    f"reason:{row.reason} message:{row.message}"
                )
            elif not row.status and row.type == "NetworkReady":
                found.append(
                    f"container runtime network not ready: {row.type}={str(row.status).lower()} "
                    f"reason:{row.reason} message:{row.message}"
                )
        return found

    async def report(self, force: bool = False) -> bool:
        """Writes the status when it changed; answers whether the node is ready."""
        status = await self._observe(self._status.get("conditions") or [])
        shown = {
            **self._status,
            "conditions": [
                r
                for r in self._status.get("conditions") or []
                if r["type"] in {c["type"] for c in status["conditions"]}
            ],
        }
        wanted = {key: shown.get(key) for key in status}
        if force or not registration.is_same(wanted, status):
            sent = {**status, "addresses": [*status["addresses"], {"$patch": "replace"}]}
            answer = await self._calls.patch("nodes", self._config.name, {"status": sent}, "", "status", "strategic")
            self._status = answer.get("status") or status
        return status["conditions"][-1]["status"] == "True"

    def look(self) -> None:
        """The network's configuration changed, or anything else that the status shows."""
        self._look.set()

    async def keep_status(self) -> None:
        """Reports at once when something changes, and every five minutes anyway."""
        forced_at = self._world.now() + STATUS_SECONDS
        while True:
            self._look.clear()
            try:
                ready = await self._report_until_settled(self._world.now() >= forced_at)
                if self._world.now() >= forced_at:
                    forced_at = self._world.now() + STATUS_SECONDS
                wait = forced_at - self._world.now() if ready else 10.0
            except ApiError as error:
                if error.code == 404:
                    await self.register()  # Somebody deleted the Node; this machine is still here.
                wait = 1.0
            try:
                await self._world.within(max(0.05, wait), self._look.wait())
            except TimeoutError:
                pass

    async def _report_until_settled(self, force: bool) -> bool:
        """The runtime reads the network's configuration a moment after it was written: look a few times."""
        ready = False
        for pause in NETWORK_LOOKS_SECONDS:
            await self._world.sleep(pause)
            ready = await self.report(force)
            if ready:
                break
        return ready

    async def keep_lease(self) -> None:
        name = self._config.name
        while True:
            now = self._world.now()
            try:
                await self._calls.patch(
                    "leases.coordination.k8s.io",
                    name,
                    {"spec": registration.lease(name, "", now)["spec"]},
                    registration.LEASES,
                )
            except ApiError as error:
                if error.code == 404:
                    try:
                        await self._calls.create(
                            "leases.coordination.k8s.io", registration.lease(name, self.node_uid, now)
                        )
                    except ApiError as refusal:
                        log.warning('event="lease not made" node=%s error=%r', name, refusal.message)
                        await self._world.sleep(1.0)
                        continue
                else:
                    await self._world.sleep(1.0)
                    continue
            await self._world.sleep(LEASE_SECONDS)

    # Tidying.

    async def tidy(self) -> None:
        """Rotates logs; now and then looks at the disk, the images and the pressures."""
        rounds = 0
        while True:
            try:
                await self._rotate_logs()
                if rounds % IMAGES_EVERY == 0:
                    await self._tidy_images()
                    self.look()
            except (RuntimeFailure, OSError) as error:
                log.warning('event="tidying failed" error=%r', str(error))
            rounds += 1
            await self._world.sleep(TIDY_SECONDS)

    async def _rotate_logs(self) -> None:
        runtime = self.tools.runtime
        for table in list(runtime.containers.values()):
            for run in list(table.values()):
                if run.state == RUNNING and logs.needs_rotation(run.log_path):
                    await self._world.thread(logs.rotate, run.log_path, f"{self._world.now():.0f}")
                    await runtime.cri.call("ReopenContainerLog", container_id=run.id)

    async def _tidy_images(self) -> None:
        runtime = self.tools.runtime
        space = machine.disk(self._config.root)
        used = {run.image_id for table in runtime.containers.values() for run in table.values()}
        used |= {run.image for table in runtime.containers.values() for run in table.values()}
        if await self.tools.images.collect(space["used"], space["used"] + space["free"], used):
            log.info('event="images collected" node=%s', self._config.name)
        self._images = await self.tools.images.shown()

    def pod(self, namespace: str, name: str) -> Object | None:
        """A pod of this node as its worker knows it."""
        found = self._view.get("pods", name, namespace)
        worker = self.workers.get(found["metadata"]["uid"]) if found else None
        return worker.pod if worker else found

    def log_directory(self, pod: Object) -> str:
        return configs.log_directory(pod, self.tools.place)
