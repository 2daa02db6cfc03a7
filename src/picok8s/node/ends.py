"""Who wants to know when a container has ended: each is told once."""

from collections.abc import Callable

Told = Callable[[], None]


class Ends:
    def __init__(self) -> None:
        self._waiting: dict[str, list[Told]] = {}  # container id -> who waits for its end

    def at(self, id: str, told: Told) -> Told:
        """Be told once when a container has ended or is gone; what is returned takes that back."""
        listeners = self._waiting.setdefault(id, [])
        listeners.append(told)

        def stop() -> None:
            if told in listeners:
                listeners.remove(told)
            if not listeners and self._waiting.get(id) is listeners:
                del self._waiting[id]

        return stop

    def tell(self, id: str) -> None:
        for told in self._waiting.pop(id, []):
            told()
