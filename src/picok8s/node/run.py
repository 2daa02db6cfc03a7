"""The node agent as it runs: clock, tasks, sockets, inotify; `run` puts the parts together.

Nothing here decides anything. Order: the runtime answers, the node is registered, the pods of the node are known, their
workers run; events of the API, of the runtime and of the clock do the rest.
"""

import asyncio
import ctypes
import logging
import os
import random
import struct
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import aiohttp

from picok8s.client.calls import Calls
from picok8s.client.view import View, follow
from picok8s.node import folders, machine
from picok8s.node.actions import Actions
from picok8s.node.agent import Agent
from picok8s.node.config import NodeConfig
from picok8s.node.configs import Place
from picok8s.node.cri import Cri, RuntimeFailure
from picok8s.node.events import Events
from picok8s.node.following import Following
from picok8s.node.images import Images
from picok8s.node.registrar import Registrar
from picok8s.node.runtime import Runtime
from picok8s.node.serve import serve
from picok8s.node.tidying import Tidying
from picok8s.node.tokens import Tokens
from picok8s.node.tools import Tools
from picok8s.node.volumes import Volumes
from picok8s.node.watched import Watched

T = TypeVar("T")

log = logging.getLogger("picok8s.node")

IN_MODIFY, IN_MOVED, IN_CREATE, IN_DELETE, IN_CLOSE_WRITE = 0x2, 0xC0, 0x100, 0x200, 0x8
IN_NONBLOCK, IN_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
RUNTIME_PAUSE_SECONDS = 0.05
SERVICES_SECONDS = 10.0


