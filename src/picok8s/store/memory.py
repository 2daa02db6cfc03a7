"""The log that keeps nothing: for tests and the API-only server."""

from collections.abc import Iterable

from picok8s.store.log import Change


class MemoryLog:
    durable = False

    def load(self) -> tuple[int, int, Iterable[Change]]:
        return 0, 0, ()

    def append(self, changes: list[Change]) -> None:
        return None

    def compact(self, revision: int) -> None:
        return None

    def close(self) -> None:
        return None
