"""The next step of a pod: (pod, what runs, now) -> commands, and the moment at which time alone changes the answer.

Pure; the heart of the node. `step` looks at the whole pod each time and remembers nothing: a command that is under way
is in `seen.memory.busy`, one that failed is in its troubles until it may be tried again. Starting is in this file,
stopping in `stopping.py`, the waits between restarts in `waits.py`, and what the API shows of it all in `status.py`.
"""

from dataclasses import dataclass, field
from typing import Any

from picok8s.api import moment
from picok8s.node import pods, resizing, stopping, waits
from picok8s.node.commands import (
    Command,
    CreateSandbox,
    Finish,
    MountVolumes,
    Reject,
    RemoveContainer,
    RemoveSandbox,
    StartContainer,
    StopContainer,
    StopSandbox,
)
from picok8s.node.state import CREATED, EXITED, RUNNING, UNKNOWN, Container, Sandbox, Seen

Object = dict[str, Any]


@dataclass(slots=True)
class Step:
    """What to do now, and when to look again though nothing happened (None: only when something happens)."""

    commands: list[Command] = field(default_factory=list)
    wake_at: float | None = None

    def wake(self, at: float) -> None:
        self.wake_at = at if self.wake_at is None else min(self.wake_at, at)

    def add(self, seen: Seen, *commands: Command) -> None:
        """Commands that are not under way already."""
        for command in commands:
            if command.key not in seen.memory.busy:
                self.commands.append(command)


def step(pod: Object, seen: Seen, now: float) -> Step:
    made = Step()
    if seen.gone or "deletionTimestamp" in pod["metadata"]:
        _end(pod, seen, made)
    elif seen.memory.rejected or pods.is_terminal(pod):
        made.add(seen, *stopping.stop_all(pod, seen))
    elif reason := _deadline(pod, made, now):
        made.add(seen, reason)
    else:
        _keep_running(pod, seen, made, now)
    made.add(seen, *_garbage(seen))
    return made


def _end(pod: Object, seen: Seen, made: Step) -> None:
    """Deleted: everything stops, and when nothing is left the pod is taken from the API."""
    commands = stopping.stop_all(pod, seen)
    made.add(seen, *commands)
    if not commands and not seen.memory.busy:
        made.add(seen, Finish())


