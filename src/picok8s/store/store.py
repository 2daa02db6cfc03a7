"""The store: all objects at the newest durable revision, in memory, and one ordered stream of changes.

A write is checked against what was written before it (durable or not), gets the next revision, waits for the engine to make
its group durable, and only then becomes visible to reads and watches, in revision order. So an acknowledged write is on disk,
and nobody ever sees one that could be lost. Reads never wait.

Objects are kept as the bytes to send (`Stored.data`) beside the parsed dict; both are shared by all readers and never changed.
"""

from __future__ import annotations  # A method is called `list`.

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from picok8s.store.log import Change, Log, StoreError, TooLarge
from picok8s.store.watch import Event, Watch

Object = dict[str, Any]
Key = tuple[str, str]  # (namespace, name)

GROUP_MAX = 512  # Writes in one transaction.
HISTORY_MAX = 4096  # Events kept for each resource, for watches that resume and lists of the past.
OBJECT_MAX = 1536 * 1024  # Bytes; what etcd takes, so that every object can move there.
COMPACT_EVERY = 5000  # Writes between compactions.
WATCH_QUEUE_MAX = 16384  # Events that a watcher may be behind.


class Stored:
    """An object at a revision. `data` is its JSON, beginning with apiVersion and kind; `obj` the same, parsed when first asked."""

    __slots__ = ("_obj", "data", "revision")

    def __init__(self, revision: int, data: bytes, obj: Object | None = None) -> None:
        self.revision = revision
        self.data = data
        self._obj = obj

    @property
    def obj(self) -> Object:
        if self._obj is None:
            self._obj = orjson.loads(self.data)
        return self._obj


Items = list[tuple[Key, Stored]]


class Conflict(Exception):
    """The object is not at the revision that the write expects; `found` is what is there, None when nothing is."""

    def __init__(self, found: Stored | None) -> None:
        super().__init__("the object has been modified")
        self.found = found


class Compacted(Exception):
    """The history that was asked for is gone."""


@dataclass(slots=True)
class Shelf:
    """All objects of one resource, and its recent past."""

    objects: dict[Key, Stored] = field(default_factory=dict)
    history: deque[Event] = field(default_factory=lambda: deque(maxlen=HISTORY_MAX))
    watches: set[Watch] = field(default_factory=set)
    revision: int = 0  # Of the last change.
    floor: int = 0  # History is whole after this revision.


@dataclass(slots=True)
class Pending:
    """A write that waits to be durable."""

    change: Change
    event: Event
    done: asyncio.Future[None]


Group = list[Pending]


