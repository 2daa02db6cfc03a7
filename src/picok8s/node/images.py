"""Images: is it here, may it be pulled, pull it; and which to remove when the disk fills. A few pulls at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from picok8s.node import credentials, waits
from picok8s.node.cri import Cri, RuntimeFailure
from picok8s.node.world import World

Object = dict[str, Any]
Tell = Callable[[str, str, str], None]  # (type, reason, message) of an event

PULLS_AT_ONCE = 4
SHOWN_MAX = 50  # Images in the node's status, the largest first.
HIGH_PERCENT, LOW_PERCENT = 85, 80
YOUNG_SECONDS = 120.0  # An image is not collected before this age, as its pod may just be starting.


class ImageTrouble(Exception):
    """The image is not here and did not come. `reason` is the container's waiting reason."""

    def __init__(self, reason: str, message: str, retry_at: float) -> None:
        super().__init__(message)
        self.reason, self.message, self.retry_at = reason, message, retry_at


@dataclass(frozen=True, slots=True)
class Image:
    """What a container is created from: the runtime's id of it, and the user that it runs as."""

    id: str
    uid: int | None
    user: str


class Images:
    def __init__(self, calls: Cri, world: World) -> None:
        self._cri = calls
        self._world = world
        self._gate = world.gate(PULLS_AT_ONCE)
        self._waits: dict[str, tuple[float, float, str]] = {}  # image -> (seconds, until, last error)
        self._first_seen: dict[str, float] = {}
        self._last_used: dict[str, float] = {}

    async def find(self, image: str) -> Image | None:
        answer = await self._cri.call("ImageStatus", image={"image": image})
        if not answer.HasField("image") or not answer.image.id:
            return None
        found = answer.image
        self._last_used[found.id] = self._world.now()
        return Image(found.id, found.uid.value if found.HasField("uid") else None, found.username)

    async def ensure(self, image: str, policy: str, secrets: Iterable[Object], sandbox: Object, tell: Tell) -> Image:
        """The image, pulled if the policy wants it; ImageTrouble when it cannot be had now."""
        try:
            name = credentials.normalized(image)
        except ValueError as error:
            message = f'Failed to apply default image tag "{image}": {error}'
            tell("Warning", "InspectFailed", message)
            raise ImageTrouble("InvalidImageName", message, self._world.now() + waits.LONGEST_SECONDS) from None
        found = None if policy == "Always" else await self.find(name)
        if found is not None:
            tell(
                "Normal",
                "Pulled",
                f'Container image "{image}" already present on machine and can be accessed by the pod',
            )
            return found
        if policy == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            tell("Warning", "ErrImageNeverPull", message)
            raise ImageTrouble("ErrImageNeverPull", message, self._world.now() + waits.FIRST_SECONDS)
        return await self._pull(image, name, secrets, sandbox, tell)

    async def _pull(self, image: str, name: str, secrets: Iterable[Object], sandbox: Object, tell: Tell) -> Image:
        seconds, until, error = self._waits.get(name, (0.0, 0.0, ""))
        if self._world.now() < until:
            tell("Normal", "BackOff", f'Back-off pulling image "{image}"')
            words = f'Back-off pulling image "{image}": ErrImagePull: {error}'
            raise ImageTrouble("ImagePullBackOff", words, until)
        asked = self._world.now()
        tell("Normal", "Pulling", f'Pulling image "{image}"')
        async with self._gate:
            began = self._world.now()
            try:
                await self._pull_as(name, credentials.for_image(name, secrets), sandbox)
                found = await self.find(name)
            except RuntimeFailure as failure:
                now = self._world.now()
                wait = waits.doubled(seconds)
                self._waits[name] = (wait, now + wait, failure.message)
                tell("Warning", "Failed", f'Failed to pull image "{image}": {failure.message}')
                tell("Warning", "Failed", "Error: ErrImagePull")
                raise ImageTrouble("ErrImagePull", failure.message, now + 1.0) from None
        self._waits.pop(name, None)
        if found is None:
            raise ImageTrouble("ErrImagePull", f"image {name} is gone right after its pull", self._world.now() + 1.0)
        now = self._world.now()
        size = await self._size(name)
        tell(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{image}" in {_millis(now - began)} '
            f"({_millis(now - asked)} including waiting). "
            f"Image size: {size} bytes.",
        )
        return found

    async def _pull_as(self, name: str, auths: list[Object], sandbox: Object) -> None:
        """With each of the credentials until one does; as nobody when there are none."""
        failure: RuntimeFailure | None = None
        for auth in auths or [None]:
            try:
                fields: Object = {"image": {"image": name}, "sandbox_config": sandbox}
                await self._cri.call("PullImage", **fields, **({"auth": auth} if auth else {}))
                return
            except RuntimeFailure as error:
                failure = error
        if failure is not None:
            raise failure

    async def _size(self, name: str) -> int:
        answer = await self._cri.call("ImageStatus", image={"image": name})
        return int(answer.image.size)

    async def shown(self) -> list[Object]:
        """Images as the node's status lists them."""
        rows = (await self._cri.call("ListImages")).images
        for row in rows:
            self._first_seen.setdefault(row.id, self._world.now())
        return shown(rows)

    async def collect(self, used_bytes: int, capacity: int, in_use: set[str]) -> int:
        """Removes unused images, the longest unused first, when the disk is over the high mark; answers bytes freed."""
        if not capacity or used_bytes * 100 < capacity * HIGH_PERCENT:
            return 0
        wanted = used_bytes - capacity * LOW_PERCENT // 100
        rows = (await self._cri.call("ListImages")).images
        now = self._world.now()
        idle = [
            row
            for row in rows
            if not row.pinned and row.id not in in_use and now - self._first_seen.get(row.id, now) >= YOUNG_SECONDS
        ]
        freed = 0
        for row in sorted(idle, key=lambda row: self._last_used.get(row.id, 0.0)):
            if freed >= wanted:
                break
            await self._cri.call("RemoveImage", image={"image": row.id})
            freed += row.size
        return freed


def shown(rows: Iterable[Any]) -> list[Object]:
    """names and sizeBytes of each image, digests first, as upstream orders them."""
    found = [
        {"names": [*row.repo_digests, *row.repo_tags], "sizeBytes": int(row.size)}
        for row in rows
        if row.repo_digests or row.repo_tags
    ]
    return sorted(found, key=lambda row: (-row["sizeBytes"], row["names"]))[:SHOWN_MAX]


def _millis(seconds: float) -> str:
    """As Go prints a duration, to the millisecond."""
    if seconds < 1:
        return f"{int(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:.3f}s" if minutes else f"{rest:.3f}s"
