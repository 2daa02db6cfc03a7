"""What a step can ask for. Each command has a key: while one of a key is under way, no other of it is given."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MountVolumes:
    @property
    def key(self) -> str:
        return "volumes"


@dataclass(frozen=True, slots=True)
class CreateSandbox:
    attempt: int

    @property
    def key(self) -> str:
        return "sandbox"


@dataclass(frozen=True, slots=True)
class StopSandbox:
    """Releases the network and stops what is left in it."""

    id: str

    @property
    def key(self) -> str:
        return f"stop-sandbox:{self.id}"


@dataclass(frozen=True, slots=True)
class RemoveSandbox:
    id: str

    @property
    def key(self) -> str:
        return f"remove:{self.id}"


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Image, creation, start and postStart hook."""

    name: str
    attempt: int
    sandbox: str

    @property
    def key(self) -> str:
        return f"start:{self.name}"


@dataclass(frozen=True, slots=True)
class StopContainer:
    """preStop hook, SIGTERM, and SIGKILL when the grace is over. `why` is the message of the event."""

    id: str
    name: str
    grace: int
    why: str

    @property
    def key(self) -> str:
        return f"stop:{self.id}"


@dataclass(frozen=True, slots=True)
class Resize:
    """Gives a running container other cpu and memory."""

    id: str
    name: str

    @property
    def key(self) -> str:
        return f"resize:{self.name}"


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    id: str

    @property
    def key(self) -> str:
        return f"remove:{self.id}"


@dataclass(frozen=True, slots=True)
class Reject:
    """The node gives the pod up: it fails with this reason."""

    reason: str
    message: str

    @property
    def key(self) -> str:
        return "reject"


@dataclass(frozen=True, slots=True)
class TearDown:
    """Unmounts the pod's volumes and removes its cgroup, after the last container ended."""

    @property
    def key(self) -> str:
        return "tear-down"


@dataclass(frozen=True, slots=True)
class Finish:
    """The last: the final status, the pod's end at the API, and the removal of what is left of it here."""

    @property
    def key(self) -> str:
        return "finish"


Command = (
    MountVolumes
    | CreateSandbox
    | StopSandbox
    | RemoveSandbox
    | StartContainer
    | StopContainer
    | RemoveContainer
    | Resize
    | Reject
    | TearDown
    | Finish
)
