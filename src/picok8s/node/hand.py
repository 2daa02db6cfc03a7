"""What the commands of one pod share: the pod, its addresses, its claims, and the troubles that they leave behind."""

from typing import TYPE_CHECKING, Any

from picok8s.node import pods
from picok8s.node.state import Trouble
from picok8s.node.tools import Tools
from picok8s.node.volumes import Claim

if TYPE_CHECKING:
    from picok8s.node.worker import Worker

Object = dict[str, Any]

AGAIN_SECONDS, TROUBLE_SECONDS_MAX = 1.0, 30.0


class Hand:
    def __init__(self, worker: "Worker", tools: Tools) -> None:
        self.worker = worker
        self.tools = tools
        self.ending = False
        self.interruptible: set[str] = set()  # Keys of commands that a deletion may cut short without harm.
        self.claims: dict[str, Claim] | None = None
        self._tries: dict[str, float] = {}  # What failed -> the last wait

    @property
    def pod(self) -> Object:
        return self.worker.pod

    @property
    def ips(self) -> tuple[str, ...]:
        if pods.is_host_network(self.pod):
            return tuple(self.tools.machine["ips"])
        sandbox = self.worker.seen().sandbox()
        return sandbox.ips if sandbox else ()

    def stamp(self) -> str:
        return f"{self.tools.world.now():.6f}"

    def trouble(self, key: str, reason: str, message: str, retry_at: float | None = None) -> None:
        if retry_at is None:
            before = self._tries.get(key, 0.0)
            self._tries[key] = min(before * 2, TROUBLE_SECONDS_MAX) if before else AGAIN_SECONDS
            retry_at = self.tools.world.now() + self._tries[key]
        self.worker.memory.troubles[key] = Trouble(reason, message, retry_at)

    def fine(self, key: str) -> None:
        self.worker.memory.troubles.pop(key, None)
        self._tries.pop(key, None)

    def address(self) -> str:
        ips = self.ips
        return ips[0] if ips else "127.0.0.1"
