"""Which key runs next: each key once, never twice at the same time, a failing one after ever longer pauses.

Pure: it knows no clock and no tasks. A key is in at most one of these places, and may wait for more than one reason:

    waiting   to run as soon as there is room          active   running now, or held until its writes were seen
    delayed   to run at a moment                       again    became due while it was active
"""

import heapq
from collections.abc import Hashable
from dataclasses import dataclass, field

BACKOFF_FIRST_SECONDS = 0.005
BACKOFF_MAX_SECONDS = 1000.0


@dataclass(slots=True)
class Queue:
    """Keys to run. `take` gives one and marks it active; `done` or `failed` gives it back."""

    waiting: dict[Hashable, None] = field(default_factory=dict)  # A dict keeps the order and drops doubles.
    active: set[Hashable] = field(default_factory=set)
    again: set[Hashable] = field(default_factory=set)
    due: dict[Hashable, float] = field(default_factory=dict)
    moments: list[tuple[float, int, Hashable]] = field(default_factory=list)
    failures: dict[Hashable, int] = field(default_factory=dict)
    count: int = 0  # Breaks ties among equal moments; keys need no order.

    def add(self, key: Hashable) -> None:
        """Run it soon, whatever it waits for."""
        self.due.pop(key, None)
        if key in self.active:
            self.again.add(key)
        else:
            self.waiting[key] = None

    def add_at(self, key: Hashable, moment: float) -> None:
        """Run it at `moment`, if nothing runs it earlier."""
        if key in self.waiting or self.due.get(key, moment + 1) <= moment:
            return
        self.due[key] = moment
        self.count += 1
        heapq.heappush(self.moments, (moment, self.count, key))

    def take(self, now: float) -> Hashable | None:
        """The next key that may run, which is active from then on; None when there is none."""
        self._wake(now)
        if not self.waiting:
            return None
        key = next(iter(self.waiting))
        del self.waiting[key]
        self.active.add(key)
        return key

    def done(self, key: Hashable) -> None:
        """It ran well: forget its failures, and run it again if it became due meanwhile."""
        self.failures.pop(key, None)
        self._leave(key)

    def failed(self, key: Hashable, now: float) -> float:
        """It ran badly: it runs again after a pause, which is returned."""
        count = self.failures.get(key, 0)
        self.failures[key] = count + 1
        pause = min(BACKOFF_FIRST_SECONDS * 2.0 ** min(count, 60), BACKOFF_MAX_SECONDS)
        self._leave(key)
        self.add_at(key, now + pause)
        return pause

    def next_moment(self) -> float | None:
        """When the next delayed key is due."""
        while self.moments and self.due.get(self.moments[0][2]) != self.moments[0][0]:
            heapq.heappop(self.moments)
        return self.moments[0][0] if self.moments else None

    def _leave(self, key: Hashable) -> None:
        self.active.discard(key)
        if key in self.again:
            self.again.discard(key)
            self.waiting[key] = None
            self.due.pop(key, None)

    def _wake(self, now: float) -> None:
        while (moment := self.next_moment()) is not None and moment <= now:
            key = heapq.heappop(self.moments)[2]
            del self.due[key]
            self.add(key)
