"""Holds a key until the View has shown what the last run of it wrote, so that a reconcile may count what it sees.

Pure. A write is awaited by the resourceVersion that it was answered with; a deletion until the object is gone, another
one of its name is there, or it is marked as being deleted. What the View does not follow is not awaited.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol

Object = dict[str, Any]


class Seen(Protocol):
    """The part of a View that tells what was seen."""

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None: ...

    def revision(self, resource: str) -> str: ...


@dataclass(slots=True)
class Awaited:
    """What must be seen before a key may run again."""

    revisions: dict[str, int] = field(default_factory=dict)  # resource -> the newest revision written
    deleted: set[tuple[str, str, str, str]] = field(default_factory=set)  # (resource, namespace, name, uid)

    def wrote(self, resource: str, revision: str) -> None:
        if revision.isdigit():
            self.revisions[resource] = max(self.revisions.get(resource, 0), int(revision))

    def removed(self, resource: str, obj: Object) -> None:
        metadata = obj["metadata"]
        self.deleted.add((resource, metadata.get("namespace", ""), metadata["name"], metadata.get("uid", "")))

    def settle(self, view: Seen) -> bool:
        """Drop what was seen; true when nothing is left to wait for."""
        for resource, revision in list(self.revisions.items()):
            if _number(view.revision(resource)) >= revision:
                del self.revisions[resource]
        for waited in list(self.deleted):
            resource, namespace, name, uid = waited
            found = view.get(resource, name, namespace)
            if found is None or found["metadata"].get("uid", "") != uid or "deletionTimestamp" in found["metadata"]:
                self.deleted.discard(waited)
        return not self.revisions and not self.deleted


@dataclass(slots=True)
class Held:
    """The keys that wait for their own writes, and until when they do at most."""

    waits: dict[Hashable, tuple[Awaited, float]] = field(default_factory=dict)

    def hold(self, key: Hashable, awaited: Awaited, until: float) -> None:
        self.waits[key] = (awaited, until)

    def release(self, view: Seen, now: float) -> list[Hashable]:
        """The keys that need not wait longer."""
        free = [key for key, (awaited, until) in self.waits.items() if until <= now or awaited.settle(view)]
        for key in free:
            del self.waits[key]
        return free

    def next_moment(self) -> float | None:
        return min((until for _, until in self.waits.values()), default=None)


def _number(revision: str) -> int:
    return int(revision) if revision.isdigit() else 0
