"""Config maps and secrets that pods of this node use: each watched alone, from the first pod that needs it to the last.

A node may read only what its pods refer to, so there is no list of all. Listeners hear which pods a change is for.
"""

from collections.abc import Callable
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.client.calls import Calls
from picok8s.node.world import Event, Task, World

Object = dict[str, Any]
Key = tuple[str, str, str]  # (resource, namespace, name)

FIRST_LOOK_SECONDS = 20.0


class _Entry:
    __slots__ = ("known", "obj", "task", "users")

    def __init__(self, known: Event) -> None:
        self.obj: Object | None = None
        self.known = known  # Set once the API server said whether it exists.
        self.users: set[str] = set()
        self.task: Task | None = None


class Watched:
    def __init__(self, calls: Calls, world: World, changed: Callable[[str], None]) -> None:
        self._calls = calls
        self._world = world
        self._changed = changed
        self._entries: dict[Key, _Entry] = {}
        self._of: dict[str, set[Key]] = {}

    def hold(self, uid: str, keys: set[Key]) -> None:
        """The pod needs exactly these."""
        before = self._of.get(uid, set())
        for key in keys - before:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = _Entry(self._world.event())
                entry.task = self._world.spawn(self._follow(key, entry), f"follow {'/'.join(key)}")
            entry.users.add(uid)
        for key in before - keys:
            self._drop(uid, key)
        if keys:
            self._of[uid] = keys
        else:
            self._of.pop(uid, None)

    def _drop(self, uid: str, key: Key) -> None:
        entry = self._entries.get(key)
        if entry is not None:
            entry.users.discard(uid)
            if not entry.users:
                del self._entries[key]
                if entry.task is not None:
                    entry.task.cancel()

    async def get(self, key: Key) -> Object | None:
        """The object as last seen; None when there is none. Waits for the first look, or TimeoutError."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not entry.known.is_set():
            await self._world.within(FIRST_LOOK_SECONDS, entry.known.wait())
        return entry.obj

    async def _follow(self, key: Key, entry: _Entry) -> None:
        resource, namespace, name = key
        fields, pause = f"metadata.name={name}", 0.1
        while True:
            try:
                found, revision = await self._calls.list(resource, namespace, fields=fields)
                self._show(entry, found[0] if found else None)
                pause = 0.1
                while True:
                    async for kind, obj in self._calls.watch(resource, revision, namespace, fields=fields):
                        revision = obj["metadata"]["resourceVersion"]
                        if kind != "BOOKMARK":
                            self._show(entry, None if kind == "DELETED" else obj)
                    await self._world.sleep(0.05)
            except ApiError as error:
                if error.reason not in ("Expired", "Gone"):
                    pause = min(pause * 2, 10.0)
                await self._world.sleep(pause * (0.5 + self._world.chance()))

    def _show(self, entry: _Entry, obj: Object | None) -> None:
        first = not entry.known.is_set()
        same = (
            entry.obj is not None
            and obj is not None
            and entry.obj["metadata"].get("resourceVersion") == obj["metadata"].get("resourceVersion")
        )
        entry.obj = obj
        entry.known.set()
        if not first and not same:
            for uid in tuple(entry.users):
                self._changed(uid)
