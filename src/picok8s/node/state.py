"""What runs, as the node saw it: sandboxes, containers, and what the node remembers about a pod between two steps.

Records are frozen; `Memory` is the one thing that changes, and only the pod's worker changes it.
"""

from dataclasses import dataclass, field
from typing import Any

RUNNING, EXITED, CREATED, UNKNOWN = "running", "exited", "created", "unknown"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A pod's network and cgroup. Times are seconds since the epoch."""

    id: str
    ready: bool
    attempt: int
    created: float
    ips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """One run of a container. `attempt` is its restart count; `log_path` the file that the runtime writes."""

    id: str
    name: str
    sandbox: str
    attempt: int
    state: str
    created: float
    started: float = 0.0
    finished: float = 0.0
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    image: str = ""
    image_id: str = ""
    hash: str = ""
    resources: str = ""  # What it was made with, as `resizing.text` writes it.
    log_path: str = ""
    message_file: str = ""  # Where on the node its termination message is.
    message_policy: str = ""
    user: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a container (or the pod: name "") did not start. The step tries again at `retry_at`."""

    reason: str
    message: str
    retry_at: float


@dataclass(frozen=True, slots=True)
class Backoff:
    """A wait of `wait` seconds that ends at `until`; after another failure it will be `next` seconds."""

    wait: float
    until: float
    next: float


@dataclass(slots=True)
class Memory:
    """What a worker remembers of its pod; a restart of the agent forgets it, and nothing but waits is lost with it."""

    busy: set[str] = field(default_factory=set)  # Keys of commands under way: "sandbox", "start:NAME", "stop:ID" ...
    troubles: dict[str, Trouble] = field(default_factory=dict)
    restarts: dict[str, Backoff] = field(default_factory=dict)
    failing: dict[str, tuple[str, int | None]] = field(
        default_factory=dict
    )  # container id -> why it is killed, its own grace
    probes: dict[tuple[str, str], bool] = field(default_factory=dict)  # (container id, kind) -> last verdict
    hooked: set[str] = field(default_factory=set)  # ids of containers whose postStart hook is still running
    volumes: bool = False  # Mounted, and so containers can start.
    rejected: tuple[str, str] | None = None  # (reason, message): the node gave the pod up; it fails.
    exit_messages: dict[str, str] = field(default_factory=dict)  # container id -> its termination message
    torn_down: bool = False  # Nothing of the pod is left on the node but dead containers and their logs.
    stopped: set[str] = field(default_factory=set)  # ids of sandboxes whose network was released
    resized: dict[str, str] = field(default_factory=dict)  # container id -> its resources after a change in place
    resize_refusal: tuple[str, str] | None = None  # Why the node cannot give what the pod now asks for.
    counted: set[str] = field(default_factory=set)  # ids of ended runs that `restarts` has taken into account


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a pod: what the runtime shows and what the worker remembers."""

    sandboxes: tuple[Sandbox, ...]
    containers: tuple[Container, ...]
    memory: Memory
    gone: bool = False  # The API server has no such pod any more.

    def latest(self, name: str) -> Container | None:
        """The newest run of a container, dead or alive."""
        return max((c for c in self.containers if c.name == name), key=lambda c: (c.attempt, c.created), default=None)

    def runs(self, name: str) -> list[Container]:
        """All runs of a container, newest first."""
        return sorted(
            (c for c in self.containers if c.name == name), key=lambda c: (c.attempt, c.created), reverse=True
        )

    def sandbox(self) -> Sandbox | None:
        return max(self.sandboxes, key=lambda s: (s.attempt, s.created), default=None)

    def alive(self) -> list[Container]:
        return [c for c in self.containers if c.state in (RUNNING, CREATED, UNKNOWN)]
