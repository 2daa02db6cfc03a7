"""Running containers, tended: a prober for each of their probes, from their start to their end."""

from typing import TYPE_CHECKING, Any

from picok8s.node import pods
from picok8s.node.probes import KINDS, Prober, Tally, is_fatal
from picok8s.node.state import RUNNING, Container, Seen
from picok8s.node.tools import Tools
from picok8s.node.world import Event, Task

if TYPE_CHECKING:
    from picok8s.node.worker import Worker

Object = dict[str, Any]

TITLES = {"startup": "Startup", "readiness": "Readiness", "liveness": "Liveness"}


class Tending:
    def __init__(self, worker: "Worker", tools: Tools) -> None:
        self._worker = worker
        self._tools = tools
        self._tasks: dict[tuple[str, str], Task] = {}  # (container id, kind)
        self._started: dict[str, Event] = {}

    def recall(self, seen: Seen) -> None:
        """Verdicts that the API still shows for containers that ran on while the agent was away."""
        status = self._worker.pod.get("status") or {}
        running = {run.id for run in seen.containers if run.state == RUNNING}
        for kind in ("containerStatuses", "initContainerStatuses"):
            for row in status.get(kind) or []:
                id = str(row.get("containerID") or "").rpartition("/")[2]
                if id in running:
                    self._worker.memory.probes[(id, "readiness")] = bool(row.get("ready"))
                    self._worker.memory.probes[(id, "startup")] = bool(row.get("started"))

    def tend(self, seen: Seen) -> None:
        """Starts the probers that are missing and ends those whose container ended."""
        wanted = set()
        ending = "deletionTimestamp" in self._worker.pod["metadata"] or seen.gone or seen.memory.rejected
        for run in seen.containers:
            container = pods.container(self._worker.pod, run.name) if run.state == RUNNING else None
            if container is None:
                continue
            for kind, field in KINDS.items():
                if not container.get(field) or (ending and kind != "readiness"):
                    continue
                if kind == "startup" and seen.memory.probes.get((run.id, kind)):
                    continue
                wanted.add((run.id, kind))
                if (run.id, kind) not in self._tasks:
                    self._begin(run, container, kind)
        for key in [key for key in self._tasks if key not in wanted]:
            self._tasks.pop(key).cancel()
        alive = {run.id for run in seen.containers if run.state == RUNNING}
        for id in [id for id in self._started if id not in alive]:
            del self._started[id]

    def end(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    def _begin(self, run: Container, container: Object, kind: str) -> None:
        memory = self._worker.memory
        started = self._started.get(run.id)
        if started is None:
            started = self._started[run.id] = self._tools.world.event()
            if not container.get("startupProbe") or memory.probes.get((run.id, "startup")):
                started.set()
        actions = self._tools.actions

        async def look(probe: Object, timeout: float) -> tuple[bool, str]:
            sandbox = self._worker.seen().sandbox()
            ips = (
                self._tools.machine["ips"] if pods.is_host_network(self._worker.pod) else sandbox.ips if sandbox else ()
            )
            return await actions.run(probe, container, run.id, ips[0] if ips else "127.0.0.1", timeout)

        def told(kind: str, tally: Tally, succeeded: bool, words: str) -> None:
            self._take(run, container, kind, tally, words if not succeeded else "")

        prober = Prober(
            kind=kind,
            probe=container[KINDS[kind]],
            started_at=run.started,
            look=look,
            told=told,
            world=self._tools.world,
            started=started,
            verdict=memory.probes.get((run.id, kind)) if kind == "readiness" else None,
        )
        name = f"{pods.key(self._worker.pod)} {run.name} {kind}"
        self._tasks[(run.id, kind)] = self._tools.world.spawn(prober.run(), name)

    def _take(self, run: Container, container: Object, kind: str, tally: Tally, words: str) -> None:
        memory, probe = self._worker.memory, container[KINDS[kind]]
        if tally.last is False:
            self._worker.tell("Warning", "Unhealthy", f"{TITLES[kind]} probe failed: {words}", run.name)
        before = memory.probes.get((run.id, kind))
        memory.probes[(run.id, kind)] = tally.verdict
        if kind == "startup" and tally.verdict and run.id in self._started:
            self._started[run.id].set()
        if is_fatal(kind, tally, probe):
            own = probe.get("terminationGracePeriodSeconds")
            restarts = pods.restarts(self._worker.pod, container, 137)
            ending = ", will be restarted" if restarts else ""
            memory.failing[run.id] = (f"Container {run.name} failed {kind} probe{ending}", own)
            self._worker.poke()
        elif before != tally.verdict:
            self._worker.poke()
