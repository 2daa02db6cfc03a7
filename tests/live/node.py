"""A whole node for the live tests: in a network namespace and below a root of its own, with kubectl that talks to it."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.live.images import archive

HOME = Path(__file__).parent.parent.parent
PACKAGES = {"nginx-light": "/usr/sbin/nginx", "redis-server": "/usr/bin/redis-server", "redis-tools": "/usr/bin/redis-cli",
            "busybox-static": "/bin/busybox", "curl": "/usr/bin/curl", "iproute2": "/sbin/ip"}  # fmt: skip
NGINX = """worker_processes 1; error_log /dev/stderr; pid /tmp/nginx.pid; daemon off; user root;
events { worker_connections 64; }
http { access_log /dev/stdout; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f;
  uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
  server { listen 80; location / { root /data; } location /name { return 200 "$hostname\\n"; } } }
"""
WEB, WEB_NEXT, REDIS, TOOLS = "test.local/web:1", "test.local/web:2", "test.local/redis:1", "test.local/tools:1"

_numbers = itertools.count()


def sh(*words: str, given: str | None = None, timeout: float = 120, check: bool = True) -> str:
    done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=timeout, check=False)
    assert not check or done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def install() -> None:
    """The programs that go into the images."""
    absent = [package for package, sign in PACKAGES.items() if not Path(sign).exists()]
    if absent:
        policy = Path("/usr/sbin/policy-rc.d")
        made = not policy.exists()
        if made:
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        try:
            os.environ["DEBIAN_FRONTEND"] = "noninteractive"
            sh("apt-get", "update", "-qq", timeout=300, check=False)
            sh("apt-get", "install", "-y", "-qq", *absent, timeout=600)
        finally:
            if made:
                policy.unlink()


class Background:
    """A command that runs beside the test; what it says is kept in a file."""

    def __init__(self, command: tuple[str, ...], said: Path, given: int | None = subprocess.PIPE) -> None:
        self._said = said
        with open(said, "wb") as out:
            self.process = subprocess.Popen(command, stdin=given, stdout=out, stderr=out)

    def said(self) -> str:
        return self._said.read_text(errors="replace")

    def until(self, words: str, seconds: float = 20) -> str:
        """Wait until it has said something. Raises AssertionError."""
        end = time.monotonic() + seconds
        while words not in (said := self.said()):
            assert self.process.poll() is None and time.monotonic() < end, f"{words!r} is not in:\n{said}"
            time.sleep(0.02)
        return said

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def ended(self, seconds: float = 20) -> int:
        """Its exit code; it must end by itself in that time."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        return self.process.wait(seconds)

    def __enter__(self) -> "Background":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        self.process.wait()


