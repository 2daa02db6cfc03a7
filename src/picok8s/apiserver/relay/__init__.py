"""Carries requests to nodes, pods and services, and their answers back: plain HTTP, or an upgraded connection.

An upgraded connection is passed on byte for byte where both ends understand each other: SPDY/3.1, and WebSocket with
the subprotocols that the node's runtime speaks itself. Two newer ones that it does not speak are turned into SPDY here:
remote commands of version 5 (`remote.py`) and SPDY in a WebSocket (`exchange.py`). This file decides; `run.py` carries.
"""

import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from picok8s.api.errors import ApiError
from picok8s.apiserver import authorize, rbac
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.relay import heads
from picok8s.apiserver.relay.exchange import Output, Through, Tunnel
from picok8s.apiserver.relay.remote import NODE_PROTOCOL, Remote, Wanted
from picok8s.apiserver.server import Server
from picok8s.wire import channels, websocket

log = logging.getLogger("picok8s.apiserver")

PROXY_OWN = frozenset({"proxy-authenticate", "proxy-authorization"})
HOP_BY_HOP = PROXY_OWN | {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
NOT_PASSED = HOP_BY_HOP | {"host", "authorization", "content-length", "accept-encoding"}
NOT_KEPT = HOP_BY_HOP | {"content-type", "content-length"}
ERROR_MAX = 50_000  # Bytes of a node's refusal that are read.


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes on. `node`: with the API server's own certificate, and the node's is checked."""

    scheme: str
    host: str
    port: int
    path: str
    node: bool = False

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.address}{self.path}"


async def fetch(server: Server, call: Call, target: Target, content_type: str = "") -> Response:
    """The target's answer, streamed as it comes; in messages to a client that wants a WebSocket."""
    try:
        status, headers, chunks = await server.node_client.request(target, call.request.method, {}, b"")
    except OSError as error:
        raise ApiError("", f"Get {orjson.dumps(target.url).decode()}: {error}", code=500) from None
    if status >= 400:
        raise refused(status, await _beginning(chunks))
    response = Response(status, stream=chunks, content_type=content_type or headers.get("content-type", "text/plain"))
    return output(server, call, response) if websocket.is_asked_for(call.request.headers) else response


async def _beginning(chunks: AsyncIterator[bytes]) -> str:
    """As much of a refusal as is worth reading."""
    body = b""
    async for chunk in chunks:
        body += chunk
        if len(body) >= ERROR_MAX:
            break
    await chunks.aclose()  # type: ignore[attr-defined]
    return body[:ERROR_MAX].decode(errors="replace")


def refused(status: int, text: str) -> ApiError:
    """What a client is told when the node refused."""
    try:
        told = orjson.loads(text)
        text = told["message"] if told.get("kind") == "Status" else text
    except (orjson.JSONDecodeError, AttributeError, KeyError):
        pass
    text = text.strip()
    if status == 400:
        return ApiError("BadRequest", text)
    if status == 404:
        return ApiError("NotFound", text or "the server could not find the requested resource")
    return ApiError("InternalError", f"Internal error occurred: {text or f'the node answered {status}'}")


def output(server: Server, call: Call, response: Response) -> Response:
    """A stream of bytes as WebSocket messages, cut anywhere."""
    answer = websocket.handshake(call.request.method, call.request.headers, channels.OUTPUT)
    if answer.code != 101 or response.stream is None:
        return _declined(answer)
    chunks, greeting = response.stream, answer.head() + channels.output(answer.protocol, b"")
    exchange = Output(answer.protocol)
    return Response(101, takeover=lambda http: server.node_client.send(http, greeting, chunks, exchange))


def events(server: Server, call: Call, response: Response) -> Response:
    """A watch as WebSocket messages, an event each: JSON in text, protobuf in binary."""
    offered = (*websocket.protocols(call.request.headers), "")  # None has a meaning here.
    answer = websocket.handshake(call.request.method, call.request.headers, offered)
    if answer.code != 101 or response.stream is None:
        return _declined(answer)
    text = response.content_type == "application/json"
    chunks = (_lines if text else _delimited)(response.stream)
    exchange = Output("", text)
    return Response(101, takeover=lambda http: server.node_client.send(http, answer.head(), chunks, exchange))


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in chunks:
            for line in chunk.splitlines(keepends=True):
                yield line
    finally:
        await chunks.aclose()  # type: ignore[attr-defined]


async def _delimited(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Events that have their length before them, without it. A chunk is whole events."""
    try:
        async for chunk in chunks:
            while chunk:
                end = 4 + int.from_bytes(chunk[:4], "big")
                yield chunk[4:end]
                chunk = chunk[end:]
    finally:
        await chunks.aclose()  # type: ignore[attr-defined]


def _declined(answer: websocket.Answer) -> Response:
    """Why a client's handshake failed, in plain text, and the end of its connection."""
    plain = "text/plain; charset=utf-8"
    return Response(answer.code, body=answer.text.encode(), content_type=plain, headers={"Connection": "close"})


async def proxy(server: Server, call: Call, target: Target) -> Response:
    """A request passed on whole, and its answer as it is."""
    request = call.request
    if request.method in ("GET", "HEAD") and request.path.endswith("/proxy"):
        # Relative links of the page are right only below a path that ends with a slash.
        query = f"?{request.raw_query}" if request.raw_query else ""
        return Response(301, body=b"", headers={"Location": f"{request.path}/{query}"}, content_type="text/plain")
    if "upgrade" in request.header("connection").lower():
        return await _passed_on(server, call, target)
    headers = {name: value for name, value in request.headers.items() if name not in NOT_PASSED}
    try:
        status, answered, chunks = await server.node_client.request(target, request.method, headers, request.body)
    except OSError as error:
        raise ApiError("ServiceUnavailable", f"error trying to reach service: {error}") from None
    kept = {name: value for name, value in answered.items() if name not in NOT_KEPT}
    return Response(status, stream=chunks, headers=kept, content_type=answered.get("content-type", ""))


async def upgrade(server: Server, call: Call, target: Target) -> Response:
    """An upgraded connection (exec, attach, port-forward): bytes are exchanged with the node until one side ends."""
    request = call.request
    if "upgrade" not in request.header("connection").lower():
        raise ApiError("BadRequest", "Upgrade request required")
    _check_create(server, call)
    if websocket.is_asked_for(request.headers):
        offered = websocket.protocols(request.headers)
        if call.subresource == "portforward" and (inside := channels.tunnelled(offered)):
            return await _tunnelled(server, call, target, inside)
        if call.subresource != "portforward" and channels.V5 in offered:
            return _translated(server, call, target)
    return await _passed_on(server, call, target)


def _check_create(server: Server, call: Call) -> None:
    """A WebSocket begins with GET, and who may only read runs no commands. Raises ApiError 403."""
    wanted = replace(authorize.attributes(call), verb="create")
    allowed, reason = (True, "") if call.verb == "create" else server.authorizer.decide(wanted)
    if not allowed:
        raise rbac.refusal(wanted, reason)


async def _passed_on(server: Server, call: Call, target: Target) -> Response:
    node = await _opened(server, target, heads.passed_on(call.request, target.address, target.path))
    if node.head.status != 101:
        return await _refusal(node)
    return Response(101, takeover=lambda http: server.node_client.join(http, node.head.raw, node, Through()))


async def _tunnelled(server: Server, call: Call, target: Target, inside: Iterable[str]) -> Response:
    """SPDY in a WebSocket: the handshake with the node comes first, as it chooses the protocol inside."""
    request = call.request
    node = await _opened(server, target, heads.spdy(request, target.address, target.path, list(inside)))
    if node.head.status != 101:
        return await _refusal(node)
    chosen = node.head.headers.get("x-stream-protocol-version", "")
    answer = websocket.handshake(request.method, request.headers, (f"{channels.TUNNEL_PREFIX}{chosen}",))
    if not node.head.is_spdy:
        answer = websocket.Answer(500, text="unable to upgrade: missing upgrade headers in response")
    if answer.code != 101:
        node.close()
        return _declined(answer)
    return Response(101, takeover=lambda http: server.node_client.join(http, answer.head(), node, Tunnel()))


def _translated(server: Server, call: Call, target: Target) -> Response:
    """A remote command of version 5. The client is answered first: what goes wrong, its error channel says."""
    request = call.request
    answer = websocket.handshake(request.method, request.headers, (channels.V5,))
    if answer.code != 101:
        return _declined(answer)
    remote = Remote(Wanted.of(request))
    head = heads.spdy(request, target.address, target.path, [NODE_PROTOCOL])
    return Response(101, takeover=lambda http: server.node_client.translate(http, answer.head(), target, head, remote))


async def _opened(server: Server, target: Target, head: bytes) -> Any:
    """A connection to the target whose answer to this head is known. Raises ApiError."""
    try:
        return await server.node_client.open(target, head)
    except (OSError, heads.NotHttp) as error:
        raise ApiError("", f"error dialing backend: {error}", code=500) from None


async def _refusal(node: Any) -> Response:
    """The target's own words when it does not upgrade."""
    head = node.head
    if head.status < 400:
        node.close()
        raise ApiError("", f"invalid upgrade response: status code {head.status}", code=500)
    body = await node.body(ERROR_MAX)
    return Response(head.status, body=body, content_type=head.headers.get("content-type", ""))
