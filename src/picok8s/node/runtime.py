"""What runs on the node, kept current by the runtime's events, and the few things that are asked of the runtime.

A full list is made only after the connection was lost; between lists each event refreshes one container or sandbox.
Listeners are told the uid of the pod that changed.
"""

import logging
from collections.abc import Callable
from typing import Any

from picok8s.node import configs
from picok8s.node.cri import Cri, RuntimeFailure
from picok8s.node.ends import Ends
from picok8s.node.state import CREATED, EXITED, RUNNING, UNKNOWN, Container, Sandbox
from picok8s.node.world import World

Object = dict[str, Any]

STATES = (CREATED, RUNNING, EXITED, UNKNOWN)
NANO = 1e9
# containerd tells of an exit before its own CRI part has taken note of it: ask again until it has.
LOOK_AGAIN_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0, 3.0)

log = logging.getLogger("picok8s.node")


class Runtime:
    """The cache. `pods` holds, by pod uid, its sandboxes and containers by id."""

    def __init__(self, calls: Cri, world: World, changed: Callable[[str], None]) -> None:
        self.cri = calls
        self.name = "containerd"
        self.version = ""
        self._world = world
        self._changed = changed
        self.sandboxes: dict[str, dict[str, Sandbox]] = {}
        self.containers: dict[str, dict[str, Container]] = {}
        self.names: dict[str, tuple[str, str]] = {}  # pod uid -> (namespace, name)
        self._owner: dict[str, str] = {}  # container or sandbox id -> pod uid
        self._made_in: dict[str, str] = {}  # container id -> sandbox id, until the container was first looked at
        self.ends = Ends()
        self.network = world.event()  # Set while the runtime has a network to put pods into.

    async def connect(self) -> None:
        """Learns who answers, and what runs."""
        answer = await self.cri.call("Version", version="0.1.0")
        self.name, self.version = answer.runtime_name, answer.runtime_version
        await self.list_all()

    async def list_all(self) -> None:
        """Everything anew; who lost something is told."""
        before = set(self._owner)
        sandboxes = (await self.cri.call("ListPodSandbox")).items
        containers = (await self.cri.call("ListContainers")).containers
        told = set(self._owner.values())
        for id in before - {row.id for row in (*sandboxes, *containers)}:
            self._forget(id, tell=False)  # What is still there stays known meanwhile: nobody may take it for lost.
        for row in sandboxes:
            await self.refresh_sandbox(row.id, tell=False)
        for row in containers:
            await self.refresh_container(row.id, tell=False)
        for uid in told | set(self._owner.values()):
            self._changed(uid)

    def uids(self) -> set[str]:
        return set(self.sandboxes) | set(self.containers)

    def seen(self, uid: str) -> tuple[tuple[Sandbox, ...], tuple[Container, ...]]:
        return tuple(self.sandboxes.get(uid, {}).values()), tuple(self.containers.get(uid, {}).values())

    async def refresh_sandbox(self, id: str, tell: bool = True) -> None:
        try:
            status = (await self.cri.call("PodSandboxStatus", pod_sandbox_id=id)).status
        except RuntimeFailure as failure:
            if failure.code == "NOT_FOUND":
                self._forget(id, tell)
            else:
                log.warning('event="sandbox status failed" sandbox=%s error=%r', id, failure.message)
            return
        uid = status.labels.get(configs.POD_UID) or status.metadata.uid
        ips = [status.network.ip, *(row.ip for row in status.network.additional_ips)]
        self._owner[id] = uid
        self.names[uid] = (status.metadata.namespace, status.metadata.name)
        self.sandboxes.setdefault(uid, {})[id] = Sandbox(
            id=id,
            ready=status.state == 0,
            attempt=status.metadata.attempt,
            created=status.created_at / NANO,
            ips=tuple(ip for ip in ips if ip),
        )
        if tell:
            self._changed(uid)

    async def refresh_sandboxes(self, uid: str) -> None:
        """A pod's sandboxes, also one that the runtime keeps of a try that failed: only its removal frees its name."""
        answer = await self.cri.call("ListPodSandbox", filter={"label_selector": {configs.POD_UID: uid}})
        for row in answer.items:
            await self.refresh_sandbox(row.id, tell=False)

    async def refresh_container(self, id: str, tell: bool = True) -> Container | None:
        """One container's state. Its sandbox is not in its status: it is known, or looked up."""
        try:
            status = (await self.cri.call("ContainerStatus", container_id=id)).status
        except RuntimeFailure as failure:
            if failure.code == "NOT_FOUND":
                self._forget(id, tell)
            else:
                log.warning('event="container status failed" container=%s error=%r', id, failure.message)
            return None
        uid = status.labels.get(configs.POD_UID, "")
        if not uid:
            return None
        known = self.containers.get(uid, {}).get(id)
        sandbox = known.sandbox if known else self._made_in.pop(id, "") or await self._sandbox_of(id)
        made = _container(status, sandbox)
        if known is not None and known.state == EXITED:
            made = known  # An older answer that came late.
        self._owner[id] = uid
        self.containers.setdefault(uid, {})[id] = made
        if made.state == EXITED:
            self.ends.tell(id)
        if tell:
            self._changed(uid)
        return made

    async def _sandbox_of(self, id: str) -> str:
        rows = (await self.cri.call("ListContainers", filter={"id": id})).containers
        return rows[0].pod_sandbox_id if rows else ""

    def _forget(self, id: str, tell: bool) -> None:
        uid = self._owner.pop(id, "")
        self.ends.tell(id)
        for table in (self.sandboxes, self.containers):
            rows = table.get(uid)
            if rows is not None:
                rows.pop(id, None)
                if not rows:
                    del table[uid]
        if uid and tell:
            self._changed(uid)

    def expect(self, uid: str, id: str, sandbox: str) -> None:
        """A container was made: its end may be told before anybody looked at it."""
        self._owner[id] = uid
        self._made_in[id] = sandbox

    async def remove_container(self, id: str) -> None:
        await self._unless_missing("RemoveContainer", container_id=id)
        self._forget(id, True)

    async def stop_sandbox(self, id: str) -> None:
        await self._unless_missing("StopPodSandbox", pod_sandbox_id=id)
        await self.refresh_sandbox(id)

    async def remove_sandbox(self, id: str) -> None:
        await self._unless_missing("RemovePodSandbox", pod_sandbox_id=id)
        self._forget(id, True)

    async def stop_container(self, id: str, grace: int) -> None:
        await self._unless_missing("StopContainer", container_id=id, timeout=grace)
        await self._until_ended(id)

    async def _unless_missing(self, method: str, **request: Any) -> None:
        try:
            await self.cri.call(method, **request)
        except RuntimeFailure as failure:
            if failure.code != "NOT_FOUND":
                raise

    async def _until_ended(self, id: str) -> None:
        for pause in (0.0, *LOOK_AGAIN_SECONDS):
            if pause:
                await self._world.sleep(pause)
            found = await self.refresh_container(id, tell=False)
            if found is None or found.state == EXITED:
                break
        if uid := self._owner.get(id, ""):
            self._changed(uid)

    def knows(self, id: str) -> bool:
        """Whether a sandbox or container is one of a pod's."""
        return id in self._owner

    async def look(self, id: str) -> None:
        """A container may have begun to run."""
        if id in self.containers.get(self._owner.get(id, ""), {}):
            await self.refresh_container(id)

    async def ended(self, id: str) -> None:
        """A sandbox or container ended, as an event says: learn how."""
        uid = self._owner.get(id, "")
        if id in self.sandboxes.get(uid, {}):
            for pause in LOOK_AGAIN_SECONDS:
                await self.refresh_sandbox(id, tell=False)
                found = self.sandboxes.get(uid, {}).get(id)
                if found is None or not found.ready:
                    break
                await self._world.sleep(pause)
            self._changed(uid)
        else:
            await self._until_ended(id)


def _container(status: Any, sandbox: str) -> Container:
    user = None
    if status.HasField("user") and status.user.HasField("linux"):
        linux = status.user.linux
        user = {"uid": linux.uid, "gid": linux.gid, "supplementalGroups": list(linux.supplemental_groups)}
    return Container(
        id=status.id,
        name=status.metadata.name,
        sandbox=sandbox,
        attempt=status.metadata.attempt,
        state=STATES[status.state],
        created=status.created_at / NANO,
        started=status.started_at / NANO,
        finished=status.finished_at / NANO,
        exit_code=status.exit_code,
        reason=status.reason,
        message=status.message,
        image=status.image.user_specified_image or status.image.image,
        image_id=status.image_ref,
        hash=status.annotations.get(configs.CONTAINER_HASH, ""),
        resources=status.annotations.get(configs.RESOURCES, ""),
        log_path=status.log_path,
        message_file=status.annotations.get(configs.MESSAGE_FILE, ""),
        message_policy=status.annotations.get(configs.MESSAGE_POLICY, ""),
        user=user,
    )
