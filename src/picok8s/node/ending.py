"""How containers and pods end: preStop hooks, grace, what is cleared away, and the pod's end at the API."""

import logging
import shutil
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.node import actions, cgroups, configs, logs, pods
from picok8s.node.commands import Finish, StopContainer, TearDown
from picok8s.node.hand import AGAIN_SECONDS, Hand
from picok8s.node.state import RUNNING

Object = dict[str, Any]

GRACE_SECONDS_MIN = 2  # What a container has at least after its preStop hook used up the grace.

log = logging.getLogger("picok8s.node")


class Ending:
    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._hooked: set[str] = set()  # Containers whose preStop hook was run.
        self._told: set[str] = set()

    async def stop(self, command: StopContainer) -> None:
        pod, world = self._hand.pod, self._hand.tools.world
        if command.id not in self._told:
            self._told.add(command.id)
            self._hand.worker.tell("Normal", "Killing", command.why, command.name)
        began = world.now()
        container = pods.container(pod, command.name)
        run = next((c for c in self._hand.worker.seen().containers if c.id == command.id), None)
        hook = ((container or {}).get("lifecycle") or {}).get("preStop")
        grace = command.grace
        if hook and grace and command.id not in self._hooked and run is not None and run.state == RUNNING:
            self._hooked.add(command.id)
            await self._pre_stop(hook, container or {}, command.id, grace)
            grace = max(GRACE_SECONDS_MIN, int(grace - (world.now() - began)))
        await self._hand.tools.runtime.stop_container(command.id, grace)

    async def _pre_stop(self, hook: Object, container: Object, id: str, grace: int) -> None:
        try:
            work = self._hand.tools.actions.run(hook, container, id, self._hand.address(), None)
            good, words = await self._hand.tools.world.within(float(grace), work)
        except (actions.Unknown, ValueError) as error:
            good, words = False, str(error)
        except TimeoutError:
            good, words = False, "the hook did not end within the grace period"
        if not good:
            message = actions.hook_failure("PreStop", hook, container, self._hand.pod, words)
            self._hand.worker.tell("Warning", "FailedPreStopHook", message, container["name"])

    async def tear_down(self, command: TearDown) -> None:
        uid = self._hand.worker.uid
        self._hand.tools.watched.hold(uid, set())
        self._hand.tools.tokens.forget(uid)
        try:
            await self._hand.tools.world.thread(self._hand.tools.volumes.remove, uid)
        except OSError as error:
            log.warning('event="volumes not removed" pod=%s error=%r', pods.key(self._hand.pod), str(error))
            await self._hand.tools.world.sleep(AGAIN_SECONDS)
            return
        await self._hand.tools.world.thread(
            cgroups.remove, cgroups.parent(self._hand.pod, self._hand.tools.place.cgroup_root)
        )
        self._hand.worker.memory.torn_down = True

    async def finish(self, command: Finish) -> None:
        """The pod's end. The API goes first: who waits for a deletion need not wait for our cleaning."""
        pod, runtime = self._hand.pod, self._hand.tools.runtime
        if not self._hand.worker.gone:
            await self._hand.worker.publishing.send_last()
            options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._hand.worker.uid}}
            try:
                await self._hand.tools.calls.delete(
                    "pods", pod["metadata"]["name"], pod["metadata"]["namespace"], options
                )
            except ApiError as error:
                if error.code not in (404, 409):
                    log.warning('event="pod not deleted" pod=%s error=%r', pods.key(pod), error.message)
                    await self._hand.tools.world.sleep(AGAIN_SECONDS)
                    return
        seen = self._hand.worker.seen()
        for run in seen.containers:
            await runtime.remove_container(run.id)
            logs.unlink(run.id, self._hand.tools.place)
        for sandbox in seen.sandboxes:
            await runtime.remove_sandbox(sandbox.id)
        shutil.rmtree(configs.log_directory(pod, self._hand.tools.place), ignore_errors=True)
        self._hand.worker.finished = True
        self._hand.tools.forget(self._hand.worker.uid)
