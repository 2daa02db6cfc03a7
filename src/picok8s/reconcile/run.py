"""Runs controllers: takes keys from their queues, drives each reconcile, makes its writes, waits until they were seen.

    async with asyncio.TaskGroup() as group:
        group.create_task(run(CONTROLLERS, calls, view))

Nothing polls: a controller sleeps until an object changed, a delayed key is due, or a hold has run out. A failing run
is logged and tried again after a pause; it never ends the runner. `view` must follow `followed(controllers)`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Protocol

from picok8s.api import objects
from picok8s.api.errors import ApiError
from picok8s.client.calls import Calls
from picok8s.reconcile import leader
from picok8s.reconcile.consistency import Awaited, Held
from picok8s.reconcile.controller import Controller, Key, key_of
from picok8s.reconcile.events import Recorder
from picok8s.reconcile.queue import Queue
from picok8s.reconcile.writes import (
    Again,
    Ask,
    Create,
    Delete,
    Event,
    Note,
    Outcome,
    Patch,
    Status,
    Update,
    Write,
    resource_of,
    same,
)

Object = dict[str, Any]
Objects = list[Object]
Clock = Callable[[], float]

log = logging.getLogger(__name__)

HOLD_SECONDS_MAX = 10.0  # After so long without a sight of its own writes a key runs anyway.
EVENTS_WAITING_MAX = 5000
EVENTS_AT_ONCE = 32
COMPONENT = "kube-controller-manager"


class Followed(Protocol):
    """What the runner needs of the View beyond reading."""

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None: ...

    def list(self, resource: str, namespace: str | None = None) -> Objects: ...

    def by(self, resource: str, index: str, key: str) -> Objects: ...

    def revision(self, resource: str) -> str: ...

    async def until_synced(self, *resources: str) -> None: ...

    def subscribe(self, resource: str, callback: Callable[[str, Object, Object | None], None]) -> Any: ...


class Sight:
    """The View at one moment, as a reconcile sees it."""

    __slots__ = ("by", "get", "list", "now")

    def __init__(self, view: Followed, now: float) -> None:
        self.get = view.get
        self.list = view.list
        self.by = view.by
        self.now = now


async def run(controllers: Sequence[Controller], calls: Calls, view: Followed, clock: Clock = time.time) -> None:
    """Run all of them until cancelled."""
    teller = Teller(calls, clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(teller.run())
        for controller in controllers:
            group.create_task(Runner(controller, calls, view, teller, clock).run())


async def lead(
    calls: Calls, candidate: leader.Candidate, work: Callable[[], Awaitable[None]], clock: Clock = time.time
) -> None:
    """Do `work` while this candidate holds the lease. A lost lease stops the work and starts to apply again."""
    while True:
        candidate, held = await _acquire(calls, candidate, clock)
        log.info("event=%r lease=%s identity=%s", "leading", candidate.name, candidate.identity)
        working = asyncio.ensure_future(work())
        try:
            await _renew(calls, candidate, held, working, clock)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        if working.done() and not working.cancelled() and working.exception() is None:
            return
        log.warning("event=%r lease=%s identity=%s", "lost the lease", candidate.name, candidate.identity)


async def _acquire(calls: Calls, candidate: leader.Candidate, clock: Clock) -> tuple[leader.Candidate, Object]:
    while True:
        try:
            lease = await _read(calls, candidate)
            candidate = leader.look(candidate, lease, clock())
            if (wanted := leader.step(candidate, lease, clock())) is not None:
                write = calls.create if lease is None else calls.update
                return candidate, await write("leases.coordination.k8s.io", wanted)
        except ApiError as error:
            log.debug("event=%r lease=%s error=%s", "lease refused", candidate.name, error)
        await asyncio.sleep(leader.RETRY_SECONDS)


async def _renew(
    calls: Calls, candidate: leader.Candidate, held: Object, working: "asyncio.Future[None]", clock: Clock
) -> None:
    """Return when the lease was lost or the work has ended; hand the lease on when cancelled."""
    renewed = clock()
    try:
        while clock() - renewed < leader.RENEW_SECONDS:
            await asyncio.wait([working], timeout=leader.RETRY_SECONDS)
            if working.done():
                working.result()
                return
            try:
                lease = await asyncio.wait_for(_read(calls, candidate), leader.RETRY_SECONDS)
                wanted = leader.step(leader.look(candidate, lease, clock()), lease, clock())
                if wanted is None:
                    return
                write = calls.create if lease is None else calls.update
                held = await asyncio.wait_for(write("leases.coordination.k8s.io", wanted), leader.RETRY_SECONDS)
                renewed = clock()
            except (ApiError, OSError, TimeoutError) as error:
                log.debug("event=%r lease=%s error=%s", "lease not renewed", candidate.name, error)
    except asyncio.CancelledError:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        try:
            await asyncio.wait_for(calls.update("leases.coordination.k8s.io", leader.release(held, clock())), 1.0)
        except (ApiError, OSError, TimeoutError):
            pass  # It runs out by itself.
        raise


async def _read(calls: Calls, candidate: leader.Candidate) -> Object | None:
    try:
        return await calls.get("leases.coordination.k8s.io", candidate.name, candidate.namespace)
    except ApiError as error:
        if error.reason == "NotFound":
            return None
        raise


class Runner:
    """One controller at work."""

    def __init__(self, controller: Controller, calls: Calls, view: Followed, teller: "Teller", clock: Clock) -> None:
        self.controller = controller
        self.calls = calls
        self.view = view
        self.teller = teller
        self.clock = clock
        self.queue = Queue()
        self.held = Held()
        self.wake = asyncio.Event()
        self.follows = set(controller.follows)
        self.stopped = False

    async def run(self) -> None:
        first = tuple(self.follows)
        for resource in first:
            self.view.subscribe(resource, self._saw(resource))
        try:
            await self.view.until_synced(*first)
            for resource in first:
                for obj in self.view.list(resource):
                    self._add(resource, obj, "ADDED")
            async with asyncio.TaskGroup() as group:
                await self._dispatch(group)
        finally:
            self.stopped = True

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        room = asyncio.Semaphore(self.controller.concurrency)
        while True:
            self.wake.clear()
            for key in self.held.release(self.view, self.clock()):
                self.queue.done(key)
            await room.acquire()
            key = self.queue.take(self.clock())
            if key is not None:
                group.create_task(self._one(key, room))
                continue
            room.release()
            moments = [m for m in (self.queue.next_moment(), self.held.next_moment()) if m is not None]
            try:
                pause = max(0.0, min(moments) - self.clock()) if moments else None
                async with asyncio.timeout(pause):  # wait_for may swallow a cancellation (Python 3.11).
                    await self.wake.wait()
            except TimeoutError:
                pass

    def _saw(self, resource: str) -> Callable[[str, Object, Object | None], None]:
        def callback(kind: str, new: Object, old: Object | None) -> None:
            if self.stopped:
                return
            if old is not None and old is not new:
                self._add(resource, old)
            self._add(resource, new, kind)
            self.wake.set()

        return callback

    def follow(self, resource: str) -> None:
        """Hear of one more resource, which the View follows from now on."""
        if resource not in self.follows:
            self.follows.add(resource)
            self.view.subscribe(resource, self._saw(resource))

    def _add(self, resource: str, obj: Object, kind: str = "") -> None:
        if kind and self.controller.hears is not None:
            for key in self.controller.hears(resource, kind, obj):
                self.queue.add(key)
        if resource == self.controller.resource:
            self.queue.add(key_of(obj))
        if (keys := self.controller.watches.get(resource)) is not None:
            for key in keys(obj, Sight(self.view, self.clock())):
                self.queue.add(key)

    async def _one(self, key: Hashable, room: asyncio.Semaphore) -> None:
        assert isinstance(key, tuple)
        run = Run(self, key)
        try:
            await run.drive()
        except Exception as error:
            if not isinstance(error, ApiError):
                log.exception("event=%r controller=%s key=%s/%s", "reconcile failed", self.controller.name, *key)
            run.refusal = error
        finally:
            room.release()
        if run.refusal is not None:
            pause = self.queue.failed(key, self.clock())
            log.debug(
                "event=%r controller=%s key=%s/%s error=%s again=%.3f",
                *("reconcile refused", self.controller.name, *key, run.refusal, pause),
            )
        elif run.awaited.settle(self.view):
            self.queue.done(key)
        else:
            self.held.hold(key, run.awaited, self.clock() + HOLD_SECONDS_MAX)
        if run.again is not None:
            self.queue.add_at(key, self.clock() + run.again)
        self.wake.set()


class Run:
    """One run of one key: drives the generator and makes its writes."""

    __slots__ = ("again", "awaited", "key", "refusal", "runner")

    def __init__(self, runner: Runner, key: Key) -> None:
        self.runner = runner
        self.key = key
        self.awaited = Awaited()
        self.again: float | None = None
        self.refusal: Exception | None = None

    async def drive(self) -> None:
        runner = self.runner
        controller = runner.controller
        sight = Sight(runner.view, runner.clock())
        obj = runner.view.get(controller.resource, self.key[1], self.key[0]) if controller.resource else None
        if obj is not None and controller.reconcile is not None:
            writes = controller.reconcile(obj, sight)
        elif controller.absent is not None:
            writes = controller.absent(self.key, sight)
        else:
            return
        outcome: Outcome = None
        while True:
            try:
                wanted = writes.send(outcome)
            except StopIteration:
                return
            if isinstance(wanted, list):
                outcome = list(await asyncio.gather(*(self.make(write) for write in wanted)))
            else:
                outcome = await self.make(wanted)

    async def make(self, write: Write) -> Outcome:
        """Make one write; returns its outcome as a reconcile receives it."""
        match write:
            case Event():
                self.runner.teller.tell(write, self.runner.controller.name)
                return None
            case Again(after):
                self.again = after if self.again is None else min(self.again, after)
                return None
            case Note(key):
                self.runner.queue.add(key)
                return None
        try:
            return await self._call(write)
        except ApiError as error:
            if isinstance(write, Ask):
                return None if error.reason == "NotFound" else error
            if isinstance(write, Delete) and error.reason == "NotFound":
                return None
            if not (isinstance(write, Create) and error.reason == "AlreadyExists"):
                self.refusal = error
            return error

    async def _call(self, write: Write) -> Outcome:
        calls = self.runner.calls
        match write:
            case Create(obj, subresource, resource):
                resource = resource or resource_of(obj)
                return self._wrote(resource, await calls.create(resource, obj, subresource), subresource)
            case Update(obj, subresource, resource):
                resource = resource or resource_of(obj)
                return self._wrote(resource, await calls.update(resource, obj, subresource), "")
            case Patch(obj, patch, kind, subresource, resource):
                resource = resource or resource_of(obj)
                name, namespace = objects.name(obj), objects.namespace(obj)
                made = await calls.patch(resource, name, patch, namespace, subresource=subresource, kind=kind)
                return self._wrote(resource, made, "")
            case Status(obj, status, resource):
                if not same(obj.get("status") or {}, status):
                    resource = resource or resource_of(obj)
                    return self._wrote(resource, await calls.update(resource, {**obj, "status": status}, "status"), "")
            case Delete(obj, options, resource):
                resource = resource or resource_of(obj)
                options = {"preconditions": {"uid": objects.uid(obj)}, **(options or {})}
                await calls.delete(resource, objects.name(obj), objects.namespace(obj), options)
                if resource in self.runner.follows:
                    self.awaited.removed(resource, obj)
            case Ask(resource, name, namespace, labels, fields):
                if name:
                    return await calls.get(resource, name, namespace)
                return (await calls.list(resource, namespace, labels=labels, fields=fields))[0]
        return None

    def _wrote(self, resource: str, made: Object, subresource: str) -> Object:
        if resource in self.runner.follows and not subresource:
            self.awaited.wrote(resource, objects.revision(made))
        return made


class Teller:
    """Writes events one after the other, so that no reconcile waits for them; drops them when too many wait."""

    def __init__(self, calls: Calls, clock: Clock, source: str = COMPONENT, host: str = "") -> None:
        self.calls = calls
        self.clock = clock
        self.source = source
        self.host = host
        self.recorders: dict[str, Recorder] = {}
        self.waiting: asyncio.Queue[tuple[Event, str]] = asyncio.Queue(EVENTS_WAITING_MAX)

    def tell(self, event: Event, source: str = "") -> None:
        try:
            self.waiting.put_nowait((event, source or self.source))
        except asyncio.QueueFull:
            log.warning("event=%r reason=%s", "event dropped", event.reason)

    async def run(self) -> None:
        """Take what waits, a group at a time: those about one thing in their order, the others side by side."""
        while True:
            lines: dict[tuple[str, str], list[tuple[Event, str]]] = {}
            event, source = await self.waiting.get()
            for _ in range(EVENTS_AT_ONCE):
                lines.setdefault((objects.uid(event.obj) or objects.name(event.obj), event.reason), []).append(
                    (event, source)
                )
                if self.waiting.empty():
                    break
                event, source = self.waiting.get_nowait()
            else:
                lines.setdefault((objects.uid(event.obj) or objects.name(event.obj), event.reason), []).append(
                    (event, source)
                )
            await asyncio.gather(*(self._line(line) for line in lines.values()))

    async def _line(self, line: list[tuple[Event, str]]) -> None:
        for event, source in line:
            recorder = self.recorders.setdefault(source, Recorder(source, self.host))
            try:
                await self._write(recorder, event)
            except ApiError as error:
                log.debug("event=%r reason=%s error=%s", "event refused", event.reason, error)
            except Exception:
                log.exception("event=%r reason=%s", "event failed", event.reason)

    async def _write(self, recorder: Recorder, event: Event) -> None:
        write = recorder.note(event, self.clock())
        if isinstance(write, Patch):
            try:
                name, namespace = objects.name(write.obj), objects.namespace(write.obj)
                recorder.written(await self.calls.patch("events", name, write.patch, namespace))
                return
            except ApiError as error:
                if error.reason != "NotFound":
                    raise
            recorder.forgotten(write.obj)
            write = recorder.note(event, self.clock())
        if isinstance(write, Create):
            recorder.written(await self.calls.create("events", write.obj))
