"""What commands ask of the supervisor: what runs now, and every change until something holds."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from picok8s.cli.problem import Problem
from picok8s.daemon import processes
from picok8s.daemon.paths import Paths

State = dict[str, Any]


def must_be_root() -> None:
    if os.geteuid() != 0:
        raise Problem("this needs root; type it again with sudo")


def is_running(paths: Paths) -> bool:
    return processes.running(paths.pid("supervisor")) > 0


def must_run(paths: Paths) -> None:
    if not is_running(paths):
        raise Problem("picok8s is not running on this machine; `sudo picok8s start` starts it")


def states(paths: Paths, timeout: float | None) -> Iterator[State]:
    """What the supervisor says, now and at each change; ends when it goes, or after so many seconds (None: never)."""
    end = None if timeout is None else time.monotonic() + timeout
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        try:
            sock.connect(str(paths.control))
        except OSError:
            return
        rest = b""
        while True:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            sock.settimeout(left)
            try:
                chunk = sock.recv(65536)
            except TimeoutError:
                return
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield json.loads(line)


def now(paths: Paths) -> State | None:
    """What runs at this moment; None when nothing does."""
    return next(states(paths, 2.0), None)


def until(paths: Paths, timeout: float | None, holds: Callable[[State], bool], tell: Callable[[State], None]) -> bool:
    """Wait until a state holds; whether it did."""
    for state in states(paths, timeout):
        tell(state)
        if holds(state):
            return True
    return False


def all_ready(state: State) -> bool:
    return all(part["state"] == "ready" for part in state["components"].values())
