"""How a pod stops: its containers, then its sidecars from the last to the first, its sandbox, its volumes. Pure."""

from typing import Any

from picok8s.node import pods
from picok8s.node.commands import Command, StopContainer, StopSandbox, TearDown
from picok8s.node.state import Container, Seen

Object = dict[str, Any]

MAKING = ("start:", "sandbox", "volumes")


def stop_all(pod: Object, seen: Seen) -> list[Command]:
    """The next commands on the way to nothing; [] when the pod has come to its end."""
    if seen.memory.torn_down:
        return []
    alive = seen.alive()
    if alive:
        return _stop(pod, seen, alive)
    if any(key.startswith(MAKING) for key in seen.memory.busy):
        return []  # The worker cancels what is being made; what had come of it shows in the next look.
    ready = [sandbox for sandbox in seen.sandboxes if sandbox.ready]
    if ready:
        return [StopSandbox(sandbox.id) for sandbox in ready]
    return [TearDown()]


def _stop(pod: Object, seen: Seen, alive: list[Container]) -> list[Command]:
    order = [c["name"] for c in pods.init_containers(pod) if pods.is_sidecar(c)]
    mains = [c for c in alive if c.name not in order]
    if mains:
        return [_command(pod, c) for c in mains]
    last = max(alive, key=lambda c: order.index(c.name), default=None)
    return [_command(pod, last)] if last else []


def _command(pod: Object, run: Container) -> StopContainer:
    grace = pods.grace_seconds(pod)
    return StopContainer(run.id, run.name, max(grace, 0), f"Stopping container {run.name}")
