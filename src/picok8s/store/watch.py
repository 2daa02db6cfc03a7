"""One watcher's view of the stream of changes: a bounded queue that is closed, never blocked, when its reader falls behind."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from picok8s.store.store import Stored


class Event:
    """A change: `new` is None for a deletion, `old` for a creation; `last` is what to show (the final state of what was deleted).

    `lines` keeps the encoded forms of the event, so that it is encoded once for all watchers of a form.
    """

    __slots__ = ("key", "last", "lines", "new", "old", "revision")

    def __init__(
        self, revision: int, key: tuple[str, str], new: "Stored | None", old: "Stored | None", last: "Stored | None"
    ) -> None:
        self.revision = revision
        self.key = key
        self.new = new
        self.old = old
        self.last = last
        self.lines: dict[Any, bytes] = {}

    @property
    def type(self) -> str:
        return "DELETED" if self.new is None else "ADDED" if self.old is None else "MODIFIED"


class Watch:
    """Events in order. `take` waits for some; an empty list means that the watch has ended (`behind`: its reader was too slow)."""

    __slots__ = ("_closed", "_end", "_limit", "_queue", "_waiter", "behind")

    def __init__(self, limit: int, end: Callable[["Watch"], None]) -> None:
        self._queue: deque[Event] = deque()
        self._limit = limit
        self._end = end
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self.behind = False

    def put(self, event: Event) -> None:
        if len(self._queue) >= self._limit:
            self.behind = True
            self._queue.clear()
            self.close()
            return
        self._queue.append(event)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self) -> list[Event]:
        while not self._queue:
            if self._closed:
                return []
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        events = list(self._queue)
        self._queue.clear()
        return events

    def take_now(self) -> list[Event]:
        """What is there already."""
        events = list(self._queue)
        self._queue.clear()
        return events

    def close(self) -> None:
        self._closed = True
        self._end(self)
        self._wake()