def processes_of(*words: str) -> Iterator[int]:
    """Processes whose command line has all these words in it; arguments are joined by a zero byte."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                if all(word.encode() in line for word in words):
                    yield int(entry.name)


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Node:
    """`with Node(folder) as node:`"""

    def __init__(self, folder: Path) -> None:
        number = next(_numbers)
        network = (os.getpid() * 8 + number) % 250  # So that two runs of the tests stand beside each other.
        self.root = folder / "root"
        self.name = f"pk{os.getpid() % 10000}n{number}"
        self.address = f"10.99.{network}.2"
        self.host_address = f"10.99.{network}.1"
        self.folder = folder
        self.program = (sys.executable, "-m", "picok8s", "--root", str(self.root))
        self.kubeconfig = self.root / "var/lib/picok8s/admin.kubeconfig"

    def __enter__(self) -> "Node":
        try:
            self._make()
        except BaseException:
            self.remove()
            raise
        return self

    def _make(self) -> None:
        sh("ip", "netns", "add", self.name)
        sh("ip", "link", "add", f"{self.name}h", "type", "veth", "peer", "name", "eth0", "netns", self.name)
        sh("ip", "address", "add", f"{self.host_address}/24", "dev", f"{self.name}h")
        sh("ip", "link", "set", f"{self.name}h", "up")
        for words in (f"address add {self.address}/24 dev eth0", "link set eth0 up", "link set lo up",
                      f"route add default via {self.host_address}"):  # fmt: skip
            sh("ip", "-n", self.name, *words.split())
        config = self.root / "etc/picok8s/config.yaml"
        config.parent.mkdir(parents=True)
        config.write_text(f"node_name: {self.name}\naddress: {self.address}\n")

    def __exit__(self, *_: object) -> None:
        try:
            if self.root.exists():
                self.picok8s("uninstall", "--yes", check=False)
        finally:
            self.remove()

    def remove(self) -> None:
        """Whatever is left, also of a node that did not end as it should."""
        for pid in {
            *processes_of(str(self.root)),
            *map(int, sh("ip", "netns", "pids", self.name, check=False).split()),
        }:
            kill(pid)
        for point in sorted(self.mounts(), key=len, reverse=True):
            sh("umount", "--lazy", point, check=False)
        sh("ip", "netns", "del", self.name, check=False)
        sh("ip", "link", "del", f"{self.name}h", check=False)
        shutil.rmtree(self.root, ignore_errors=True)

    def mounts(self) -> list[str]:
        """What is mounted below the root."""
        points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        return [point for point in points if point.startswith(f"{self.root}/")]

    def inside(self, *words: str) -> tuple[str, ...]:
        return ("nsenter", f"--net=/run/netns/{self.name}", *words)

    def picok8s(self, *words: str, timeout: float = 180, check: bool = True) -> str:
        return sh(*self.inside(*self.program, *words), timeout=timeout, check=check)

    def start(self) -> str:
        return self.picok8s("start", "--wait", "--yes", "--no-systemd")

    def command(self, *words: str) -> tuple[str, ...]:
        kubectl = str(Path(sys.executable).parent / "kubectl")
        own = ("--kubeconfig", str(self.kubeconfig), "--cache-dir", str(self.folder / "cache"))
        return self.inside(kubectl, *own, *words)

    def kubectl(self, *words: str, given: str | None = None, timeout: float = 120, check: bool = True) -> str:
        return sh(*self.command(*words), given=given, timeout=timeout, check=check)

    def begin(self, *words: str, given: int | None = subprocess.PIPE) -> Background:
        """kubectl in the background: `with node.begin(...) as it:`"""
        return Background(self.command(*words), self.folder / f"said-{next(_numbers)}", given)

    def import_images(self) -> None:
        install()
        nginx = {"/usr/sbin/nginx": "/usr/sbin/nginx", "/bin/busybox": "/bin/busybox"}
        made = [
            archive(self.folder / "web1.tar", WEB, nginx, {"/etc/nginx.conf": NGINX, "/data/index.html": "one\n"},
                    ["nginx", "-c", "/etc/nginx.conf"]),
            archive(self.folder / "web2.tar", WEB_NEXT, nginx, {"/etc/nginx.conf": NGINX, "/data/index.html": "two\n"},
                    ["nginx", "-c", "/etc/nginx.conf"]),
            archive(self.folder / "redis.tar", REDIS, {"/usr/bin/redis-server": "/usr/bin/redis-server",
                    "/usr/bin/redis-cli": "/usr/bin/redis-cli", "/bin/busybox": "/bin/busybox"}, {}, ["redis-server"]),
            archive(self.folder / "tools.tar", TOOLS, {"/bin/busybox": "/bin/busybox", "/usr/bin/redis-cli": "/usr/bin/redis-cli",
                    "/usr/bin/curl": "/usr/bin/curl"}, {}, ["sleep", "3600"]),
        ]  # fmt: skip
        self.picok8s("images", "import", *map(str, made))

    def pid(self, component: str) -> int:
        return int((self.root / f"run/picok8s/{component}.pid").read_text().split()[0])

    def until(self, seconds: float, holds: object, *args: object) -> None:
        """Wait until a function is true. Raises AssertionError."""
        end = time.monotonic() + seconds
        while not holds(*args):  # type: ignore[operator]
            assert time.monotonic() < end, f"not true after {seconds} s"
            time.sleep(0.05)