class Loop:
    """The World, on asyncio. Tasks live in one group and end with it."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._folders: dict[int, list[Callable[[str], None]]] = {}
        self._inotify = -1
        self._libc = ctypes.CDLL(None, use_errno=True)

    def now(self) -> float:
        return time.time()

    def chance(self) -> float:
        return random.random()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[None]:
        task = self._group.create_task(_guarded(work, name), name=name)
        task.add_done_callback(lambda done: work.close())  # It may have been cancelled before its first step.
        return task

    def event(self) -> asyncio.Event:
        return asyncio.Event()

    def gate(self, places: int) -> asyncio.Semaphore:
        return asyncio.Semaphore(places)

    async def within(self, seconds: float | None, work: Awaitable[T]) -> T:
        async with asyncio.timeout(seconds):
            return await work

    async def thread(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.to_thread(work, *args)

    async def connect(self, host: str, port: int) -> None:
        _, writer = await asyncio.open_connection(host, port)
        writer.close()

    def watch_folder(self, path: str, changed: Callable[[str], None]) -> Callable[[], None]:
        if self._inotify < 0:
            self._inotify = self._libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC)
            asyncio.get_running_loop().add_reader(self._inotify, self._read_inotify)
        mask = IN_MODIFY | IN_MOVED | IN_CREATE | IN_DELETE | IN_CLOSE_WRITE
        watch = self._libc.inotify_add_watch(self._inotify, path.encode(), mask)
        if watch < 0:
            raise OSError(ctypes.get_errno(), f"cannot watch {path}")
        self._folders.setdefault(watch, []).append(changed)

        def stop() -> None:
            listeners = self._folders.get(watch, [])
            if changed in listeners:
                listeners.remove(changed)
            if not listeners and self._folders.pop(watch, None) is not None:
                self._libc.inotify_rm_watch(self._inotify, watch)

        return stop

    def _read_inotify(self) -> None:
        try:
            data = os.read(self._inotify, 65536)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            watch, _, _, size = struct.unpack_from("iIII", data, at)
            name = data[at + 16 : at + 16 + size].rstrip(b"\0").decode("utf-8", "replace")
            at += 16 + size
            for listener in list(self._folders.get(watch, [])):
                listener(name)


async def _guarded(work: Coroutine[Any, Any, Any], name: str) -> None:
    try:
        await work
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception('event="task failed" task=%r', name)


async def run(config: NodeConfig, calls: Calls, on_ready: Callable[[], None] | None = None) -> None:
    """Runs the agent until it is cancelled. Pods run on when it ends. `on_ready`: the node is registered."""
    async with asyncio.TaskGroup() as group:
        world = Loop(group)
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
            await _run(config, calls, world, session, on_ready)


async def _run(
    config: NodeConfig,
    calls: Calls,
    world: Loop,
    session: aiohttp.ClientSession,
    on_ready: Callable[[], None] | None,
) -> None:
    os.makedirs(f"{config.root}/pods", mode=0o750, exist_ok=True)
    os.makedirs(config.logs, mode=0o755, exist_ok=True)
    memory = _memory_folder(config.run)
    view = View()
    agent = Agent(config, world, view)
    agent.tools = tools = _tools(config, calls, world, session, agent, memory, view)
    world.spawn(follow(calls, view, "services"), "follow services")
    await _until_runtime(tools.runtime, world)
    following = Following(tools.runtime, world, lambda: registrar.look())
    registrar = Registrar(config, calls, world, tools.runtime, following.is_down)
    world.spawn(following.follow(), "runtime events")
    world.spawn(tools.events.run(), "events")
    view.subscribe("pods", agent.pod_event)
    await registrar.register()
    world.spawn(registrar.keep_lease(), "lease")
    os.makedirs(config.cni_conf_dir, exist_ok=True)
    world.watch_folder(config.cni_conf_dir, lambda name: registrar.look())
    world.spawn(registrar.keep_status(), "status")
    if config.certificate:
        world.spawn(serve(config, agent, calls, world), "node API")
    if on_ready is not None:
        on_ready()
    world.spawn(follow(calls, view, "pods", fields=f"spec.nodeName={config.name}"), "follow pods")
    await view.until_synced("pods")
    await agent.clean_up()
    await Tidying(tools, registrar.show_images).tidy()


def _tools(
    config: NodeConfig,
    calls: Calls,
    world: Loop,
    session: aiohttp.ClientSession,
    agent: Agent,
    memory: str,
    view: View,
) -> Tools:
    cri = Cri(config.socket)
    place = Place(
        root=config.root,
        logs=config.logs,
        cgroup_root=config.cgroup_root,
        cluster_dns=config.cluster_dns,
        cluster_domain=config.cluster_domain,
        machine_memory=float(machine.memory()["MemTotal"]),
        resolv_conf=_text(config.resolv_conf),
        hosts=_text("/etc/hosts"),
    )

    async def services() -> list[dict[str, Any]]:
        if not view.synced("services"):
            await world.within(SERVICES_SECONDS, view.until_synced("services"))
        return view.list("services")

    return Tools(
        calls=calls,
        world=world,
        runtime=Runtime(cri, world, agent.changed),
        images=Images(cri, world),
        volumes=Volumes(config.root, memory),
        watched=Watched(calls, world, agent.objects_changed),
        tokens=Tokens(calls, world),
        events=Events(calls, world, config.name),
        actions=Actions(cri, session, world),
        place=place,
        machine={"ips": list(config.addresses), "runtime": "containerd"},
        services=services,
        allocatable=agent.allocatable,
        admit=agent.admit,
        room=agent.room,
        forget=agent.forget,
    )


def _text(path: str) -> str:
    try:
        with open(path) as source:
            return source.read()
    except OSError:
        return ""


def _memory_folder(run_folder: str) -> str:
    """A tmpfs for secrets; it stays mounted when the agent restarts, as pods use what is in it."""
    path = os.path.realpath(f"{run_folder}/memory")
    os.makedirs(path, mode=0o755, exist_ok=True)
    if path not in folders.mounts_below(path):
        folders.mount("tmpfs", path, "tmpfs", folders.MS_NOSUID | folders.MS_NODEV, "mode=0755")
    return path


async def _until_runtime(runtime: Runtime, world: Loop) -> None:
    pause = RUNTIME_PAUSE_SECONDS
    while True:
        try:
            await runtime.connect()
            return
        except RuntimeFailure as failure:
            log.info('event="runtime not there yet" error=%r', failure.message)
            await world.sleep(pause)
            pause = min(pause * 2, 2.0)


__all__ = ["NodeConfig", "run"]
