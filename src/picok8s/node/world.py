"""The clock, the tasks and the sockets, as the rest of the node is given them; `run.py` makes the real one."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Task(Protocol):
    def cancel(self) -> Any: ...

    def done(self) -> bool: ...


class Event(Protocol):
    def set(self) -> None: ...

    def clear(self) -> None: ...

    def is_set(self) -> bool: ...

    async def wait(self) -> Any: ...


class World(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def chance(self) -> float:
        """A random number from 0 up to 1."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> Task:
        """A task of its own. What it raises is logged and ends only itself."""
        ...

    def event(self) -> Event: ...

    def gate(self, places: int) -> Any:
        """A semaphore: an async context manager that lets so many in at once."""
        ...

    async def within(self, seconds: float | None, work: Awaitable[T]) -> T:
        """The result of `work`, or TimeoutError."""
        ...

    async def thread(self, work: Callable[..., T], *args: Any) -> T: ...

    async def connect(self, host: str, port: int) -> None:
        """Opens a TCP connection and closes it; OSError when nobody listens."""
        ...

    def watch_folder(self, path: str, changed: Callable[[str], None]) -> Callable[[], None]:
        """`changed(name)` on each change of a file of the folder; answers how to end that."""
        ...
