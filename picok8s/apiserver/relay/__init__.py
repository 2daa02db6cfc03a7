"""Carries requests to nodes, pods and services, and their answers back: plain HTTP, or an upgraded connection byte for byte."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server

log = logging.getLogger("picok8s.apiserver")

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade")
)
NOT_PASSED = HOP_BY_HOP | {"host", "authorization", "content-length", "accept-encoding"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes on. `node`: with the API server's own certificate, and the node's is checked."""

    scheme: str
    host: str
    port: int
    path: str
    node: bool = False

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


async def fetch(server: Server, call: Call, target: Target, content_type: str = "") -> Response:
    """The target's answer, streamed as it comes."""
    status, headers, chunks = await server.node_client.request(target, call.request.method, {}, b"")
    if status >= 400:
        text = b"".join([chunk async for chunk in chunks])[:4096].decode(errors="replace")
        raise ApiError({400: "BadRequest", 404: "NotFound"}.get(status, "InternalError"), text or f"the node answered {status}")
    return Response(status, stream=chunks, content_type=content_type or headers.get("content-type", "text/plain"))


async def proxy(server: Server, call: Call, target: Target) -> Response:
    """A request passed on whole, and its answer as it is."""
    request = call.request
    if "upgrade" in request.header("connection").lower():
        return await upgrade(server, call, target)
    headers = {name: value for name, value in request.headers.items() if name not in NOT_PASSED}
    try:
        status, answered, chunks = await server.node_client.request(target, request.method, headers, request.body)
    except OSError as error:
        raise ApiError("ServiceUnavailable", f"error trying to reach service: {error}") from None
    kept = {name: value for name, value in answered.items() if name.lower() not in HOP_BY_HOP | {"content-type", "content-length"}}
    return Response(status, stream=chunks, headers=kept, content_type=answered.get("content-type", ""))


async def upgrade(server: Server, call: Call, target: Target) -> Response:
    """An upgraded connection (exec, attach, port-forward): the client's and the target's bytes are exchanged until one ends.

    SPDY goes through as it is. WebSocket is translated to SPDY on the way, as the node's runtime speaks only that.
    """
    request = call.request
    if "upgrade" not in request.header("connection").lower():
        raise ApiError("BadRequest", "Upgrade request required")

    async def take(http: Any) -> Any:
        return await server.node_client.bridge(http, request, target)

    return Response(101, takeover=take)


