"""The DNS server of a node: UDP and TCP at the cluster's DNS address, answered from the node's own view of services.

    run(config, calls)    for ever, with a view of its own
    serve(config, view)   the same over a view that somebody follows (`RESOURCES`, found by `INDEXES`)
    remove(config)        takes the addresses away

An answer from the view is made at once in the receiving callback; only what other resolvers must say becomes a task.
Equal questions that are under way share one, which also ends loops: a question that comes back here waits for itself.
"""

import asyncio
import logging
import os
import random
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from picok8s.api import objects
from picok8s.api.objects import Object
from picok8s.client.calls import Calls
from picok8s.client.view import Index, View, follow
from picok8s.dns import answer as answers
from picok8s.dns import cache, forward, message, resolvers
from picok8s.dns.answer import Forward
from picok8s.dns.forward import Reply
from picok8s.dns.message import Answer, Malformed, Query
from picok8s.dns.zone import SERVICE_NAME, Cluster, Zone

PORT = 53
SLICES = "endpointslices.discovery.k8s.io"
RESOURCES = ("services", SLICES)
HEADLESS = "service.kubernetes.io/headless"  # A label of slices; the others have no names of their own.

UNDER_WAY_MAX = 1000  # Different questions to others; more are answered with a failure.
WAITING_MAX = 4000  # Clients that wait for them.
CONNECTIONS_MAX = 256
CONNECTION_IDLE_S = 10.0
RETRY_MIN_S, RETRY_MAX_S = 0.5, 15.0

Source = tuple[Any, ...]  # Address and port, as the loop gives them.

log = logging.getLogger("picok8s.dns")


@dataclass(frozen=True, slots=True)
class Config:
    addresses: tuple[str, ...]  # Where to listen; those that are not loopback are put on the loopback interface.
    networks: tuple[str, ...]  # Of pods and services.
    domain: str = "cluster.local"
    upstreams: tuple[
        str, ...
    ] = ()  # Other resolvers; none: those of `resolv_conf`, which is read again when it changes.
    resolv_conf: Path = Path("/etc/resolv.conf")


@dataclass(slots=True)
class Health:
    """What is told about DNS. `ready` once it answers from a complete view."""

    ready: asyncio.Event = field(default_factory=asyncio.Event)
    problems: dict[str, str] = field(default_factory=dict)

    def say(self, subject: str, problem: str) -> None:
        if problem and self.problems.get(subject) != problem:
            log.warning('event="dns problem" subject=%s problem=%r', subject, problem)
        if problem:
            self.problems[subject] = problem
        else:
            self.problems.pop(subject, None)


def by_service(slice_: Object) -> Iterable[str]:
    name = objects.labels(slice_).get(SERVICE_NAME)
    return (f"{objects.namespace(slice_)}/{name}",) if name else ()


def by_endpoint(slice_: Object) -> Iterable[str]:
    if HEADLESS not in objects.labels(slice_):
        return ()
    return {address for endpoint in slice_.get("endpoints") or () for address in endpoint["addresses"]}


def by_cluster_ip(service: Object) -> Iterable[str]:
    spec = service["spec"]
    return [one for one in spec.get("clusterIPs") or [spec.get("clusterIP", "")] if one not in ("", "None")]


def by_namespace(service: Object) -> Iterable[str]:
    return (objects.namespace(service),)


INDEXES: dict[str, dict[str, Index]] = {
    "services": {"address": by_cluster_ip, "namespace": by_namespace},
    SLICES: {"service": by_service, "address": by_endpoint},
}


async def run(config: Config, calls: Calls, health: Health | None = None) -> None:
    view = View(INDEXES)
    async with asyncio.TaskGroup() as tasks:
        for resource in RESOURCES:
            tasks.create_task(follow(calls, view, resource))
        tasks.create_task(serve(config, view, health))


async def serve(config: Config, view: View, health: Health | None = None) -> None:
    health = health or Health()
    async with asyncio.TaskGroup() as tasks:
        server = Server(config, zone(config, view, int(time.time())), tasks)
        try:
            await server.open(health)
            await view.until_synced(*RESOURCES)
            server.synced = True
            health.ready.set()
            await asyncio.Event().wait()
        finally:
            server.close()


