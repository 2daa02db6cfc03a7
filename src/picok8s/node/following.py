"""The runtime's events, followed for ever: containerd's own, or CRI's where the runtime is not containerd."""

import logging
from collections.abc import Callable

from picok8s.node import cri
from picok8s.node.cri import RuntimeFailure
from picok8s.node.runtime import Runtime
from picok8s.node.world import World

RECONNECT_SECONDS = 0.5
DOWN_SECONDS = 10.0  # A runtime that restarts is back before that: the node stays ready.
TOPICS = ("/tasks/exit", "/tasks/oom", "/tasks/start")

log = logging.getLogger("picok8s.node")


class Following:
    """`down_or_up` is called when the runtime is away for long, and when it is back."""

    def __init__(self, runtime: Runtime, world: World, down_or_up: Callable[[], None]) -> None:
        self._runtime = runtime
        self._world = world
        self._down_or_up = down_or_up
        self._down_since: float | None = None

    def is_down(self) -> bool:
        """Away for longer than a restart takes."""
        return self._down_since is not None and self._world.now() - self._down_since >= DOWN_SECONDS

    async def follow(self) -> None:
        """Events for ever. Lists again whenever the stream broke, as what happened meanwhile is lost."""
        listed, told = True, False
        while True:
            try:
                if not listed:
                    await self._runtime.list_all()
                    listed, self._down_since = True, None
                    if told:
                        self._down_or_up()
                    told = False
                await self._follow_containerd()
            except RuntimeFailure as failure:
                listed = False
                if failure.code == "UNIMPLEMENTED":
                    await self._follow_cri()
                    continue
                if self._down_since is None:
                    self._down_since = self._world.now()
                    log.warning('event="runtime events broke" error=%r', failure.message)
                if self.is_down() and not told:
                    told = True
                    self._down_or_up()
            await self._world.sleep(RECONNECT_SECONDS)

    async def _follow_containerd(self) -> None:
        filters = [f'namespace==k8s.io,topic=="{topic}"' for topic in TOPICS]
        async for envelope in self._runtime.cri.stream("Subscribe", filters=filters):
            kind = envelope.event.type_url.rpartition("/")[2]
            event = cri.message(kind).FromString(envelope.event.value)
            if kind == "containerd.events.TaskExit" and event.id not in ("", event.container_id):
                continue  # An exec ended, not the container.
            if self._runtime.knows(event.container_id):
                work = (
                    self._runtime.ended(event.container_id)
                    if kind.endswith("TaskExit")
                    else self._runtime.look(event.container_id)
                )
                self._world.spawn(work, f"refresh {event.container_id[:12]}")

    async def _follow_cri(self) -> None:
        """CRI's own events, of runtimes that are not containerd."""
        try:
            async for event in self._runtime.cri.stream("GetContainerEvents"):
                if self._runtime.knows(event.container_id):
                    self._world.spawn(self._runtime.ended(event.container_id), f"refresh {event.container_id[:12]}")
        except RuntimeFailure as failure:
            log.warning('event="runtime events broke" error=%r', failure.message)
