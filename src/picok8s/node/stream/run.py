"""Sockets of the node's API: its TLS server, and the hand-over of a caller's connection to the runtime."""

import asyncio
import os
import ssl
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from picok8s.node.config import NodeConfig

CHUNK = 64 * 1024
RENEWAL_LOOK_SECONDS = 600.0
PAUSE_BYTES = 1 << 20  # So much may wait for a slow caller before reading from the other side stops.


async def listen(app: web.Application, config: NodeConfig) -> None:
    """Serves the application until it is cancelled. Renewed certificates are taken up without a restart."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(config.certificate, config.key)
    if config.client_ca:
        context.load_verify_locations(config.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, config.listen or None, config.port, ssl_context=context, reuse_address=True).start()
        made = os.stat(config.certificate).st_mtime_ns
        while True:
            await asyncio.sleep(RENEWAL_LOOK_SECONDS)
            if os.stat(config.certificate).st_mtime_ns != made:
                made = os.stat(config.certificate).st_mtime_ns
                context.load_cert_chain(config.certificate, config.key)
    finally:
        await runner.cleanup()


class _Caller(asyncio.Protocol):
    """The caller's side after the hand-over: what it sends goes to the runtime."""

    def __init__(self, transport: Any, writer: asyncio.StreamWriter) -> None:
        self._transport = transport
        self._writer = writer
        self.closed = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        if self._writer.is_closing():
            return
        self._writer.write(data)
        buffered = self._writer.transport.get_write_buffer_size()
        if buffered > PAUSE_BYTES:
            self._transport.pause_reading()
            task = asyncio.ensure_future(self._resume())
            task.add_done_callback(lambda done: done.exception())

    async def _resume(self) -> None:
        try:
            await self._writer.drain()
        finally:
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def eof_received(self) -> bool:
        if not self._writer.is_closing() and self._writer.can_write_eof():
            self._writer.write_eof()
        return False  # TLS has no half-close: the connection ends.

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set()
        self._may_write.set()
        self._writer.close()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    async def send(self, data: bytes) -> None:
        self._transport.write(data)
        await self._may_write.wait()


def head(method: str, url: str, headers: list[tuple[str, str]]) -> bytes:
    """The caller's request, addressed to the runtime: all its headers but the host and what proves who it is."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in ("host", "authorization")]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def pass_through(request: web.Request, url: str) -> web.StreamResponse:
    """Joins the caller's connection with the runtime's, from the request line on, until one of them ends."""
    parts = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError as error:
        raise web.HTTPBadGateway(text=f"the runtime's streaming server does not answer: {error}") from error
    transport = request.transport
    if transport is None:
        writer.close()
        raise ConnectionResetError("the caller is gone")
    writer.write(head(request.method, url, list(request.headers.items())))
    caller = _Caller(transport, writer)
    transport.set_protocol(caller)
    try:
        await _back(reader, caller)
    finally:
        transport.close()
        writer.close()
    # The connection is no longer aiohttp's; it must not write an answer of its own.
    raise asyncio.CancelledError


async def _back(reader: asyncio.StreamReader, caller: _Caller) -> None:
    """What the runtime sends goes to the caller."""
    while not caller.closed.is_set():
        data = await reader.read(CHUNK)
        if not data:
            return
        await caller.send(data)