class Store:
    def __init__(self, log: Log) -> None:
        self.log = log
        self.shelves: dict[str, Shelf] = {}
        self.ahead: dict[tuple[str, Key], Stored | None] = {}  # What is written but not yet durable; None: deleted.
        self.queue: deque[Pending] = deque()
        self.writer: asyncio.Task[None] | None = None
        self.revision = 0  # Newest visible.
        self.next = 0  # Newest given out.
        self.floor = 0
        self.written = 0
        self.failed: StoreError | None = None
        self._load()

    def _load(self) -> None:
        newest, floor, changes = self.log.load()
        self.floor = floor
        for change in changes:
            shelf = self._shelf(change.storage)
            key = (change.namespace, change.name)
            old = shelf.objects.get(key)
            stored = Stored(change.revision, change.data)
            if change.deleted:
                shelf.objects.pop(key, None)
            else:
                shelf.objects[key] = stored
            if change.revision > floor:
                new = None if change.deleted else stored
                self._remember(shelf, Event(change.revision, key, new, old, stored))
            shelf.revision = change.revision
        self.revision = self.next = newest

    def _shelf(self, storage: str) -> Shelf:
        shelf = self.shelves.get(storage)
        if shelf is None:
            shelf = self.shelves[storage] = Shelf(floor=self.floor)
        return shelf

    def _remember(self, shelf: Shelf, event: Event) -> None:
        if len(shelf.history) == HISTORY_MAX:
            shelf.floor = shelf.history[0].revision
        shelf.history.append(event)

    # Reads.

    def get(self, storage: str, name: str, namespace: str = "") -> Stored | None:
        shelf = self.shelves.get(storage)
        return shelf.objects.get((namespace, name)) if shelf else None

    def newest(self, storage: str, name: str, namespace: str = "") -> Stored | None:
        """Like get, with the writes that are not durable yet: what a read-modify-write begins from."""
        ahead = self.ahead.get((storage, (namespace, name)), False)
        return self.get(storage, name, namespace) if ahead is False else ahead  # type: ignore[return-value]

    def list(self, storage: str, namespace: str | None = None) -> Items:
        """All objects in no promised order; of one namespace when it is given."""
        shelf = self.shelves.get(storage)
        if shelf is None:
            return []
        if namespace is None:
            return list(shelf.objects.items())
        return [item for item in shelf.objects.items() if item[0][0] == namespace]

    def newest_of(self, storage: str) -> Iterator[Stored]:
        """All objects of a resource, with the writes that are not durable yet."""
        shelf = self.shelves.get(storage)
        ahead = {key: stored for (its, key), stored in self.ahead.items() if its == storage}
        for key, stored in (shelf.objects if shelf else {}).items():
            if key not in ahead:
                yield stored
        yield from (stored for stored in ahead.values() if stored is not None)

    def list_at(self, storage: str, revision: int, namespace: str | None = None) -> Items:
        """The list as it was at a past revision: the present with what came later undone. Raises Compacted."""
        shelf = self._shelf(storage)
        if revision >= shelf.revision:
            return self.list(storage, namespace)
        if revision < shelf.floor:
            raise Compacted
        objects = dict(shelf.objects)
        for event in reversed(shelf.history):
            if event.revision <= revision:
                break
            if event.old is None:
                objects.pop(event.key, None)
            else:
                objects[event.key] = event.old
        return [item for item in objects.items() if namespace is None or item[0][0] == namespace]

    def revision_of(self, storage: str) -> int:
        shelf = self.shelves.get(storage)
        return shelf.revision if shelf else 0

    def count(self, storage: str) -> int:
        shelf = self.shelves.get(storage)
        return len(shelf.objects) if shelf else 0

    def watch(self, storage: str, after: int) -> Watch:
        """What changes after a revision, from history first. Raises Compacted."""
        shelf = self._shelf(storage)
        if after < shelf.floor:
            raise Compacted
        watch = Watch(WATCH_QUEUE_MAX, shelf.watches.discard)
        for event in self._after(shelf, after):
            watch.put(event)
        shelf.watches.add(watch)
        return watch

    def _after(self, shelf: Shelf, after: int) -> Iterator[Event]:
        if not shelf.history or shelf.history[-1].revision <= after:
            return
        for event in shelf.history:
            if event.revision > after:
                yield event

    # Writes. Each returns when the change is durable and visible.

    async def put(self, storage: str, obj: Object, expected: Stored | None) -> Stored:
        """Create (`expected` None) or replace. Sets metadata.resourceVersion of `obj`, which the store keeps. Raises Conflict."""
        metadata = obj["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        old = self._check(storage, key, expected)
        self.next += 1
        metadata["resourceVersion"] = str(self.next)
        obj = _in_order(obj)
        stored = Stored(self.next, orjson.dumps(obj), obj)
        if len(stored.data) > OBJECT_MAX:
            self.next -= 1
            raise TooLarge
        await self._write(Change(self.next, storage, *key, stored.data), stored, old)
        return stored

    async def delete(self, storage: str, name: str, namespace: str, expected: Stored) -> Stored:
        """Remove it; returns its last state, at the revision of its deletion. Raises Conflict."""
        key = (namespace, name)
        old = self._check(storage, key, expected)
        assert old is not None
        self.next += 1
        last = {**old.obj, "metadata": {**old.obj["metadata"], "resourceVersion": str(self.next)}}
        stored = Stored(self.next, orjson.dumps(last), last)
        await self._write(Change(self.next, storage, *key, stored.data, deleted=True), None, old, stored)
        return stored

    def _check(self, storage: str, key: Key, expected: Stored | None) -> Stored | None:
        if self.failed:
            raise self.failed
        found = self.newest(storage, key[1], key[0])
        if (found.revision if found else 0) != (expected.revision if expected else 0):
            raise Conflict(found)
        return found

    async def _write(self, change: Change, new: Stored | None, old: Stored | None, last: Stored | None = None) -> None:
        key = (change.namespace, change.name)
        event = Event(change.revision, key, new, old, last or new)
        if not self.log.durable and not self.queue:
            self._publish(change.storage, event)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ahead[(change.storage, key)] = new
        self.queue.append(Pending(change, event, done))
        if self.writer is None or self.writer.done():
            self.writer = asyncio.get_running_loop().create_task(self._drain())
        await asyncio.shield(done)

    async def _drain(self) -> None:
        """Make what waits durable, a group at a time, while there is any."""
        loop = asyncio.get_running_loop()
        while self.queue:
            group = [self.queue.popleft() for _ in range(min(len(self.queue), GROUP_MAX))]
            try:
                await loop.run_in_executor(None, self.log.append, [pending.change for pending in group])
            except Exception as error:
                self._fail(group, error)
                return
            for pending in group:
                place = (pending.change.storage, (pending.change.namespace, pending.change.name))
                if self.ahead.get(place, False) is pending.event.new:
                    del self.ahead[place]
                self._publish(pending.change.storage, pending.event)
                if not pending.done.done():
                    pending.done.set_result(None)
            self.written += len(group)
            if self.written >= COMPACT_EVERY:
                self.written = 0
                await loop.run_in_executor(None, self.log.compact, max(0, self.revision - HISTORY_MAX))

    def _fail(self, group: Group, error: Exception) -> None:
        """Nothing that waits was written: tell each writer, forget it all, and go on from what is durable."""
        for pending in [*group, *self.queue]:
            if not pending.done.done():
                pending.done.set_exception(StoreError(str(error)))
        self.queue.clear()
        self.ahead.clear()
        self.next = self.revision

    def _publish(self, storage: str, event: Event) -> None:
        shelf = self._shelf(storage)
        if event.new is None:
            shelf.objects.pop(event.key, None)
        else:
            shelf.objects[event.key] = event.new
        shelf.revision = self.revision = event.revision
        self._remember(shelf, event)
        for watch in tuple(shelf.watches):
            watch.put(event)

    def forget_the_past(self) -> None:
        """History begins now: nobody can have seen what was before (the first objects of a new cluster)."""
        self.floor = self.revision
        for shelf in self.shelves.values():
            shelf.history.clear()
            shelf.floor = self.revision

    async def close(self) -> None:
        """Wait for what is under way, then close the engine. Watches end."""
        if self.writer is not None:
            await self.writer
        self.end_watches()
        self.log.close()

    def end_watches(self) -> None:
        for shelf in self.shelves.values():
            for watch in tuple(shelf.watches):
                watch.close()


def _in_order(obj: Object) -> Object:
    """apiVersion and kind first: the rest of the bytes then follows a prefix that lists can cut off."""
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], **obj}
