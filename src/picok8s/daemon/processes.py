"""Processes by identity, not by number alone: a PID with the moment of its start, kept in a file, so that none is mistaken."""

import os
import select
import signal
from pathlib import Path


def start_time(pid: int) -> str:
    """When the process began, in the kernel's ticks; "" when there is none, or it is only waiting to be reaped."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    rest = text.rpartition(")")[2].split()
    return "" if rest[0] in "ZX" else rest[19]


def remember(path: Path, pid: int) -> None:
    """Write down a running process, at once or not at all."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{pid} {start_time(pid)}\n")
    fresh.replace(path)


def running(path: Path) -> int:
    """The PID that a file remembers, when it is still that process; else 0."""
    try:
        pid, began = path.read_text().split()
        return int(pid) if start_time(int(pid)) == began else 0
    except (OSError, ValueError):
        return 0


def end(pid: int, seconds: float) -> None:
    """Ask a process to end; kill it when it has not after so many seconds."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return
    try:
        signal.pidfd_send_signal(fd, signal.SIGTERM)
        if not wait(fd, seconds):
            signal.pidfd_send_signal(fd, signal.SIGKILL)
            wait(fd, 5.0)
    except ProcessLookupError:
        pass
    finally:
        os.close(fd)
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def wait(fd: int, seconds: float) -> bool:
    """Whether the process of a pidfd ended in that time."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(max(0, int(seconds * 1000))))
