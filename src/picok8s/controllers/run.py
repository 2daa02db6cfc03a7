"""Runs all controllers over one View, and follows custom resources as they are defined.

    group.create_task(run(calls, ca_certificate="-----BEGIN..."))

With `identity` it first takes the lease `picok8s-controllers`; a lost lease stops the controllers and starts to apply
again.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from picok8s.api import objects
from picok8s.client.calls import Calls
from picok8s.client.view import View, follow
from picok8s.controllers import controllers
from picok8s.controllers.garbage import DEFINITIONS
from picok8s.reconcile.controller import followed, indexes
from picok8s.reconcile.leader import Candidate
from picok8s.reconcile.run import Runner, Teller, lead

Object = dict[str, Any]

LEASE = "picok8s-controllers"


async def run(
    calls: Calls,
    ca_certificate: str,
    pod_range: str = "10.1.0.0/16",
    identity: str = "",
    clock: Callable[[], float] = time.time,
) -> None:
    """Until cancelled."""

    async def work() -> None:
        await _work(calls, ca_certificate, pod_range, clock)

    if identity:
        await lead(calls, Candidate(identity, LEASE), work, clock)
    else:
        await work()


async def _work(calls: Calls, ca_certificate: str, pod_range: str, clock: Callable[[], float]) -> None:
    rows = controllers(ca_certificate, pod_range)
    view = View(indexes(rows))
    teller = Teller(calls, clock)
    runners = [Runner(row, calls, view, teller, clock) for row in rows]
    async with asyncio.TaskGroup() as group:
        for resource in followed(rows):
            group.create_task(follow(calls, view, resource))
        group.create_task(teller.run())
        for runner in runners:
            group.create_task(runner.run())
        group.create_task(_follow_custom(calls, view, [r for r in runners if r.controller.hears is not None]))


async def _follow_custom(calls: Calls, view: View, runners: list[Runner]) -> None:
    """Follow each custom resource from when it is established until its definition goes."""
    changed = asyncio.Event()
    view.subscribe(DEFINITIONS, lambda kind, new, old: changed.set())
    await view.until_synced(DEFINITIONS)
    tasks: dict[str, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            changed.clear()
            wanted = {objects.name(one) for one in view.list(DEFINITIONS) if _is_served(one)}
            for name in wanted - tasks.keys():
                for runner in runners:
                    runner.follow(name)
                tasks[name] = group.create_task(follow(calls, view, name))
            for name in tasks.keys() - wanted:
                tasks.pop(name).cancel()
                view.replace(name, [], "0")
            await changed.wait()


def _is_served(definition: Object) -> bool:
    return objects.conditions(definition).get("Established", {}).get("status") == "True"
