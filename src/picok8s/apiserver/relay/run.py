"""The sockets of relay: requests to nodes and pods, and connections whose bytes are exchanged with a client's."""

import asyncio
import contextlib
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp

from picok8s.apiserver.relay import Target, heads
from picok8s.apiserver.relay.exchange import Exchange, Output, Step
from picok8s.apiserver.relay.remote import Remote

log = logging.getLogger("picok8s.apiserver")

CONNECT_S = 10.0
HEAD_S = 60.0  # Until a target has answered a request for an upgrade.
BODY_S = 10.0  # Until it has said why not.
STREAMS_S = 30.0  # Until a node has taken the streams of a remote command.
LOOK_S = 5.0  # Between looks after a client while a node takes nothing from it.
LINGER_S = 10.0  # For what either side still has to be sent at the end.
CHUNK = 64 * 1024
BUFFER = 128 * 1024  # Bytes read that wait for a slow writer, each way; twice as many make the sender wait.
GONE = (7, 8)  # TCP_CLOSE, TCP_CLOSE_WAIT: the client has closed its side, and TLS knows no half of a connection.


class Node:
    """A connection to a node, a pod or a service, which has answered a request for an upgrade."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: heads.Head) -> None:
        self.head = head
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """b"" at the end, however the connection ended."""
        try:
            return await self._reader.read(CHUNK)
        except OSError as error:
            log.info('event="connection to a node broke" error=%r', error)
            return b""

    def write(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)

    async def drain(self) -> None:
        """Quiet when the connection is gone: what came before that is still to be read, and then its end."""
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def body(self, size_max: int) -> bytes:
        """The body of an answer that is no upgrade, or what came of it in time; the connection ends."""
        body = b""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(BODY_S):
                while len(body) < size_max and not heads.is_whole(self.head.headers, body):
                    chunk = await self.read()
                    if not chunk:
                        break
                    body += chunk
        self.close()
        return heads.content(self.head.headers, body)[:size_max]

    def close(self) -> None:
        """What was written has a time to be sent; a node that takes nothing would hold the connection for ever."""
        self._writer.close()
        asyncio.get_running_loop().call_later(LINGER_S, self._writer.transport.abort)


class Source:
    """In the place of a Node: a stream that is only read."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    async def read(self) -> bytes:
        async for chunk in self._chunks:
            if chunk:
                return chunk
        return b""

    def write(self, data: bytes) -> None:
        raise TypeError("a source takes nothing")

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass


class NodeClient:
    """Connections from the API server: to nodes with its client certificate, to pods and services without."""

    def __init__(self, ca_file: str, cert_file: str, key_file: str) -> None:
        self._to_node = ssl.create_default_context(cafile=ca_file)
        self._to_node.check_hostname = False  # A node's address may change; its certificate is of our CA.
        self._to_node.load_cert_chain(cert_file, key_file)
        self._to_pod = ssl.create_default_context()
        self._to_pod.check_hostname = False
        self._to_pod.verify_mode = ssl.CERT_NONE  # As upstream: what a pod serves has no name that we could check.
        self._session: aiohttp.ClientSession | None = None

    def _tls(self, target: Target) -> ssl.SSLContext | None:
        return None if target.scheme == "http" else self._to_node if target.node else self._to_pod

    async def request(
        self, target: Target, method: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], AsyncIterator[bytes]]:
        """(status, headers, chunks) of an HTTP request. Raises OSError when there is no connection."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        tls = self._tls(target)
        try:
            answer = await self._session.request(
                method, target.url, headers=headers, data=body or None, ssl=tls if tls is not None else True,
                allow_redirects=False, skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )  # fmt: skip
        except aiohttp.ClientError as error:
            raise OSError(str(error)) from error

        async def chunks() -> AsyncIterator[bytes]:
            try:
                async for chunk in answer.content.iter_any():
                    yield chunk
            except aiohttp.ClientError:
                return
            finally:
                answer.close()

        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, chunks()

    async def open(self, target: Target, head: bytes) -> Node:
        """Connect, ask for an upgrade, and read how it is answered. Raises OSError, NotHttp."""
        reader, writer = await self._connect(target)
        try:
            writer.write(head)
            async with asyncio.timeout(HEAD_S):
                raw = await reader.readuntil(b"\r\n\r\n")
            return Node(reader, writer, heads.parse(raw))
        except asyncio.IncompleteReadError as error:
            writer.close()
            raise heads.NotHttp(f"malformed HTTP response {error.partial[:80]!r}" if error.partial else "EOF") from None
        except TimeoutError:
            writer.close()
            raise OSError("timed out waiting for the response headers") from None
        except asyncio.LimitOverrunError:
            writer.close()
            raise heads.NotHttp("response headers exceed the limit") from None
        except BaseException:
            writer.close()
            raise

    async def _connect(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        where = f"dial tcp {target.address}"
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(
                    target.host, target.port, ssl=self._tls(target), limit=BUFFER
                )
        except TimeoutError:
            raise OSError(f"{where}: i/o timeout") from None
        except ssl.SSLError as error:
            raise OSError(f"{where}: {error.reason or error}") from None
        except OSError as error:
            words = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
            raise OSError(f"{where}: connect: {words}") from None
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return reader, writer

    async def join(self, http: Any, greeting: bytes, node: Node, exchange: Exchange) -> None:
        """From the greeting on, exchange the bytes of an HTTP server's client and a node until one of them ends."""
        client = Raw.take(http)
        try:
            client.write(greeting)
            await _exchange(client, node, exchange)
        finally:
            node.close()
            await client.end()

    async def translate(self, http: Any, greeting: bytes, target: Target, head: bytes, remote: Remote) -> None:
        """A remote command whose client has been accepted before the node is asked."""
        client = Raw.take(http)
        node = None
        try:
            client.write(greeting + remote.greeting())
            try:
                node = await self.open(target, head)
            except (OSError, heads.NotHttp) as error:
                client.write(remote.failure(f"error dialing backend: {error}"))
                return
            if node.head.status != 101 or not node.head.is_spdy:
                text = (await node.body(CHUNK)).decode(errors="replace").strip()
                client.write(remote.failure(f"unable to upgrade connection: {text}"))
                return
            node.write(remote.opening())
            await _exchange(client, node, remote)
        finally:
            if node is not None:
                node.close()
            await client.end()

    async def send(self, http: Any, greeting: bytes, chunks: AsyncIterator[bytes], exchange: Output) -> None:
        """A stream of output to a client."""
        client = Raw.take(http)
        try:
            client.write(greeting)
            await _exchange(client, Source(chunks), exchange)
        finally:
            await chunks.aclose()  # type: ignore[attr-defined]
            await client.end()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def _exchange(client: "Raw", node: Node | Source, exchange: Exchange) -> None:
    """Until one side ends. Each side is read only as fast as the other takes what is made of it."""
    ready = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def act(step: Step) -> bool:
        if step.to_client:
            client.write(step.to_client)
        if step.to_node:
            node.write(step.to_node)
        if exchange.ready:
            ready.set()
        if not step.done:
            await client.drain()
            await client.outliving(node.drain)
        return not step.done

    async def upward() -> None:
        if not exchange.ready:
            try:
                async with asyncio.timeout(STREAMS_S):
                    await ready.wait()
            except TimeoutError:
                if isinstance(exchange, Remote):
                    client.write(exchange.failure("timed out waiting for the node to take the streams"))
                return
        while await act(exchange.from_client(await client.read())):
            pass

    async def downward() -> None:
        while await act(exchange.from_node(await node.read())):
            pass

    async def alone(loop: Any) -> None:
        with contextlib.suppress(ConnectionResetError):  # The client is free to go away at any time.
            await loop()
        for task in tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async with asyncio.TaskGroup() as group:
        tasks += [group.create_task(alone(upward)), group.create_task(alone(downward))]


