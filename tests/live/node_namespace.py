"""A node's network in a namespace of its own: pods by hand (veth on the bridge), small servers in them, an outside."""

import asyncio
import contextlib
import ctypes
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from picok8s.client.view import View
from picok8s.network import run

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
PATIENCE_S = 10

SERVER = """
import socket, sys, threading
name = sys.argv[1].encode()
def tcp(port):
    s = socket.create_server(("", port))
    while True:
        c, peer = s.accept(); c.sendall(name + b" " + peer[0].encode()); c.close()
def udp(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", port))
    while True:
        data, peer = s.recvfrom(999); s.sendto(name + b" " + peer[0].encode(), peer)
for port in (8080, 9090):
    threading.Thread(target=tcp, args=(port,)).start(); threading.Thread(target=udp, args=(port,)).start()
print("up", flush=True)
"""

CLIENT = """
import socket, sys
kind, address, port, source = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
try:
    if kind == "tcp":
        s = socket.create_connection((address, port), 2)
    else:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.bind(("", source))
        s.connect((address, port)); s.send(b"?")
    print(s.recv(999).decode())
except OSError as e:
    print(type(e).__name__)
"""


def sh(command: str, check: bool = True) -> str:
    done = subprocess.run(command.split(), capture_output=True, text=True)
    assert not check or done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


class Node:
    """While it is open, this process is in the node's namespace."""

    def __init__(self, folder: Path) -> None:
        self.config = run.Config(
            node="one",
            pod_networks=("10.1.0.0/16",),
            service_networks=("10.152.183.0/24",),
            cni_folder=folder / "net.d",
            state_folder=folder / "network",
            run_folder=folder / "run",
            answered=frozenset({"10.152.183.10"}),
        )
        self.view = View(run.INDEXES)
        self.health = run.Health()
        self.processes: list[subprocess.Popen[str]] = []
        self.namespaces: list[str] = []
        self.revisions = itertools.count(2)
        self.runner = asyncio.Runner()

    def __enter__(self) -> "Node":
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        assert LIBC.unshare(CLONE_NEWNET) == 0
        sh("ip link set lo up")
        sh("sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.all.route_localnet=0")
        self.join("outside", "198.18.0.2/24", "198.18.0.1/24", bridge="")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self.clean()

    def clean(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        for name in self.namespaces:
            sh(f"ip netns delete {name}", check=False)
        self.runner.close()
        assert LIBC.setns(self.home, CLONE_NEWNET) == 0
        os.close(self.home)

    def join(self, name: str, address: str, gateway: str, bridge: str) -> None:
        """A namespace connected to the bridge, or to the node itself."""
        netns = f"picok8s-{os.getpid()}-{name}"
        sh(f"ip netns add {netns}")
        self.namespaces.append(netns)
        link = f"v-{name}"[:15]
        sh(f"ip link add {link} type veth peer name eth0 netns {netns}")
        if bridge:
            sh(f"ip link set {link} master {bridge}")
            sh(f"ip link set {link} type bridge_slave hairpin on")
        else:
            sh(f"ip address add {gateway} dev {link}")
        sh(f"ip link set {link} up")
        for command in ("ip link set lo up", f"ip address add {address} dev eth0", "ip link set eth0 up"):
            sh(f"ip netns exec {netns} {command}")
        sh(f"ip netns exec {netns} ip route add default via {gateway.split('/')[0]}")

    def pod(self, name: str, address: str) -> None:
        self.join(name, f"{address}/24", "10.1.0.1", self.config.bridge)
        self.serve(name, self.namespaces[-1])

    def serve(self, name: str, netns: str = "") -> None:
        prefix = ["ip", "netns", "exec", netns] if netns else []
        command = [*prefix, sys.executable, "-c", SERVER, name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        assert process.stdout is not None and process.stdout.readline() == "up\n"

    def ask(self, source: str, address: str, port: int, kind: str = "tcp", source_port: int = 0) -> str:
        """What a client in a namespace ("" is the node) hears: "server client-address", or the name of an error."""
        found = [one for one in self.namespaces if one.endswith(f"-{source}")] if source else []
        prefix = ["ip", "netns", "exec", found[0]] if found else []
        command = [*prefix, sys.executable, "-c", CLIENT, kind, address, str(port), str(source_port)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def start(self, healthy: bool = True) -> None:
        for resource in run.followed("one"):
            if not self.view.synced(resource):
                self.view.replace(resource, [], "1")

        async def begin() -> None:
            self.task = asyncio.get_running_loop().create_task(run.serve(self.config, self.view, self.health))
            async with asyncio.timeout(PATIENCE_S):
                await self.health.ready.wait()
            assert not self.health.problems or not healthy

        self.runner.run(begin())

    def stop(self) -> None:
        async def end() -> None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task

        if getattr(self, "task", None):
            self.runner.run(end())
            self.task = None

    def show(self, resource: str, *found: dict[str, Any]) -> None:
        for obj in found:
            obj["metadata"]["resourceVersion"] = str(next(self.revisions))
            self.view.apply(resource, "MODIFIED", obj)
        self.pass_time(0.2)

    def hide(self, resource: str, obj: dict[str, Any]) -> None:
        obj["metadata"]["resourceVersion"] = str(next(self.revisions))
        self.view.apply(resource, "DELETED", obj)
        self.pass_time(0.2)

    def pass_time(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    def until(self, holds: Any) -> None:
        end = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end
            self.pass_time(0.02)
