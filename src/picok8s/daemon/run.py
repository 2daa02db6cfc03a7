"""The supervisor: starts the components in order, starts again what dies, stops them in reverse, tells who asks what runs.

It holds no state that matters: components are found again by their PID files, so a supervisor that was killed is replaced
(by the server or the node, see guard.py, or by systemd) and goes on with what runs; nothing is restarted for that.
One thread, one poll over pidfds, two sockets and signals; between events it does nothing.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field

from picok8s.daemon import order, processes
from picok8s.daemon.component import STEADY_S, Component, pause
from picok8s.daemon.paths import Paths

LOG_MAX = 10 * 1024 * 1024  # Bytes of a component's log before it is set aside.
CLIENTS_MAX = 64


@dataclass(slots=True)
class Running:
    """A component and how it is."""

    component: Component
    state: str = "stopped"  # starting, ready, stopped, failed
    pid: int = 0
    fd: int = -1
    since: float = 0.0
    failures: int = 0
    restarts: int = 0
    due: float | None = None  # When it is started again.


@dataclass(slots=True)
class Supervisor:
    paths: Paths
    parts: dict[str, Running]
    began: float = field(default_factory=time.monotonic)
    poll: select.poll = field(default_factory=select.poll)
    clients: dict[int, socket.socket] = field(default_factory=dict)
    stopping: bool = False

    def serve(self) -> int:
        """Runs until it is told to stop."""
        control, notify, wake = self._sockets()
        for part in self.parts.values():
            self._adopt_or_start(part)
        while not self.stopping:
            for fd, _ in self.poll.poll(self._timeout()):
                if fd == control.fileno():
                    self._greet(control)
                elif fd == notify.fileno():
                    self._heard(notify)
                elif fd == wake:
                    self._signalled(wake)
                elif fd in self.clients:
                    self._hung_up(fd)
                else:
                    self._ended(fd)
            self._start_due()
        self._stop()
        return 0

    def _sockets(self) -> tuple[socket.socket, socket.socket, int]:
        control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        for sock, path in ((control, self.paths.control), (notify, self.paths.notify)):
            path.unlink(missing_ok=True)
            sock.bind(str(path))
            path.chmod(0o600)
            sock.setblocking(False)
            self.poll.register(sock, select.POLLIN)
        control.listen(CLIENTS_MAX)
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        self.poll.register(read, select.POLLIN)
        return control, notify, read

    def _timeout(self) -> int | None:
        """Milliseconds until something is due; None for ever."""
        due = [part.due for part in self.parts.values() if part.due is not None]
        return max(0, int((min(due) - time.monotonic()) * 1000) + 1) if due else None

    # Components.

    def _adopt_or_start(self, part: Running) -> None:
        if pid := processes.running(self.paths.pid(part.component.name)):
            self._watch(part, pid)
            part.state = "ready"  # It was there before us; what is not ready says so when it is.
            self._tell()
        else:
            self._start(part)

    def _start(self, part: Running) -> None:
        component = part.component
        part.due = None
        environment = {**os.environ, **dict(component.env), "PICOK8S_NOTIFY": str(self.paths.notify)}
        try:
            with self._log(component.name) as log:
                process = subprocess.Popen(
                    component.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env=environment,
                    close_fds=True,
                )
        except OSError as error:
            print(f'event="start failed" component={component.name} error={str(error)!r}', file=sys.stderr, flush=True)
            self._failed(part)
            return
        processes.remember(self.paths.pid(component.name), process.pid)
        self._watch(part, process.pid)
        process.returncode = 0  # We wait by pidfd; Popen must not.
        part.state = "starting" if component.says_ready else "ready"
        self._tell()

    def _log(self, name: str) -> "contextlib.AbstractContextManager[int]":
        path = self.paths.log(name)
        if path.exists() and path.stat().st_size > LOG_MAX:
            path.replace(path.with_suffix(".log.1"))
        return open(path, "ab")  # type: ignore[return-value]

    def _watch(self, part: Running, pid: int) -> None:
        part.pid, part.fd, part.since = pid, os.pidfd_open(pid), time.monotonic()
        self.poll.register(part.fd, select.POLLIN)

    def _ended(self, fd: int) -> None:
        part = next((p for p in self.parts.values() if p.fd == fd), None)
        self.poll.unregister(fd)
        os.close(fd)
        if part is None:
            return
        with contextlib.suppress(ChildProcessError):
            os.waitpid(part.pid, os.WNOHANG)
        part.fd = -1
        print(f'event="component ended" component={part.component.name} pid={part.pid}', file=sys.stderr, flush=True)
        self._failed(part)

    def _failed(self, part: Running) -> None:
        """Start it again: at once when it ran for a while, else after a growing pause."""
        steady = part.since and time.monotonic() - part.since > STEADY_S
        part.failures = 0 if steady else part.failures + 1
        part.restarts += 1
        part.pid, part.state = 0, "failed"
        part.due = time.monotonic() + pause(part.failures - 1)
        self._tell()

    def _start_due(self) -> None:
        now = time.monotonic()
        for part in self.parts.values():
            if part.due is not None and part.due <= now and not self.stopping:
                self._start(part)

    def _heard(self, notify: socket.socket) -> None:
        """NAME ready, from a component."""
        with contextlib.suppress(BlockingIOError):
            words = notify.recv(256).decode(errors="replace").split()
            if len(words) == 2 and words[0] in self.parts and words[1] == "ready":
                part = self.parts[words[0]]
                part.state, part.failures = "ready", 0
                self._tell()

    def _signalled(self, wake: int) -> None:
        numbers = os.read(wake, 256)
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self.stopping = True
        # Children are known by pidfd; what else was left to us by those who died is reaped here.
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    def _stop(self) -> None:
        for part in reversed(list(self.parts.values())):
            part.state, part.due = "stopped", None
            if part.pid:
                processes.end(part.pid, part.component.stop_s)
                if part.component.then:
                    subprocess.run(part.component.then, check=False, stdin=subprocess.DEVNULL)
            self.paths.pid(part.component.name).unlink(missing_ok=True)
            self._tell()
        self.paths.control.unlink(missing_ok=True)
        self.paths.notify.unlink(missing_ok=True)

    # Who asks.

    def state(self) -> bytes:
        now = time.monotonic()
        rows = {
            name: {
                "state": part.state,
                "pid": part.pid,
                "restarts": part.restarts,
                "seconds": round(now - part.since, 2),
            }
            for name, part in self.parts.items()
        }
        return json.dumps({"pid": os.getpid(), "components": rows}).encode() + b"\n"

    def _greet(self, control: socket.socket) -> None:
        """A client is told the state now, and each change of it until it goes."""
        with contextlib.suppress(BlockingIOError):
            client, _ = control.accept()
            client.setblocking(False)
            if len(self.clients) >= CLIENTS_MAX:
                client.close()
                return
            self.clients[client.fileno()] = client
            self.poll.register(client, select.POLLIN)
            self._send(client, self.state())

    def _hung_up(self, fd: int) -> None:
        self.poll.unregister(fd)
        self.clients.pop(fd).close()

    def _send(self, client: socket.socket, line: bytes) -> None:
        try:
            client.send(line)
        except OSError:
            self._hung_up(client.fileno())

    def _tell(self) -> None:
        line = self.state()
        for client in tuple(self.clients.values()):
            self._send(client, line)


def main(paths: Paths) -> int:
    """`picok8s daemon`. A second one for the same root ends at once."""
    lock = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    processes.remember(paths.pid("supervisor"), os.getpid())
    parts = {c.name: Running(c) for c in order.components(paths)}
    try:
        return Supervisor(paths, parts).serve()
    finally:
        paths.pid("supervisor").unlink(missing_ok=True)