class Raw(asyncio.Protocol):
    """A connection taken from the HTTP server: its bytes, both ways."""

    def __init__(self, transport: Any, before: Any) -> None:
        self._transport = transport
        self._before = before
        self._reader = asyncio.StreamReader(limit=BUFFER)
        self._reader.set_transport(transport)
        self._free = asyncio.Event()
        self._free.set()
        self._lost = asyncio.Event()

    @classmethod
    def take(cls, http: Any) -> "Raw":
        """From the HTTP server's request; the server must write nothing more. Raises ConnectionResetError."""
        before, transport = http.protocol, http.transport
        if transport is None:
            raise ConnectionResetError("the client is gone")
        raw = cls(transport, before)
        before.keep_alive(False)  # Its timer would close the connection.
        before.set_parser(raw)  # Gives what came after the request already.
        transport.set_protocol(raw)
        if not transport.is_reading():
            transport.resume_reading()
        return raw

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """As a parser of the HTTP server."""
        self._reader.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        """As a parser of the HTTP server."""

    def data_received(self, data: bytes) -> None:
        self._reader.feed_data(data)

    def eof_received(self) -> bool:
        self._reader.feed_eof()
        return False  # TLS cannot be half closed.

    def connection_lost(self, error: Exception | None) -> None:
        self._lost.set()
        self._free.set()
        self._reader.feed_eof()
        self._before.connection_lost(
            error
        )  # The server counts its connections, and ends the task that serves this one.

    def pause_writing(self) -> None:
        self._free.clear()

    def resume_writing(self) -> None:
        self._free.set()

    async def read(self) -> bytes:
        return await self._reader.read(CHUNK)

    def write(self, data: bytes) -> None:
        if not self._lost.is_set():
            self._transport.write(data)

    async def drain(self) -> None:
        """Raises ConnectionResetError when the client is gone."""
        await self._free.wait()
        if self._lost.is_set():
            raise ConnectionResetError("the client is gone")

    async def outliving(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Wait for the other side, as long as the client is there. Raises ConnectionResetError.

        Nothing tells us that a client has gone while its bytes are not read, so we look.
        """
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    return await wait()
            except TimeoutError:
                sock = self._transport.get_extra_info("socket")
                if sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in GONE:
                    raise ConnectionResetError("the client is gone") from None

    async def end(self) -> None:
        """Close, after what was written has been sent, or has had the time to be."""
        self._transport.close()
        try:
            async with asyncio.timeout(LINGER_S):
                await self._lost.wait()
        except TimeoutError:
            self._transport.abort()
