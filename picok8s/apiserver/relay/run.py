"""The sockets of relay: requests to nodes and pods, and connections that are handed over byte for byte."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any


import aiohttp

from picok8s.apiserver.messages import Request
from picok8s.apiserver.relay import Target

CONNECT_S = 10.0
BUFFER_MAX = 1024 * 1024  # Bytes that wait for a slow reader before the fast side is paused.
HEAD_MAX = 64 * 1024
PASSED_ON = ("connection", "upgrade", "x-stream-protocol-version", "sec-websocket-key", "sec-websocket-version",
             "sec-websocket-protocol", "sec-websocket-extensions", "origin", "user-agent")


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
            )
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

    async def connect(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        tls = self._tls(target)
        opening = asyncio.open_connection(target.host, target.port, ssl=tls, limit=BUFFER_MAX)
        return await asyncio.wait_for(opening, CONNECT_S)

    async def bridge(self, http: Any, request: Request, target: Target) -> None:
        """Send the request on, and from then on exchange bytes until both sides have ended."""
        client = Raw.take(http)
        try:
            reader, writer = await self.connect(target)
        except (OSError, TimeoutError) as error:
            client.answer(502, f"error dialing backend: {error}")
            return
        try:
            writer.write(_head(request, target))
            await asyncio.gather(_copy(client.reader, writer), _back(reader, client))
        except (OSError, asyncio.IncompleteReadError):
            pass  # Either side is free to go away at any time.
        finally:
            writer.close()
            client.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _head(request: Request, target: Target) -> bytes:
    lines = [f"{request.method} {target.path} HTTP/1.1", f"Host: {target.host}:{target.port}"]
    for name in PASSED_ON:
        lines += [f"{name}: {value}" for value in request.header(name).split("\x00") if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()  # TLS cannot be half closed; SPDY and WebSocket say the end themselves before.


async def _back(reader: asyncio.StreamReader, client: "Raw") -> None:
    try:
        while chunk := await reader.read(65536):
            await client.write(chunk)
    finally:
        client.close()


class Raw(asyncio.Protocol):
    """A connection taken from the HTTP server: its bytes, both ways."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.reader = asyncio.StreamReader(limit=BUFFER_MAX)
        self._free = asyncio.Event()
        self._free.set()
        self.closed = False

    @classmethod
    def take(cls, http: Any) -> "Raw":
        """From the HTTP server's request; the server must write nothing more."""
        transport = http.transport
        raw = cls(transport)
        raw.reader.set_transport(transport)
        http.protocol.keep_alive(False)
        transport.set_protocol(raw)
        return raw

    def data_received(self, data: bytes) -> None:
        self.reader.feed_data(data)

    def eof_received(self) -> bool:
        self.reader.feed_eof()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        self._free.set()
        self.reader.feed_eof()

    def pause_writing(self) -> None:
        self._free.clear()

    def resume_writing(self) -> None:
        self._free.set()

    async def write(self, data: bytes) -> None:
        """Raises ConnectionResetError when the client is gone."""
        await self._free.wait()
        if self.closed:
            raise ConnectionResetError
        self.transport.write(data)

    def answer(self, code: int, text: str) -> None:
        body = text.encode()
        head = f"HTTP/1.1 {code} Error\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        if not self.closed:
            self.transport.write(head.encode() + body)
        self.close()

    def close(self) -> None:
        if not self.closed:
            self.transport.close()
        self.closed = True


