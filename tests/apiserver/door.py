"""A whole API server in memory for tests, and requests to it, as its administrator, without sockets between."""

import asyncio
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson

from picok8s.apiserver import respond
from picok8s.apiserver.messages import Request, Response
from picok8s.apiserver.serve import serve
from picok8s.testing.serve import Place, serving

Object = dict[str, Any]

SPEC = {"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "x"}]}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": SPEC}
PODS = "/api/v1/namespaces/default/pods"


class Door:
    def __init__(self, place: Place) -> None:
        self.server = place.server
        self._certificate = ssl.PEM_cert_to_DER_cert(place.cert.read_text())

    async def answer(self, what: str, body: Any = None, **headers: str) -> tuple[Response, Request]:
        """The response to a request such as "GET /api/v1/pods"."""
        method, _, where = what.partition(" ")
        path, _, query = where.partition("?")
        sent = body.encode() if isinstance(body, str) else b"" if body is None else orjson.dumps(body)
        named = {"content-type": "application/json"} | {key.replace("_", "-"): value for key, value in headers.items()}
        asked = parse_qs(query, keep_blank_values=True)
        request = Request(method, path, asked, named, sent, certificate=self._certificate, raw_query=query)
        return await serve(self.server, request), request

    async def ask(self, what: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """(status, body) of it."""
        response, request = await self.answer(what, body, **headers)
        if response.stream is not None:
            return response.code, [orjson.loads(line) async for chunk in response.stream for line in chunk.splitlines()]
        data = response.body if response.body is not None else respond.render(response, request, 0)[0]
        return response.code, orjson.loads(data) if data[:1] in (b"{", b"[") else data.decode()


def with_server(test: Callable[[Door], Awaitable[None]]) -> Callable[[], None]:
    """Runs a test against a server of its own."""

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with serving(Path(folder)) as place:
                door = Door(place)
                account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
                await door.ask("POST /api/v1/namespaces/default/serviceaccounts", account)
                await test(door)

    def runs() -> None:
        asyncio.run(story())

    return runs
