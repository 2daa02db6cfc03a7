"""One pod's worker: looks, asks `step` what to do, does it, tells the API, and waits for the next reason to look.

A worker holds no thread and no timer while nothing happens. Its `Memory` is all that it knows beside the pod and what
the runtime shows. What a command does is in `doing.py`; what is watched of running containers in `tending.py`.
"""

from typing import Any

from picok8s.node import pods, prepare, resizing, status, waits
from picok8s.node.commands import Command
from picok8s.node.doing import Doing, exit_message
from picok8s.node.events import reference
from picok8s.node.hand import Hand
from picok8s.node.publishing import Publishing
from picok8s.node.state import EXITED, Memory, Seen
from picok8s.node.step import step
from picok8s.node.tending import Tending
from picok8s.node.tools import Tools
from picok8s.node.world import Task

Object = dict[str, Any]

INTERRUPTIBLE = ("start:", "volumes", "sandbox")

SHOWN_IN_FILES = ("labels", "annotations")


class Worker:
    def __init__(self, pod: Object, tools: Tools) -> None:
        self.pod = pod
        self.finished = False
        self.gone = False
        self.memory = Memory()
        self._tools = tools
        self._wake = tools.world.event()
        self._tasks: dict[str, Task] = {}
        self._lost = status.lost_runs(pod, {c.id for c in tools.runtime.seen(self.uid)[1]})
        self.publishing = Publishing(self, tools)
        self._hand = Hand(self, tools)
        self._doing = Doing(self._hand)
        self._tending = Tending(self, tools)
        self._objects_changed = False
        self._next: float | None = None

    @property
    def uid(self) -> str:
        return str(self.pod["metadata"]["uid"])

    def poke(self) -> None:
        self._wake.set()

    def update(self, pod: Object) -> None:
        """The API showed the pod anew."""
        shorter = pods.grace_seconds(pod) < pods.grace_seconds(self.pod)
        ending = "deletionTimestamp" in pod["metadata"] and "deletionTimestamp" not in self.pod["metadata"]
        if any(pod["metadata"].get(key) != self.pod["metadata"].get(key) for key in SHOWN_IN_FILES):
            self._objects_changed = True  # The downward API shows them in volumes.
        self.pod = self.publishing.with_own_status(pod)
        if ending:
            self.interrupt()
        elif shorter:
            self._cancel(("stop:",))
        self.poke()

    def vanish(self, pod: Object) -> None:
        """The pod is no more in the API: stop what runs, and tell nobody."""
        self.pod = self.publishing.with_own_status(pod)
        self.gone = True
        self.interrupt()
        self._cancel(("stop:",))
        self.poke()

    def objects_changed(self) -> None:
        """A config map or secret of the pod changed: files follow, and what failed for want of it is tried at once."""
        self._objects_changed = True
        for key in [
            key
            for key, trouble in self.memory.troubles.items()
            if trouble.reason in ("CreateContainerConfigError", "FailedMount")
        ]:
            del self.memory.troubles[key]
        self.poke()

    def interrupt(self) -> None:
        self._hand.ending = True
        self._cancel(INTERRUPTIBLE, only_interruptible=True)

    def _cancel(self, prefixes: tuple[str, ...], only_interruptible: bool = False) -> None:
        for key, task in list(self._tasks.items()):
            if key.startswith(prefixes) and (not only_interruptible or key in self._hand.interruptible):
                task.cancel()

    def seen(self) -> Seen:
        sandboxes, containers = self._tools.runtime.seen(self.uid)
        known = {c.id for c in containers}
        lost = tuple(run for run in self._lost if run.id not in known)
        return Seen(sandboxes, containers + lost, self.memory, self.gone)

    async def run(self) -> None:
        self._tools.watched.hold(self.uid, set() if pods.is_terminal(self.pod) else prepare.needs(self.pod))
        self._tending.recall(self.seen())
        if not self.gone and self._is_new():
            self.memory.rejected = self._tools.admit(self.pod)
            if self.memory.rejected:
                self.tell("Warning", *self.memory.rejected)
        try:
            while not self.finished:
                self._wake.clear()
                await self._turn()
                await self._pause()
        finally:
            self._tending.end()
            for task in self._tasks.values():
                task.cancel()

    def _is_new(self) -> bool:
        return not (self.pod.get("status") or {}).get("startTime") and "deletionTimestamp" not in self.pod["metadata"]

    async def _turn(self) -> None:
        now = self._tools.world.now()
        seen = self.seen()
        self._take_exits(seen)
        self._tending.tend(seen)
        wants = resizing.pending(self.pod, seen)
        self.memory.resize_refusal = self._tools.room(self.pod) if wants else None
        made = step(self.pod, seen, now)
        for command in made.commands:
            self._begin(command)
        self._next = made.wake_at
        if self._objects_changed and self.memory.volumes and not self._hand.ending:
            self._objects_changed = False
            self._spawn("refresh", self._doing.refresh())
        renew_at = self._tools.tokens.renew_at(self.uid)
        if renew_at is not None and self.memory.volumes and not self.memory.torn_down:
            if now >= renew_at:
                self._spawn("refresh", self._doing.refresh())
            else:
                self._next = renew_at if self._next is None else min(self._next, renew_at)
        if not self.gone:
            self.publishing.publish(now)

    async def _pause(self) -> None:
        if self.finished:
            return
        if self._next is None:
            await self._wake.wait()
            return
        try:
            await self._tools.world.within(max(0.0, self._next - self._tools.world.now()), self._wake.wait())
        except TimeoutError:
            pass

    def _begin(self, command: Command) -> None:
        self.memory.busy.add(command.key)
        self._spawn(command.key, self._doing.do(command), busy=True)

    def _spawn(self, key: str, work: Any, busy: bool = False) -> None:
        if key in self._tasks:
            work.close()
            return

        async def guarded() -> None:
            try:
                await work
            finally:
                self._tasks.pop(key, None)
                if busy:
                    self.memory.busy.discard(key)
                    self._hand.interruptible.discard(key)
                self.poke()

        self._tasks[key] = self._tools.world.spawn(guarded(), f"{pods.key(self.pod)} {key}")

    def _take_exits(self, seen: Seen) -> None:
        """Notes each run that ended: its termination message, and the wait before the next run."""
        for name in {run.name for run in seen.containers}:
            last = seen.latest(name)
            if last is None or last.state != EXITED or last.id in self.memory.counted:
                continue
            self.memory.counted.add(last.id)
            self.memory.failing.pop(last.id, None)
            self.memory.exit_messages[last.id] = exit_message(last)
            container = pods.container(self.pod, name)
            if container is None or not pods.restarts(self.pod, container, last.exit_code):
                continue
            wait = waits.after_exit(last, self.memory.restarts.get(name))
            self.memory.restarts[name] = wait
            if wait.wait and not self._hand.ending:
                message = f"Back-off restarting failed container {name} in pod {pods.full_name(self.pod)}"
                self.tell("Warning", "BackOff", message, name)

    def forget_run(self, id: str) -> None:
        """A dead run was removed; nothing about it is remembered."""
        self._lost = [run for run in self._lost if run.id != id]
        self.memory.exit_messages.pop(id, None)
        self.memory.counted.discard(id)

    def tell(self, type: str, reason: str, message: str, container: str = "") -> None:
        path = pods.field_path(self.pod, container) if container else ""
        self._tools.events.tell(reference(self.pod, path), type, reason, message)
