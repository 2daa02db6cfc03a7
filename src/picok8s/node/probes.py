"""Probes: when to look again, and what a row of results means. The counting is pure; `Prober` runs it on a clock.

A container is started when its startup probe has succeeded, ready while its readiness probe succeeds, and killed when
its liveness or startup probe has failed often enough.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from picok8s.node.actions import Unknown
from picok8s.node.world import Event, World

Object = dict[str, Any]

KINDS = {"startup": "startupProbe", "readiness": "readinessProbe", "liveness": "livenessProbe"}
PERIOD_SECONDS, TIMEOUT_SECONDS, FAILURES, SUCCESSES = 10, 1, 3, 1


@dataclass(frozen=True, slots=True)
class Tally:
    """Results in a row: so many equal ones, and the verdict that they last led to."""

    verdict: bool
    last: bool | None = None
    run: int = 0


def first(kind: str) -> Tally:
    """Before the first look a container is alive, and neither started nor ready."""
    return Tally(verdict=kind == "liveness")


def counted(tally: Tally, succeeded: bool, probe: Object) -> Tally:
    """The tally after one more result: a verdict changes when enough results in a row say so."""
    run = tally.run + 1 if tally.last is succeeded else 1
    needed = probe.get("successThreshold") or SUCCESSES if succeeded else probe.get("failureThreshold") or FAILURES
    return Tally(succeeded if run >= needed else tally.verdict, succeeded, run)


def is_fatal(kind: str, tally: Tally, probe: Object) -> bool:
    """Whether the container must be killed: liveness or startup has failed often enough."""
    enough = tally.run >= (probe.get("failureThreshold") or FAILURES)
    return kind != "readiness" and tally.last is False and enough


@dataclass(slots=True)
class Prober:
    """One probe of one container. `look` answers (succeeded, words); `told` hears each verdict and each failure."""

    kind: str
    probe: Object
    started_at: float
    look: Callable[[Object, float], Awaitable[tuple[bool, str]]]
    told: Callable[[str, Tally, bool, str], None]
    world: World
    started: Event  # Set when the startup probe, if there is one, has succeeded.
    verdict: bool | None = None  # What was known before the agent restarted.

    async def run(self) -> None:
        if self.kind != "startup":
            await self.started.wait()
        delay = self.probe.get("initialDelaySeconds") or 0
        await self.world.sleep(max(0.0, self.started_at + delay - self.world.now()))
        period = self.probe.get("periodSeconds") or PERIOD_SECONDS
        timeout = float(self.probe.get("timeoutSeconds") or TIMEOUT_SECONDS)
        tally = first(self.kind) if self.verdict is None else Tally(self.verdict)
        while True:
            began = self.world.now()
            try:
                succeeded, words = await self.look(self.probe, timeout)
            except ValueError as error:
                succeeded, words = False, str(error)
            except Unknown:
                await self.world.sleep(period)
                continue
            tally = counted(tally, succeeded, self.probe)
            self.told(self.kind, tally, succeeded, words)
            if self.kind == "startup" and tally.verdict:
                return
            if is_fatal(self.kind, tally, self.probe):
                return  # The container is killed; the next one has its own prober.
            await self.world.sleep(max(0.0, began + period - self.world.now()))
