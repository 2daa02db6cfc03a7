"""Who guards the guard: the server and the node each wait for the supervisor's end, and start a new one when nobody stopped it.

The new one takes over what runs. Of two that are started at once, the lock lets one be. Under systemd the unit is restarted
by systemd instead, so nothing is done there.
"""

import asyncio
import os
import subprocess
import sys

from picok8s.daemon import processes
from picok8s.daemon.paths import Paths

APPEAR_S = 3.0  # In which a new supervisor has written down its PID.
STEP_S = 0.1


async def guard(paths: Paths) -> None:
    """Runs for ever."""
    while True:
        pid = await _supervisor(paths)
        if pid:
            await _ended(pid)
        if paths.stopping.exists():
            await asyncio.Event().wait()
        if "INVOCATION_ID" not in os.environ:
            revive(paths)
        await asyncio.sleep(STEP_S)


async def _supervisor(paths: Paths) -> int:
    """Its PID; 0 when none appears in time."""
    for _ in range(int(APPEAR_S / STEP_S)):
        if pid := processes.running(paths.pid("supervisor")):
            return pid
        await asyncio.sleep(STEP_S)
    return 0


async def _ended(pid: int) -> None:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop.add_reader(fd, lambda: ended.done() or ended.set_result(None))
    try:
        await ended
    finally:
        loop.remove_reader(fd)
        os.close(fd)


def revive(paths: Paths) -> None:
    """Start a supervisor that belongs to nobody."""
    with open(paths.log("supervisor"), "ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "picok8s", "--root", str(paths.root), "daemon"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