async def remove(config: Config) -> None:
    for address in config.addresses:
        if not ip_address(address).is_loopback:
            await ip("delete", address)


def zone(config: Config, view: View, serial: int) -> Zone:
    cluster = Cluster(
        service=lambda namespace, name: view.get("services", name, namespace),
        slices=lambda namespace, name: view.by(SLICES, "service", f"{namespace}/{name}"),
        slices_with=lambda address: view.by(SLICES, "address", address),
        services_at=lambda address: view.by("services", "address", address),
        has_services=lambda namespace: bool(view.by("services", "namespace", namespace)),
    )
    return Zone(config.domain.rstrip(".").lower(), config.networks, cluster, serial)


@dataclass(frozen=True, slots=True)
class Forwarded:
    query: Query
    asked: Forward
    limit: int


class Server:
    """Sockets to answers."""

    def __init__(self, config: Config, zone: Zone, tasks: asyncio.TaskGroup) -> None:
        self.config, self.zone, self.tasks = config, zone, tasks
        self.synced = False
        self.cache = cache.Cache()
        self.resolvers = resolvers.Resolvers(config.upstreams)
        self.read_at: float | None = None  # When resolv.conf, as it was read, had been changed.
        self.under_way: dict[cache.Question, asyncio.Task[Reply | None]] = {}
        self.connections = self.waiting = 0
        self.open_sockets: list[asyncio.BaseTransport | asyncio.Server] = []

    async def open(self, health: Health) -> None:
        """Listen at each address; another program that has the port is waited for."""
        loop = asyncio.get_running_loop()
        for address in self.config.addresses:
            pause = RETRY_MIN_S
            while True:
                try:
                    if not ip_address(address).is_loopback:
                        await ip("replace", address)
                    transport, _ = await loop.create_datagram_endpoint(lambda: Udp(self), local_addr=(address, PORT))
                    self.open_sockets.append(transport)
                    self.open_sockets.append(await asyncio.start_server(self.connected, address, PORT))
                    health.say(address, "")
                    break
                except OSError as error:
                    health.say(address, f"cannot listen at {address}:{PORT}: {error}")
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, RETRY_MAX_S)

    def close(self) -> None:
        for one in self.open_sockets:
            one.close()

    def answer(self, data: bytes, tcp: bool) -> bytes | Forwarded | None:
        """The answer, or what it takes to get it from elsewhere; None where there is nothing to answer."""
        try:
            query = message.read(data)
        except Malformed as error:
            return None if error.code is None else message.refusal(data, error.code)
        limit = message.TCP_MAX if tcp else query.udp_max
        found = answers.answer(self.zone, query)
        if isinstance(found, Forward):
            return self.from_cache(query, found, limit) or Forwarded(query, found, limit)
        if not self.synced:  # Not known yet is not the same as absent.
            found = Answer(message.SERVER_FAILURE, authoritative=False)
        return message.write(query, found, limit)

    def from_cache(self, query: Query, asked: Forward, limit: int) -> bytes | None:
        kept = self.cache.get(cache.question(query, asked.name), time.monotonic())
        return None if kept is None else finish(query, asked, kept[0], kept[1], limit)

    async def ask(self, forwarded: Forwarded) -> bytes:
        query, asked, limit = forwarded.query, forwarded.asked, forwarded.limit
        key = cache.question(query, asked.name)
        task = self.under_way.get(key)
        if task is None and len(self.under_way) < UNDER_WAY_MAX:
            task = self.under_way[key] = self.tasks.create_task(self.resolve(query, asked.name))
            task.add_done_callback(lambda _: self.under_way.pop(key, None))
        self.waiting += 1
        try:
            reply = await asyncio.shield(task) if task and self.waiting <= WAITING_MAX else None
        finally:
            self.waiting -= 1
        if reply is None:
            return message.write(query, Answer(message.SERVER_FAILURE, authoritative=False), limit)
        return finish(query, asked, reply, 0, limit)

    async def resolve(self, query: Query, name: str) -> Reply | None:
        self.read_resolv_conf()
        now = time.monotonic()
        probing = self.resolvers.all_silent(now)
        order = self.resolvers.order(now)
        self.resolvers.probing += probing
        try:
            async with asyncio.timeout(resolvers.TRIES_S):
                for address in order:
                    try:
                        reply = await exchange(address, query, name)
                    except (OSError, TimeoutError, Malformed, EOFError, IndexError):
                        self.resolvers.failed(address, time.monotonic())
                        continue
                    self.resolvers.answered(address)
                    self.cache.put(cache.question(query, name), reply, time.monotonic())
                    return reply
        except TimeoutError:
            pass
        finally:
            self.resolvers.probing -= probing
        return None

    def read_resolv_conf(self) -> None:
        if self.config.upstreams:
            return
        try:
            changed = os.stat(self.config.resolv_conf).st_mtime
            if changed != self.read_at:
                text = self.config.resolv_conf.read_text()
                self.resolvers.replace(forward.servers(text, frozenset(self.config.addresses)))
                self.read_at = changed
        except OSError:
            self.resolvers.replace(())

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection over TCP: a length in front of each message."""
        self.connections += 1
        try:
            while self.connections <= CONNECTIONS_MAX:
                async with asyncio.timeout(CONNECTION_IDLE_S):
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    data = await reader.readexactly(length)
                reply = self.answer(data, tcp=True)
                if isinstance(reply, Forwarded):
                    reply = await self.ask(reply)
                if reply is None:
                    break
                async with asyncio.timeout(CONNECTION_IDLE_S):
                    writer.write(len(reply).to_bytes(2, "big") + reply)
                    await writer.drain()
        except (TimeoutError, EOFError, OSError):
            pass
        finally:
            self.connections -= 1
            writer.close()


def finish(query: Query, asked: Forward, reply: Reply, age: int, limit: int) -> bytes:
    if not asked.before:
        return forward.answered(reply, query, age, limit)
    try:
        records = (*asked.before, *forward.records(reply))
    except (Malformed, IndexError, ValueError, struct.error):
        return message.write(query, Answer(message.SERVER_FAILURE, authoritative=False), limit)
    return message.write(query, Answer(reply.code, records, authoritative=False), limit)


class Udp(asyncio.DatagramProtocol):
    def __init__(self, server: Server) -> None:
        self.server = server

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, source: Source) -> None:
        reply = self.server.answer(data, tcp=False)
        if isinstance(reply, Forwarded):
            self.server.tasks.create_task(self.later(reply, source))
        elif reply is not None:
            self.transport.sendto(reply, source)

    async def later(self, forwarded: Forwarded, source: Source) -> None:
        try:
            self.transport.sendto(await self.server.ask(forwarded), source)
        except Exception:  # One question must not end the server.
            log.exception('event="question failed" name=%s', forwarded.asked.name)


class Asking(asyncio.DatagramProtocol):
    """One question to one resolver, from a port of its own, so that a reply cannot be guessed."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, source: Source) -> None:
        if not self.reply.done() and forward.is_reply(self.request, data):
            self.reply.set_result(data)

    def error_received(self, error: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(error)


async def exchange(address: str, query: Query, name: str) -> Reply:
    request = forward.request(query, name, random.SystemRandom().randrange(65536))
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(resolvers.TRY_S):
        transport, asking = await loop.create_datagram_endpoint(lambda: Asking(request), remote_addr=(address, PORT))
        try:
            transport.sendto(request)
            data = await asking.reply
        finally:
            transport.close()
        if forward.is_truncated(data):
            data = await over_tcp(address, request)
    return forward.read(data)


async def over_tcp(address: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(address, PORT)
    try:
        writer.write(len(request).to_bytes(2, "big") + request)
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    finally:
        writer.close()
    if not forward.is_reply(request, data):
        raise Malformed
    return data


async def ip(verb: str, address: str) -> None:
    """An address of the cluster on the loopback interface; of scope host, so that it is never taken for a source."""
    bits = ip_address(address).max_prefixlen
    with suppress(FileNotFoundError):
        process = await asyncio.create_subprocess_exec(
            *("ip", "address", verb, f"{address}/{bits}", "dev", "lo", "scope", "host"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await process.wait()
