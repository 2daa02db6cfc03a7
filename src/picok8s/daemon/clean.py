"""Takes down what outlives processes: pods, the pod network, mounts, cgroups. After it a machine shows no trace of a running node.

The supervisor runs it when the node agent has ended and containerd still runs; `stop` runs it again for what a supervisor that
was killed may have left, and then starts containerd once more if there are containers without one.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from picok8s.daemon import node, processes
from picok8s.daemon.config import Config
from picok8s.daemon.paths import Paths
from picok8s.dns import run as dns
from picok8s.network import run as network
from picok8s.node import configs
from picok8s.node.cri import Cri, RuntimeFailure

log = logging.getLogger("picok8s.clean")

STOP_AT_ONCE = 64  # Pods.
CONTAINERD_S = 10.0
GRACE_S = 30  # What a pod has to end when it says nothing else.
REMOVED_S = 90  # In which pods that ended are removed.
CGROUPS = Path("/sys/fs/cgroup")


def main(paths: Paths, config: Config) -> int:
    """`picok8s clean`."""
    asyncio.run(clean(paths, config))
    return 0


async def clean(paths: Paths, config: Config) -> None:
    running = processes.running(paths.pid("containerd"))
    helper = None
    if not running and shims(paths):
        helper = subprocess.Popen(
            ["containerd", "--config", str(paths.containerd_config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    if running or helper:
        try:
            grace = allowed(paths)
            await asyncio.wait_for(pods(paths, grace), grace + REMOVED_S)
        except (RuntimeFailure, TimeoutError) as error:
            log.warning('event="pods not removed" error=%r', str(error))
    supervised = processes.running(paths.pid("supervisor"))
    if helper is not None:
        processes.end(helper.pid, CONTAINERD_S)
    elif running and not supervised:
        processes.end(running, CONTAINERD_S)
    await network.remove(node.network_config(paths, config))
    await dns.remove(node.dns_config(config))
    unmount(paths.node, paths.run / "node")
    if not supervised:
        for name in ("node", "server"):
            if pid := processes.running(paths.pid(name)):
                processes.end(pid, CONTAINERD_S)
        for pid in shims(paths):
            processes.end(pid, 1.0)
        unmount(paths.run, paths.state)
    cgroups(node.cgroup_root(paths, config))


def allowed(paths: Paths) -> int:
    """Seconds that pods have to end; who asked to stop wrote them down."""
    try:
        return int(paths.stopping.read_text())
    except (OSError, ValueError):
        return GRACE_S


async def pods(paths: Paths, grace: int) -> None:
    """Stop and remove every pod of the runtime; each container gets the time that its pod gives it, up to `grace`."""
    cri = Cri(str(paths.containerd_socket))
    try:
        end = asyncio.get_running_loop().time() + CONTAINERD_S
        while True:
            try:
                found = await cri.call("ListPodSandbox")
                break
            except RuntimeFailure:
                if asyncio.get_running_loop().time() > end:
                    raise
                await asyncio.sleep(0.05)
        containers = (await cri.call("ListContainers")).containers
        gate = asyncio.Semaphore(STOP_AT_ONCE)

        async def end(container: Any) -> None:
            own = container.annotations.get(configs.GRACE, "")
            seconds = min(grace, int(own) if own.isdigit() else GRACE_S)
            with contextlib.suppress(RuntimeFailure):
                await cri.call("StopContainer", container_id=container.id, timeout=seconds)

        async def remove(sandbox: str) -> None:
            async with gate:
                await asyncio.gather(*(end(c) for c in containers if c.pod_sandbox_id == sandbox))
                with contextlib.suppress(RuntimeFailure):
                    await cri.call("StopPodSandbox", pod_sandbox_id=sandbox)
                    await cri.call("RemovePodSandbox", pod_sandbox_id=sandbox)

        await asyncio.gather(*(remove(item.id) for item in found.items))
    finally:
        await cri.close()


def shims(paths: Paths) -> list[int]:
    """Processes of containerd that keep a container of this node."""
    address = str(paths.containerd_socket).encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"containerd-shim" in words[0] and address in words:
                    found.append(int(entry.name))
    return found


def mounted(*folders: Path) -> list[str]:
    """Everything that is mounted below these folders, the deepest first."""
    roots = [str(folder) + "/" for folder in folders]
    lines = Path("/proc/self/mounts").read_text().splitlines()
    points = [line.split()[1].replace("\\040", " ") for line in lines]
    return sorted((p for p in points if any(p.startswith(root) for root in roots)), key=len, reverse=True)


def unmount(*folders: Path) -> None:
    for point in mounted(*folders):
        subprocess.run(["umount", "--lazy", point], check=False, stderr=subprocess.DEVNULL)


def delete(*folders: Path) -> None:
    """Folders with all that is in them. Raises OSError when something is mounted there: its files are not ours to delete."""
    if still := mounted(*folders):
        raise OSError(f"{still[0]} is still mounted")
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def logs(paths: Paths) -> None:
    """The logs of this node's pods, and the links to them; other pods' may be in the same folder."""
    pods = paths.node / "pods"
    own = {folder.name for folder in pods.iterdir()} if pods.exists() else set()
    for folder in paths.pod_logs.glob("*_*_*"):
        if folder.name.rpartition("_")[2] in own:
            shutil.rmtree(folder, ignore_errors=True)
    for link in paths.log_links.glob("*.log"):
        if link.is_symlink() and not link.exists() and Path(os.readlink(link)).is_relative_to(paths.pod_logs):
            link.unlink()
    for folder in (paths.log_links, paths.pod_logs):
        with contextlib.suppress(OSError):
            folder.rmdir()  # Only when it is empty.


def cgroups(pods_root: str) -> None:
    """The empty groups of pods, in every hierarchy. One with a process in it stays: it is not ours."""
    name = pods_root.strip("/")
    for root in {CGROUPS / name, *CGROUPS.glob(f"*/{name}")}:
        for folder, _, _ in os.walk(root, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
