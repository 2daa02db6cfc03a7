"""An API server for tests: in memory, without controllers, on a port of its own; ready in well under a second, without root.

async with serving(folder) as place: ...      # place.url, place.ca, place.cert, place.key
"""

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from picok8s.apiserver import run
from picok8s.apiserver.server import Server, Settings
from picok8s.cluster import certificates
from picok8s.store.log import Log
from picok8s.store.memory import MemoryLog


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is and how to be let in as its administrator."""

    url: str
    ca: Path
    cert: Path
    key: Path
    server: Server


@asynccontextmanager
async def serving(folder: Path, port: int = 0, log: Log | None = None) -> AsyncIterator[Place]:
    """A running server whose keys are in `folder`."""
    certificates.ensure(folder, ("127.0.0.1",), "localhost", time.time())
    files = run.Files(
        client_ca=folder / "ca.crt",
        cert=folder / "server.crt",
        key=folder / "server.key",
        account_key=folder / "service-account.key",
        node_cert=folder / "apiserver-client.crt",
        node_key=folder / "apiserver-client.key",
    )
    server = run.make(Settings(port=port), log or MemoryLog(), files)
    await run.begin(server, files.client_ca.read_text())
    door = run.Door(server)
    bound = await door.open(files, ("127.0.0.1",), port)
    try:
        yield Place(f"https://127.0.0.1:{bound}", files.client_ca, folder / "admin.crt", folder / "admin.key", server)
    finally:
        await door.close()
        await server.store.close()


async def _until_told(port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="picok8s-") as folder:
        async with serving(Path(folder), port) as place:
            print(f"--server {place.url} --cert {place.cert} --key {place.key}", flush=True)
            await stop.wait()


def main(port: int) -> int:
    """`picok8s testing serve`: runs until it is told to stop; prints where it is as one line of options."""
    uvloop.run(_until_told(port))
    return 0
