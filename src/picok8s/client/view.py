"""What list-and-watch has shown of the cluster: objects by resource, name and index, and who wants to hear of changes.

A View is filled by `follow`, one task a resource. Reading it never waits. What it gives out must not be changed.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.client.calls import Calls

Object = dict[str, Any]
Key = tuple[str, str]  # (namespace, name)
Objects = list[Object]
Listener = Callable[[str, Object, Object | None], None]
Index = Callable[[Object], Iterable[str]]

PAUSE_MIN_S, PAUSE_MAX_S = 0.05, 5.0

log = logging.getLogger("picok8s.client")


class _Shelf:
    """One resource as it was last shown."""

    __slots__ = ("indexes", "listeners", "objects", "revision", "synced")

    def __init__(self, indexes: dict[str, Index]) -> None:
        self.objects: dict[Key, Object] = {}
        self.indexes: dict[str, tuple[Index, dict[str, dict[Key, Object]]]] = {n: (f, {}) for n, f in indexes.items()}
        self.listeners: list[Listener] = []
        self.revision = ""
        self.synced = asyncio.Event()


class View:
    """`indexes`: resource -> index name -> the keys that an object is found under."""

    def __init__(self, indexes: dict[str, dict[str, Index]] | None = None) -> None:
        self._indexes = indexes or {}
        self._shelves: dict[str, _Shelf] = {}

    def _shelf(self, resource: str) -> _Shelf:
        shelf = self._shelves.get(resource)
        if shelf is None:
            shelf = self._shelves[resource] = _Shelf(self._indexes.get(resource, {}))
        return shelf

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None:
        return self._shelf(resource).objects.get((namespace, name))

    def list(self, resource: str, namespace: str | None = None) -> Objects:
        objects = self._shelf(resource).objects
        if namespace is None:
            return list(objects.values())
        return [obj for (place, _), obj in objects.items() if place == namespace]

    def by(self, resource: str, index: str, key: str) -> Objects:
        return list(self._shelf(resource).indexes[index][1].get(key, {}).values())

    def synced(self, resource: str) -> bool:
        return self._shelf(resource).synced.is_set()

    async def until_synced(self, *resources: str) -> None:
        for resource in resources:
            await self._shelf(resource).synced.wait()

    def revision(self, resource: str) -> str:
        """The last revision that was seen of the resource."""
        return self._shelf(resource).revision

    def subscribe(self, resource: str, listener: Listener) -> None:
        """`listener(kind, new, old)` is called for each change, in order; `new` is the last state for DELETED."""
        self._shelf(resource).listeners.append(listener)

    def apply(self, resource: str, kind: str, obj: Object) -> None:
        """One event of a watch."""
        shelf = self._shelf(resource)
        metadata = obj["metadata"]
        shelf.revision = metadata["resourceVersion"]
        if kind == "BOOKMARK":
            return
        key = (metadata.get("namespace", ""), metadata["name"])
        old = shelf.objects.get(key)
        if kind == "DELETED":
            shelf.objects.pop(key, None)
        else:
            kind = "MODIFIED" if old is not None else "ADDED"
            shelf.objects[key] = obj
        for read, entries in shelf.indexes.values():
            if old is not None:
                _unindex(read(old), entries, key)
            if kind != "DELETED":
                for word in read(obj):
                    entries.setdefault(word, {})[key] = obj
        for listener in shelf.listeners:
            listener(kind, obj, old)

    def replace(self, resource: str, objects: Objects, revision: str) -> None:
        """A new list: what is not in it was deleted meanwhile."""
        shelf = self._shelf(resource)
        seen = set()
        for obj in objects:
            key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            seen.add(key)
            old = shelf.objects.get(key)
            if old is None or old["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
                self.apply(resource, "MODIFIED", obj)
        for key in [key for key in shelf.objects if key not in seen]:
            self.apply(resource, "DELETED", shelf.objects[key])
        shelf.revision = revision
        shelf.synced.set()


def _unindex(words: Iterable[str], entries: dict[str, dict[Key, Object]], key: Key) -> None:
    for word in words:
        found = entries.get(word)
        if found is not None:
            found.pop(key, None)
            if not found:
                del entries[word]


async def follow(
    calls: Calls, view: View, resource: str, namespace: str = "", labels: str = "", fields: str = ""
) -> None:
    """List, then watch, for ever; after a failure again, with growing pauses. Ends only by cancellation."""
    pause = PAUSE_MIN_S
    listed = False
    while True:
        try:
            if not listed:
                objects, revision = await calls.list(resource, namespace, labels, fields)
                view.replace(resource, objects, revision)
                listed = True
            pause = PAUSE_MIN_S
            async for kind, obj in calls.watch(resource, view.revision(resource), namespace, labels, fields):
                view.apply(resource, kind, obj)
            await asyncio.sleep(PAUSE_MIN_S)  # The server ended the watch: go on from where it was.
        except ApiError as error:
            if error.reason in ("Expired", "Gone"):
                listed = False
            elif error.code not in (502, 503, 504):
                log.warning('event="follow failed" resource=%s error=%r', resource, str(error))
            await asyncio.sleep(pause * (0.5 + random.random()))
            pause = min(pause * 2, PAUSE_MAX_S)
