"""The sockets of the API server: TLS, HTTP/1.1, and from HTTP to `serve` and back. The one file here that knows aiohttp."""

import asyncio
import contextlib
import ipaddress
import logging
import random
import secrets
import ssl
import string
import time
import uuid
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from picok8s.api import objects
from picok8s.api.errors import ApiError
from picok8s.api.moment import time as timestamp
from picok8s.api.resource import preferred
from picok8s.apiserver import address_objects, authenticate, authorize, bootstrap, respond, tokens
from picok8s.apiserver.kinds import table
from picok8s.apiserver.messages import Request, Response
from picok8s.apiserver.relay.run import NodeClient
from picok8s.apiserver.serve import serve
from picok8s.apiserver.server import Server, Settings
from picok8s.store.log import Log
from picok8s.store.store import Conflict, Store

log = logging.getLogger("picok8s.apiserver")

WORD = string.digits + "bcdfghjklmnpqrstvwxz"  # No vowels, so that no words come out.
IDLE_S = 180.0
HEADER_MAX = 64 * 1024
STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class Files:
    """Where the server finds its keys: PEM files."""

    client_ca: Path
    cert: Path
    key: Path
    account_key: Path  # Signs service-account tokens.
    node_cert: Path  # Shown to nodes.
    node_key: Path


def make(settings: Settings, datastore: Log, files: Files) -> Server:
    """A server over a datastore, with the objects that every cluster has."""
    store = Store(datastore)
    catalogue = {(r.group, r.version, r.plural): r for r in table.catalogue()}
    keys = tokens.Tokens(files.account_key.read_bytes(), issuer=settings.issuer)
    server = Server(
        settings=settings,
        store=store,
        catalogue=catalogue,
        authenticator=None,
        authorizer=None,
        tokens=keys,
        now=time.time,
        word=_word,
        uid=lambda: str(uuid.uuid4()),
        within=_within,
        chance=random.random,
        node_client=NodeClient(str(files.client_ca), str(files.node_cert), str(files.node_key)),
    )
    server.authenticator = authenticate.Authenticator(server.lookup, keys, time.time)
    server.authorizer = authorize.Authorizer(server.lookup)
    return server


def _word(length: int) -> str:
    return "".join(secrets.choice(WORD) for _ in range(length))


async def _within(waiting: Awaitable[Any], seconds: float) -> Any:
    try:
        async with asyncio.timeout(seconds):
            return await waiting
    except TimeoutError:
        return None


async def begin(server: Server, client_ca: str) -> None:
    """Make what every cluster has and this one lacks, and give back what was taken from the roles."""
    settings, store = server.settings, server.store
    place = bootstrap.Place(
        advertise_addresses=(settings.advertise_address,),
        port=settings.port,
        service_cidr=settings.service_cidr,
        service_ip=bootstrap_ip(settings.service_cidr),
        client_ca=client_ca,
        date=timestamp(time.time())[:10],
    )
    new = store.revision == 0
    writes = []
    for resource, wanted in [*bootstrap.objects(place), *bootstrap.api_services(server.resources())]:
        metadata = wanted["metadata"]
        present = store.get(resource, metadata["name"], metadata.get("namespace", ""))
        obj = _born(server, resource, wanted) if present is None else bootstrap.repaired(resource, wanted, present.obj)
        if obj is not None:
            writes.append(store.put(resource, obj, present))
    with contextlib.suppress(Conflict):
        await asyncio.gather(*writes)
    await address_objects.repair(server)
    if new:
        store.forget_the_past()


def bootstrap_ip(cidr: str) -> str:
    """The first address of the services, which the API server has."""
    return str(ipaddress.ip_network(cidr)[1])


def _born(server: Server, resource: str, obj: dict[str, Any]) -> dict[str, Any]:
    """The object as its creation through the API would make it."""
    metadata = {**obj["metadata"], "uid": str(uuid.uuid4()), "creationTimestamp": timestamp(time.time())}
    new = objects.copy({**obj, "metadata": metadata})
    if obj["kind"] == "Namespace":
        new["metadata"]["labels"] = {"kubernetes.io/metadata.name": metadata["name"], **metadata.get("labels", {})}
    row = preferred(resource)
    server.catalogue[(row.group, row.version, row.plural)].behaviour.prepare(new, None)
    return new


