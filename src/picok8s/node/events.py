"""Events about pods and the node, as `kubectl describe` shows them. The same event again counts up the old one."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from picok8s.api import moment
from picok8s.api.errors import ApiError
from picok8s.client.calls import Calls
from picok8s.node.world import World

Object = dict[str, Any]

REMEMBERED_MAX = 1024
WAITING_MAX = 500  # Events that wait for the API server; beyond it the oldest are lost, as they are only hints.
BURST, REFILL_PER_SECOND = 25, 1 / 300  # For one object, as upstream limits it.


@dataclass(slots=True)
class Told:
    """An event that was written: its name, how often it happened, and since when."""

    name: str
    count: int
    first: str


def reference(pod: Object, field_path: str = "") -> Object:
    meta = pod["metadata"]
    made = {
        "kind": "Pod",
        "apiVersion": "v1",
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "resourceVersion": meta.get("resourceVersion", ""),
    }
    return {**made, "fieldPath": field_path} if field_path else made


class Events:
    """`tell` only queues; `run` writes, one event at a time."""

    def __init__(self, calls: Calls, world: World, node: str) -> None:
        self._calls = calls
        self._world = world
        self._node = node
        self._told: OrderedDict[str, Told] = OrderedDict()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._waiting: list[tuple[str, Object]] = []
        self._some = world.event()

    def tell(self, about: Object, type: str, reason: str, message: str) -> None:
        now = self._world.now()
        if not self._allowed(about.get("uid") or about["name"], now):
            return
        words = "\0".join((about["kind"], about.get("uid", ""), about.get("fieldPath", ""), type, reason, message))
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": about.get("namespace") or "default"},
            "involvedObject": about,
            "reason": reason,
            "message": message[:1024],
            "source": {"component": "kubelet", "host": self._node},
            "reportingComponent": "kubelet",
            "reportingInstance": self._node,
            "type": type,
            "lastTimestamp": moment.time(now),
        }
        event["metadata"]["name"] = (
            f"{about['name']}.{int(now * 1e9):x}{hashlib.sha256(words.encode()).hexdigest()[:4]}"
        )
        self._waiting = [*self._waiting[-WAITING_MAX:], (words, event)]
        self._some.set()

    def _allowed(self, key: str, now: float) -> bool:
        tokens, at = self._buckets.pop(key, (float(BURST), now))
        tokens = min(float(BURST), tokens + (now - at) * REFILL_PER_SECOND)
        self._buckets[key] = (tokens - 1 if tokens >= 1 else tokens, now)
        if len(self._buckets) > REMEMBERED_MAX:
            self._buckets.popitem(last=False)
        return tokens >= 1

    async def run(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            waiting, self._waiting = self._waiting, []
            for words, event in waiting:
                try:
                    await self._write(words, event)
                except ApiError:
                    pass  # The object's namespace is going away, or the server is: the event is not worth a retry.

    async def _write(self, words: str, event: Object) -> None:
        told = self._told.get(words)
        namespace = event["metadata"]["namespace"]
        if told is not None:
            told.count += 1
            patch = {"count": told.count, "lastTimestamp": event["lastTimestamp"]}
            try:
                await self._calls.patch("events", told.name, patch, namespace, kind="merge")
                self._told.move_to_end(words)
                return
            except ApiError as error:
                if error.code != 404:
                    raise
        made = {**event, "count": 1, "firstTimestamp": event["lastTimestamp"]}
        await self._calls.create("events", made)
        self._told[words] = Told(event["metadata"]["name"], 1, event["lastTimestamp"])
        if len(self._told) > REMEMBERED_MAX:
            self._told.popitem(last=False)
