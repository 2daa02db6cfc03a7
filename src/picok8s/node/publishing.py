"""A pod's status on its way to the API: sent when it differs from what was sent last, one call at a time."""

import logging
from typing import TYPE_CHECKING, Any

from picok8s.api.errors import ApiError
from picok8s.node import pods, resizing, status
from picok8s.node.tools import Tools
from picok8s.node.world import Task

if TYPE_CHECKING:
    from picok8s.node.worker import Worker

Object = dict[str, Any]

STATUS_RETRY_SECONDS = 2.0

log = logging.getLogger("picok8s.node")


class Publishing:
    def __init__(self, worker: "Worker", tools: Tools) -> None:
        self._worker = worker
        self._tools = tools
        self._sent: Object | None = None  # The status that the API was last given.
        self._sending: Task | None = None

    def publish(self, now: float) -> None:
        """Gives the API the pod's status when it differs from what it was given last."""
        if self._sending is not None and not self._sending.done():
            return  # The end of that call pokes, and the newest status goes out then.
        made = status.status(self._worker.pod, self._worker.seen(), self._tools.machine, now)
        if made == self._sent or (self._sent is None and self._shows(made)):
            return
        self._sending = self._tools.world.spawn(self._send(made), f"{pods.key(self._worker.pod)} status")

    def _shows(self, made: Object) -> bool:
        shown = self._worker.pod.get("status") or {}
        types = {row["type"] for row in made["conditions"]}
        own = [row for row in shown.get("conditions") or [] if row["type"] in types]
        by_type = {row["type"]: {k: v for k, v in row.items() if v is not None} for row in own}
        wanted = {row["type"]: {k: v for k, v in row.items() if v is not None} for row in made["conditions"]}
        return by_type == wanted and all(shown.get(key) == value for key, value in made.items() if key != "conditions")

    async def _send(self, made: Object) -> None:
        meta = self._worker.pod["metadata"]
        patch = {"metadata": {"uid": meta["uid"]}, "status": patched(made)}
        try:
            await self._tools.calls.patch("pods", meta["name"], patch, meta["namespace"], "status", "strategic")
        except ApiError as error:
            if error.code == 404 or (error.code == 409 and "uid" in error.message.lower()):
                self._sent = made
                return
            log.warning('event="status not taken" pod=%s error=%r', pods.key(self._worker.pod), error.message)
            await self._tools.world.sleep(STATUS_RETRY_SECONDS)
        else:
            self._sent = made
            self._worker.pod = self.with_own_status(self._worker.pod)
        self._worker.poke()

    async def send_last(self) -> None:
        """The final status, before the pod is taken from the API."""
        if self._sending is not None:
            self._sending.cancel()
        made = status.status(self._worker.pod, self._worker.seen(), self._tools.machine, self._tools.world.now())
        if made != self._sent:
            await self._send(made)

    def with_own_status(self, pod: Object) -> Object:
        """The pod with the status that this worker gave it, which the watch may not show yet."""
        if self._sent is None:
            return pod
        shown = pod.get("status") or {}
        own = {row["type"]: row for row in self._sent["conditions"]}
        kept = own.keys() | set(resizing.KINDS)
        others = [row for row in shown.get("conditions") or [] if row["type"] not in kept]
        return {**pod, "status": {**shown, **self._sent, "conditions": [*others, *own.values()]}}


def patched(made: Object) -> Object:
    """The status as a strategic merge patch: addresses replace the old ones, old words of conditions go."""
    whole = {"$patch": "replace"}
    lists = {key: [*made[key], whole] for key in ("podIPs", "hostIPs") if key in made}
    conditions = [{"reason": None, "message": None, **row} for row in made["conditions"]]
    types = {row["type"] for row in conditions}
    conditions += [{"$patch": "delete", "type": kind} for kind in resizing.KINDS if kind not in types]
    return {**made, **lists, "conditions": conditions}