class Door:
    """One listening server: takes HTTP requests, hands them to `serve`, writes the answers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._web = web.Server(
            self._handle,
            handler_cancellation=True,
            keepalive_timeout=IDLE_S,
            access_log=None,
            max_field_size=HEADER_MAX,
            max_line_size=HEADER_MAX,
        )
        self._listening: list[asyncio.Server] = []

    async def open(self, files: Files, hosts: tuple[str, ...], port: int) -> int:
        """Listen; returns the port (a free one for 0). Raises OSError."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_cert_chain(files.cert, files.key)
        tls.load_verify_locations(files.client_ca)
        tls.verify_mode = ssl.CERT_OPTIONAL
        tls.set_alpn_protocols(["http/1.1"])
        loop = asyncio.get_running_loop()
        for host in hosts:
            listening = await loop.create_server(self._web, host, port, ssl=tls, backlog=1024, reuse_address=True)
            port = listening.sockets[0].getsockname()[1]
            self._listening.append(listening)
        return port

    async def close(self) -> None:
        for listening in self._listening:
            listening.close()
        await self._web.shutdown(STOP_S)
        await self.server.node_client.close()

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        try:
            request = await _request(http, self.server.settings.body_max)
            response = await serve(self.server, request)
        except ApiError as error:
            request, response = Request(http.method, http.path), respond.refusal(error)
        if response.takeover is not None:
            await response.takeover(http)
            raise asyncio.CancelledError  # The connection is no longer ours: there is nothing to answer on it.
        if response.stream is not None:
            return await self._stream(http, response, response.stream)
        return _answer(request, response, self.server.now())

    async def _stream(
        self, http: web.BaseRequest, response: Response, chunks: AsyncIterator[bytes]
    ) -> web.StreamResponse:
        answer = web.StreamResponse(status=response.code, headers=_headers(response, response.content_type))
        await answer.prepare(http)
        try:
            async for chunk in chunks:
                await answer.write(chunk)
        finally:
            await chunks.aclose()  # type: ignore[attr-defined]
        return answer


async def _request(http: web.BaseRequest, body_max: int) -> Request:
    """The parts of an HTTP request. Raises ApiError 413."""
    headers: dict[str, str] = {}
    for name, value in http.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}\x00{value}" if name in headers else value
    body = b""
    if http.body_exists:
        parts, size = [], 0
        async for chunk in http.content.iter_any():
            size += len(chunk)
            if size > body_max:
                message = f"Request entity too large: limit is {body_max}"
                raise ApiError("RequestEntityTooLarge", message, {})
            parts.append(chunk)
        body = b"".join(parts)
    transport = http.transport
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    raw_path, _, raw_query = http.raw_path.partition("?")
    return Request(
        method=http.method,
        path=raw_path,
        query=parse_qs(raw_query, keep_blank_values=True) if raw_query else {},
        headers=headers,
        body=body,
        certificate=tls.getpeercert(True) if tls is not None else None,
        raw_query=raw_query,
        address=http.remote or "",
    )


def _headers(response: Response, content_type: str) -> dict[str, str]:
    headers = {"Cache-Control": "no-cache, private", **response.headers}
    if content_type:
        headers["Content-Type"] = content_type
    return headers


def _rendered(request: Request, response: Response, now: float) -> tuple[Response, bytes, str]:
    """The bytes of an answer; a refusal in its place when it cannot be given in the form that was asked for."""
    try:
        return response, *respond.render(response, request, now)
    except ApiError as error:
        response = respond.refusal(error)
    except Exception as error:  # A bug, as one in a verb is.
        log.exception('event="rendering failed" method=%s path=%s', request.method, request.path)
        response = respond.refusal(ApiError("InternalError", f"Internal error occurred: {error}"))
    return response, *respond.render(response, Request(request.method, request.path), now)


def _answer(request: Request, response: Response, now: float) -> web.Response:
    if response.body is not None:
        body, content_type = response.body, response.content_type
    else:
        response, body, content_type = _rendered(request, response, now)
    answer = web.Response(status=response.code, body=body, headers=_headers(response, content_type))
    for text in response.warnings:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        answer.headers.add("Warning", f'299 - "{quoted}"')
    return answer
