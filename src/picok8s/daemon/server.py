"""The server process: API server, controllers and scheduler over one datastore, meeting at the API."""

import asyncio
import logging
import signal
import time

import uvloop

from picok8s.api import schema
from picok8s.api.errors import ApiError
from picok8s.apiserver import run as apiserver
from picok8s.apiserver.inprocess import InProcess
from picok8s.apiserver.server import Settings
from picok8s.controllers import run as controllers
from picok8s.daemon import notify
from picok8s.daemon.config import Config
from picok8s.daemon.guard import guard
from picok8s.daemon.paths import Paths
from picok8s.dns import service as dns
from picok8s.scheduler import run as scheduler
from picok8s.store.log import StoreError
from picok8s.store.sqlite import SqliteLog

log = logging.getLogger("picok8s.server")


def files(paths: Paths) -> apiserver.Files:
    keys = paths.keys
    return apiserver.Files(
        client_ca=keys / "ca.crt",
        cert=keys / "server.crt",
        key=keys / "server.key",
        account_key=keys / "service-account.key",
        node_cert=keys / "apiserver-client.crt",
        node_key=keys / "apiserver-client.key",
    )


async def serve(paths: Paths, config: Config) -> None:
    """Runs until SIGTERM. Raises StoreError, OSError when it cannot begin."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    schema.choose(cache_dir=paths.state / "cache")
    keys = files(paths)
    settings = Settings(
        service_cidr=config.service_cidr,
        node_ports=config.node_port_range,
        advertise_address=config.address,
        port=config.api_port,
    )
    server = apiserver.make(settings, SqliteLog(paths.datastore), keys)
    await apiserver.begin(server, keys.client_ca.read_text())
    await name_service(InProcess(server, "picok8s"), config)
    door = apiserver.Door(server)
    await door.open(keys, ("0.0.0.0",), config.api_port)
    notify.ready("server")
    log.info('event="serving" port=%d revision=%d', config.api_port, server.store.revision)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(guard(paths)),
            group.create_task(control(server, config, keys.client_ca.read_text())),
        ]
        await stop.wait()
        for task in tasks:
            task.cancel()
    server.store.end_watches()
    await door.close()
    await server.store.close()


async def name_service(calls: InProcess, config: Config) -> None:
    """The Service of DNS, which each node answers itself."""
    try:
        await calls.create("services", dns.service(config.dns))
    except ApiError as error:
        if error.reason != "AlreadyExists":
            log.error('event="no DNS service" error=%r', str(error))


async def control(server: apiserver.Server, config: Config, ca: str) -> None:
    """Controllers and scheduler; when they fail as a whole they begin again, and the API server goes on."""
    while True:
        started = time.monotonic()
        try:
            await _control(server, config, ca)
        except asyncio.CancelledError:
            raise
        except BaseException:
            log.exception('event="controllers failed"')
        await asyncio.sleep(max(0.0, 1.0 - (time.monotonic() - started)))


async def _control(server: apiserver.Server, config: Config, ca: str) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(controllers.run(InProcess(server, "kube-controller-manager"), ca, config.pod_cidr))
        group.create_task(scheduler.run(InProcess(server, "kube-scheduler")))


def main(paths: Paths, config: Config) -> int:
    """`picok8s run-server`."""
    try:
        uvloop.run(serve(paths, config))
    except (StoreError, OSError) as error:
        log.error('event="cannot serve" error="%s"', error)  # The last line of the log: `start` shows it.
        return 1
    return 0
