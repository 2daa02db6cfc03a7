"""The calls of the API over HTTPS, with a client certificate or a token."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson

from picok8s.api.errors import ApiError
from picok8s.client.calls import Event
from picok8s.client.paths import PATCHES, path

Object = dict[str, Any]
Objects = list[Object]

CALL_S = 60.0
LINE_MAX = 16 * 1024 * 1024  # Bytes of one event.


class Https:
    """A client of one server. Connections are kept; `close` ends them."""

    def __init__(
        self,
        server: str,
        ca_file: Path,
        cert_file: Path | None = None,
        key_file: Path | None = None,
        token: str = "",
        agent: str = "picok8s",
    ) -> None:
        self.server = server.rstrip("/")
        self._tls = ssl.create_default_context(cafile=str(ca_file))
        if cert_file is not None:
            self._tls.load_cert_chain(cert_file, key_file)
        self._headers = {"Accept": "application/json", "User-Agent": f"{agent}/v0"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._session: aiohttp.ClientSession | None = None

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
            timeout = aiohttp.ClientTimeout(total=CALL_S, sock_connect=5)
            self._session = aiohttp.ClientSession(
                connector=connector, headers=self._headers, timeout=timeout, read_bufsize=2**18
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _call(self, method: str, where: str, body: Any = None, media: str = "application/json") -> Any:
        data = orjson.dumps(body) if body is not None else None
        headers = {"Content-Type": media} if data is not None else {}
        try:
            async with self._connected().request(method, self.server + where, data=data, headers=headers) as answer:
                raw = await answer.read()
                if answer.status >= 400:
                    raise _refusal(answer.status, raw)
                return orjson.loads(raw) if raw else {}
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiError("ServiceUnavailable", f"the API server {self.server} does not answer: {error!r}") from error

    async def get(self, resource: str, name: str, namespace: str = "", subresource: str = "") -> Object:
        answer: Object = await self._call("GET", path(resource, namespace, name, subresource))
        return answer

    async def list(self, resource: str, namespace: str = "", labels: str = "", fields: str = "") -> tuple[Objects, str]:
        body = await self._call("GET", path(resource, namespace) + _query(labelSelector=labels, fieldSelector=fields))
        head = {"apiVersion": body["apiVersion"], "kind": body["kind"].removesuffix("List")}
        return [{**head, **item} for item in body["items"]], body["metadata"]["resourceVersion"]

    async def create(self, resource: str, obj: Object, subresource: str = "") -> Object:
        metadata = obj.get("metadata", {})
        name = metadata["name"] if subresource else ""
        answer: Object = await self._call("POST", path(resource, metadata.get("namespace", ""), name, subresource), obj)
        return answer

    async def update(self, resource: str, obj: Object, subresource: str = "") -> Object:
        metadata = obj["metadata"]
        where = path(resource, metadata.get("namespace", ""), metadata["name"], subresource)
        answer: Object = await self._call("PUT", where, obj)
        return answer

    async def patch(
        self, resource: str, name: str, patch: Any, namespace: str = "", subresource: str = "", kind: str = "merge"
    ) -> Object:
        answer: Object = await self._call("PATCH", path(resource, namespace, name, subresource), patch, PATCHES[kind])
        return answer

    async def delete(self, resource: str, name: str, namespace: str = "", options: Object | None = None) -> Object:
        answer: Object = await self._call("DELETE", path(resource, namespace, name), options)
        return answer

    async def watch(
        self, resource: str, revision: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> AsyncIterator[Event]:
        query = _query(
            watch="1", resourceVersion=revision, allowWatchBookmarks="true", labelSelector=labels, fieldSelector=fields
        )
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        try:
            async with self._connected().get(
                self.server + path(resource, namespace) + query, timeout=timeout
            ) as answer:
                if answer.status >= 400:
                    raise _refusal(answer.status, await answer.read())
                rest = b""
                async for chunk in answer.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    if len(rest) > LINE_MAX:
                        raise ApiError("InternalError", "an event of the watch is too long")
                    for line in lines:
                        yield _event(line)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiError("ServiceUnavailable", f"the watch was cut: {error!r}") from error


def _event(line: bytes) -> Event:
    event = orjson.loads(line)
    if event["type"] == "ERROR":
        status = event["object"]
        raise ApiError(status.get("reason", ""), status.get("message", ""), status.get("details"), status.get("code"))
    return event["type"], event["object"]


def _query(**parts: str) -> str:
    given = {key: value for key, value in parts.items() if value}
    return f"?{urlencode(given)}" if given else ""


def _refusal(code: int, raw: bytes) -> ApiError:
    try:
        status = orjson.loads(raw)
        return ApiError(status.get("reason", ""), status.get("message", ""), status.get("details"), code)
    except (ValueError, AttributeError):
        return ApiError("", raw[:1000].decode(errors="replace"), code=code)
