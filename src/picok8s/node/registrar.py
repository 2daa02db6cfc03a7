"""The Node at the API: registered, its status reported when it changes and every five minutes, its lease renewed."""

import logging
from collections.abc import Callable
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.client.calls import Calls
from picok8s.node import machine, registration
from picok8s.node.config import NodeConfig
from picok8s.node.cri import RuntimeFailure
from picok8s.node.runtime import Runtime
from picok8s.node.world import World

Object = dict[str, Any]

LEASE_SECONDS = registration.LEASE_SECONDS / 4
STATUS_SECONDS = 300.0
NETWORK_LOOKS_SECONDS = (0.0, 0.02, 0.05, 0.1, 0.3, 1.0)

log = logging.getLogger("picok8s.node")


class Registrar:
    def __init__(
        self, config: NodeConfig, calls: Calls, world: World, runtime: Runtime, is_down: Callable[[], bool]
    ) -> None:
        self.images: list[Object] = []  # As the status shows them.
        self._config = config
        self._calls = calls
        self._world = world
        self._runtime = runtime
        self._is_down = is_down
        self._uid = ""
        self._status: Object = {}
        self._look = world.event()  # Something may have changed that the status shows.

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
        self._uid = found["metadata"]["uid"]
        self._status = found.get("status") or {}
        await self.report()

    async def _observe(self, old: list[Object]) -> Object:
        config = self._config
        troubles = await self._troubles()
        now = self._world.now()
        return {
            "capacity": machine.capacity(config.root),
            "allocatable": machine.allocatable(config.root),
            "addresses": registration.addresses(config.name, config.addresses),
            "conditions": registration.conditions(machine.pressures(config.root), troubles, old, now),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": config.port}},
            "nodeInfo": machine.info(self._runtime.name, self._runtime.version, config.kubernetes_version),
            "images": self.images,
        }

    async def _troubles(self) -> list[str]:
        """Why the node is not ready: the runtime or its network is not."""
        try:
            answer = await self._runtime.cri.call("Status", 5.0)
        except RuntimeFailure as failure:
            return [f"container runtime is down: {failure.message}"] if self._is_down() else []
        found = []
        networks = [row.status for row in answer.status.conditions if row.type == "NetworkReady"]
        (self._runtime.network.set if all(networks) else self._runtime.network.clear)()
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

    def show_images(self, images: list[Object]) -> None:
        self.images = images
        self.look()

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
                        await self._calls.create("leases.coordination.k8s.io", registration.lease(name, self._uid, now))
                    except ApiError as refusal:
                        log.warning('event="lease not made" node=%s error=%r', name, refusal.message)
                        await self._world.sleep(1.0)
                        continue
                else:
                    await self._world.sleep(1.0)
                    continue
            await self._world.sleep(LEASE_SECONDS)
