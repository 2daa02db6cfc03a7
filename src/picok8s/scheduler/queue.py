"""Which pod is scheduled next: by priority, then by age; one that found no node waits for a change, and a while.

Pure: time is an argument. A pod is in one of these places:

    active     to be scheduled now               backing    a change may help it, but it must wait a little longer
    waiting    found no node; nothing that could help has happened since
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from picok8s.api import objects

Object = dict[str, Any]

BACKOFF_FIRST_SECONDS = 1.0
BACKOFF_MAX_SECONDS = 10.0
WAIT_SECONDS_MAX = 300.0  # After so long it is tried again even when nothing was seen to change.


@dataclass(slots=True)
class Entry:
    """A pod that wants a node."""

    pod: Object
    since: float
    attempts: int = 0
    failed_at: float = 0.0
    reasons: frozenset[str] = frozenset()

    def backoff_ends(self) -> float:
        if not self.attempts:
            return 0.0
        return self.failed_at + min(BACKOFF_FIRST_SECONDS * 2.0 ** (self.attempts - 1), BACKOFF_MAX_SECONDS)


@dataclass(slots=True)
class Queue:
    entries: dict[str, Entry] = field(default_factory=dict)  # By uid: every pod that is known and not being decided.
    active: list[tuple[int, float, int, str]] = field(default_factory=list)
    backing: list[tuple[float, int, str]] = field(default_factory=list)
    place: dict[str, str] = field(default_factory=dict)  # uid -> "active" | "backing" | "waiting"
    waiting: dict[str, None] = field(default_factory=dict)  # In the order of their failures.
    flying: dict[str, Entry] = field(default_factory=dict)  # Being decided or bound.
    moves: int = 0  # How often something changed that could help; seen by `failed`.
    count: int = 0

    def add(self, pod: Object, now: float) -> None:
        """A new pod, or one that changed so that it may find a node now."""
        uid = objects.uid(pod)
        if uid in self.flying:
            self.flying[uid].pod = pod
            return
        entry = self.entries.get(uid)
        if entry is None:
            entry = self.entries[uid] = Entry(pod, now)
        entry.pod = pod
        self._activate(uid, entry)

    def update(self, pod: Object) -> None:
        """It changed in a way that matters not."""
        uid = objects.uid(pod)
        if (entry := self.entries.get(uid) or self.flying.get(uid)) is not None:
            entry.pod = pod

    def drop(self, uid: str) -> None:
        self.entries.pop(uid, None)
        self.flying.pop(uid, None)
        self.waiting.pop(uid, None)
        self.place.pop(uid, None)

    def take(self, now: float) -> Entry | None:
        """The next pod to decide about."""
        self.wake(now)
        while self.active:
            uid = heapq.heappop(self.active)[3]
            if self.place.get(uid) == "active":
                entry = self.entries.pop(uid)
                del self.place[uid]
                entry.attempts += 1
                self.flying[uid] = entry
                return entry
        return None

    def done(self, uid: str) -> None:
        self.flying.pop(uid, None)

    def failed(self, entry: Entry, now: float, reasons: frozenset[str], moves: int, soon: bool = False) -> None:
        """No node, or the binding failed (`soon`). `moves` is what it was when the decision was begun."""
        uid = objects.uid(entry.pod)
        if self.flying.pop(uid, None) is None:
            return  # Deleted meanwhile.
        entry.failed_at, entry.reasons = now, reasons
        self.entries[uid] = entry
        if soon or moves != self.moves:
            self._back_off(uid, entry)
        else:
            self.place[uid] = "waiting"
            self.waiting[uid] = None

    def move(self, now: float, helps: Callable[[Entry], bool] = lambda entry: True) -> None:
        """Something changed: the waiting pods that it may help come again once their backoff is over."""
        self.moves += 1
        for uid in list(self.waiting):
            entry = self.entries[uid]
            if helps(entry):
                if entry.backoff_ends() <= now:
                    self._activate(uid, entry)
                else:
                    self._back_off(uid, entry)

    def wake(self, now: float) -> None:
        while self.backing and self.backing[0][0] <= now:
            uid = heapq.heappop(self.backing)[2]
            if self.place.get(uid) == "backing":
                self._activate(uid, self.entries[uid])
        while (oldest := next(iter(self.waiting), None)) is not None:
            if self.entries[oldest].failed_at + WAIT_SECONDS_MAX > now:
                break
            self._activate(oldest, self.entries[oldest])

    def next_moment(self) -> float | None:
        """When the next pod comes by itself."""
        moments = [self.backing[0][0]] if self.backing else []
        oldest = next(iter(self.waiting), None)
        if oldest is not None:
            moments.append(self.entries[oldest].failed_at + WAIT_SECONDS_MAX)
        return min(moments, default=None)

    def _activate(self, uid: str, entry: Entry) -> None:
        if self.place.get(uid) == "active":
            return
        self.place[uid] = "active"
        self.waiting.pop(uid, None)
        self.count += 1
        heapq.heappush(self.active, (-(entry.pod["spec"].get("priority") or 0), entry.since, self.count, uid))

    def _back_off(self, uid: str, entry: Entry) -> None:
        self.place[uid] = "backing"
        self.waiting.pop(uid, None)
        self.count += 1
        heapq.heappush(self.backing, (entry.backoff_ends(), self.count, uid))
