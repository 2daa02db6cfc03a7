"""What the store asks of an engine: load what is, append what changes, forget what is superseded.

An engine knows nothing of resources or watches. It is given changes in revision order and must have made them durable
when `append` returns. `sqlite.py` keeps them on disk, `memory.py` nowhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Change:
    """One write: at `revision` the object of this key became `data` (JSON), or, when `deleted`, was last `data`."""

    revision: int
    storage: str  # "pods", "deployments.apps"
    namespace: str
    name: str
    data: bytes
    deleted: bool = False


class Log(Protocol):
    """The engine. Its calls may block: the store makes them outside of the event loop."""

    durable: bool  # False: `append` costs nothing and may be called in the loop.

    def load(self) -> tuple[int, int, Iterable[Change]]:
        """(newest revision, revision up to which history was compacted, changes in revision order)."""
        ...

    def append(self, changes: list[Change]) -> None:
        """All of them or none. Raises StoreError when they could not be made durable."""
        ...

    def compact(self, revision: int) -> None:
        """Forget what was superseded or deleted at or before `revision`."""
        ...

    def close(self) -> None: ...


class TooLarge(Exception):
    """An object that the store does not take; the words are etcd's, which clients know."""

    def __init__(self) -> None:
        super().__init__("etcdserver: request is too large")


class StoreError(Exception):
    """The datastore cannot be used: the message says why and what to do."""