def _deadline(pod: Object, made: Step, now: float) -> Reject | None:
    """activeDeadlineSeconds, counted from the moment that the node took the pod."""
    limit = pod["spec"].get("activeDeadlineSeconds")
    started = (pod.get("status") or {}).get("startTime")
    if limit is None or not started:
        return None
    at = moment.seconds(started) + limit
    if now >= at:
        return Reject("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
    made.wake(at)
    return None


def _keep_running(pod: Object, seen: Seen, made: Step, now: float) -> None:
    sandbox = seen.sandbox()
    if sandbox is None or not sandbox.ready:
        if is_finished(pod, seen):
            made.add(seen, *stopping.stop_all(pod, seen))
        else:
            _new_sandbox(pod, seen, sandbox, made, now)
        return
    if is_finished(pod, seen):
        made.add(seen, *stopping.stop_all(pod, seen))
        return
    _kill_failing(pod, seen, made)
    made.add(seen, *resizing.commands(pod, seen, now))
    if not seen.memory.volumes:
        _mount(seen, made, now)
        return
    for container in pods.ephemeral_containers(pod):
        if seen.latest(container["name"]) is None:
            _start(container, 0, sandbox, seen, made, now)
    if _initialized(pod, seen, sandbox, made, now):
        for container in pods.containers(pod):
            if not _run(pod, container, sandbox, seen, made, now):
                break


def is_finished(pod: Object, seen: Seen) -> bool:
    """Every container ended for good, or an init container that may not be tried again failed."""
    for container in pods.init_containers(pod):
        last = seen.latest(container["name"])
        if pods.is_sidecar(container) or last is None:
            continue
        if last.state == EXITED and last.exit_code and not pods.restarts(pod, container, last.exit_code):
            return True
    for container in pods.containers(pod):
        last = seen.latest(container["name"])
        if last is None or last.state != EXITED or pods.restarts(pod, container, last.exit_code):
            return False
    return True


def _new_sandbox(pod: Object, seen: Seen, old: Sandbox | None, made: Step, now: float) -> None:
    """A first sandbox, or the next one after the old was lost; what still runs in the old one is stopped first."""
    if old is not None:
        alive = [
            StopContainer(c.id, c.name, 0, "Pod sandbox changed, it will be killed and re-created.")
            for c in seen.alive()
        ]
        if alive:
            made.add(seen, *alive)
            return
        if old.id not in seen.memory.stopped:
            made.add(seen, StopSandbox(old.id))
            return
    if not seen.memory.volumes:
        _mount(seen, made, now)
        return
    trouble = seen.memory.troubles.get("sandbox")
    if trouble is not None and not waits.is_due(trouble, now):
        made.wake(trouble.retry_at)
        return
    made.add(seen, CreateSandbox(old.attempt + 1 if old else 0))


def _mount(seen: Seen, made: Step, now: float) -> None:
    trouble = seen.memory.troubles.get("volumes")
    if waits.is_due(trouble, now):
        made.add(seen, MountVolumes())
    elif trouble:
        made.wake(trouble.retry_at)


def _kill_failing(pod: Object, seen: Seen, made: Step) -> None:
    """Containers whose probe or hook failed, and those whose image was changed in place."""
    for run in seen.containers:
        if run.state != RUNNING:
            continue
        if failure := seen.memory.failing.get(run.id):
            why, grace = failure
            made.add(seen, StopContainer(run.id, run.name, pods.grace_seconds(pod) if grace is None else grace, why))
            continue
        wanted = pods.container(pod, run.name)
        if wanted is not None and run.hash and run.hash != waits.container_hash(wanted):
            why = f"Container {run.name} definition changed, will be restarted"
            made.add(seen, StopContainer(run.id, run.name, pods.grace_seconds(pod), why))


def _initialized(pod: Object, seen: Seen, sandbox: Sandbox, made: Step, now: float) -> bool:
    """Runs the init containers one after the other; True when the pod's own containers may start."""
    if has_main_runs(pod, seen, sandbox):  # They started before, so initialization is over; sidecars are kept alive.
        for container in pods.init_containers(pod):
            if pods.is_sidecar(container):
                _run(pod, container, sandbox, seen, made, now)
        return True
    for container in pods.init_containers(pod):
        last = _latest_in(seen, container["name"], sandbox)
        if pods.is_sidecar(container):
            _run(pod, container, sandbox, seen, made, now)
            if not is_started(container, last, seen):
                return False
        elif last is None or last.state != EXITED or last.exit_code:
            _run(pod, container, sandbox, seen, made, now)
            return False
    return True


def has_main_runs(pod: Object, seen: Seen, sandbox: Sandbox) -> bool:
    names = {container["name"] for container in pods.containers(pod)}
    return any(c.name in names and c.sandbox == sandbox.id for c in seen.containers)


def is_started(container: Object, last: Container | None, seen: Seen) -> bool:
    """Running, its postStart hook done and its startup probe passed."""
    if last is None or last.state != RUNNING or last.id in seen.memory.hooked:
        return False
    return not container.get("startupProbe") or seen.memory.probes.get((last.id, "startup"), False)


def _latest_in(seen: Seen, name: str, sandbox: Sandbox) -> Container | None:
    last = seen.latest(name)
    return last if last is not None and last.sandbox == sandbox.id else None


def _run(pod: Object, container: Object, sandbox: Sandbox, seen: Seen, made: Step, now: float) -> bool:
    """Starts the container when it does not run and may; False while the next one has to wait for it."""
    name = container["name"]
    last = seen.latest(name)
    if last is not None and last.state == RUNNING:
        return last.id not in seen.memory.hooked
    if last is not None and last.state in (CREATED, UNKNOWN):
        # A start that was cut short by a restart of the agent, or a runtime that lost track: stop it, start again.
        if f"start:{name}" not in seen.memory.busy:
            made.add(
                seen,
                StopContainer(last.id, name, 0, f'Container is in "{last.state}" state, it is killed before a restart'),
            )
        return False
    attempt = 0
    if last is not None:
        here = last.sandbox == sandbox.id
        if here and not pods.restarts(pod, container, last.exit_code):
            return True
        attempt = last.attempt + 1
        if here and not _waited(name, last, seen, made, now):
            return True
    return _start(container, attempt, sandbox, seen, made, now)


def _start(container: Object, attempt: int, sandbox: Sandbox, seen: Seen, made: Step, now: float) -> bool:
    name = container["name"]
    trouble = seen.memory.troubles.get(name)
    if trouble is not None and not waits.is_due(trouble, now):
        made.wake(trouble.retry_at)
        return True
    made.add(seen, StartContainer(name, attempt, sandbox.id))
    return False


def _waited(name: str, last: Container, seen: Seen, made: Step, now: float) -> bool:
    """Whether the wait after the last exit is over."""
    wait = seen.memory.restarts.get(name)
    if wait is None or now >= wait.until:
        return True
    made.wake(wait.until)
    return False


def _garbage(seen: Seen) -> list[Command]:
    """Dead runs but the newest of each container, and dead sandboxes but the newest."""
    found: list[Command] = []
    for name in {c.name for c in seen.containers}:
        dead = [run for run in seen.runs(name) if run.state == EXITED]
        found += [RemoveContainer(run.id) for run in dead[1:]]
    newest = seen.sandbox()
    kept = {c.sandbox for c in seen.containers}
    for sandbox in seen.sandboxes:
        if newest is not None and sandbox.id != newest.id and sandbox.id not in kept:
            found.append(RemoveSandbox(sandbox.id))
    return found
