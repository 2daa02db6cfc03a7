"""The calls of the API from inside the server's process: no sockets, no bytes. What they return is shared and must not be changed."""

from collections.abc import AsyncIterator
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.api.resource import preferred
from picok8s.apiserver.messages import Request
from picok8s.apiserver.serve import answer
from picok8s.apiserver.server import Server
from picok8s.apiserver.users import MASTERS, User
from picok8s.client.calls import Event
from picok8s.client.paths import PATCHES, path
from picok8s.store.store import Compacted

Object = dict[str, Any]


class InProcess:
    """A client that acts as one part of the control plane; `agent` is the name that its writes carry."""

    def __init__(self, server: Server, agent: str) -> None:
        self._server = server
        self._agent = agent
        self._user = User(f"system:{agent}", groups=(MASTERS, "system:authenticated"))

    async def _call(
        self,
        method: str,
        where: str,
        body: Any = None,
        query: dict[str, list[str]] | None = None,
        media: str = "application/json",
    ) -> Object:
        headers = {"user-agent": self._agent, "content-type": media}
        request = Request(method, where, query or {}, headers, obj=body, user=self._user)
        response = await answer(self._server, request)
        assert response.obj is not None
        return response.obj

    async def get(self, resource: str, name: str, namespace: str = "", subresource: str = "") -> Object:
        return await self._call("GET", path(resource, namespace, name, subresource))

    async def list(
        self, resource: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> "tuple[list[Object], str]":
        body = await self._call("GET", path(resource, namespace), query=_query(labels, fields))
        return body["items"], body["metadata"]["resourceVersion"]

    async def create(self, resource: str, obj: Object, subresource: str = "") -> Object:
        metadata = obj.get("metadata", {})
        name = metadata["name"] if subresource else ""
        return await self._call("POST", path(resource, metadata.get("namespace", ""), name, subresource), obj)

    async def update(self, resource: str, obj: Object, subresource: str = "") -> Object:
        metadata = obj["metadata"]
        return await self._call(
            "PUT", path(resource, metadata.get("namespace", ""), metadata["name"], subresource), obj
        )

    async def patch(
        self, resource: str, name: str, patch: Any, namespace: str = "", subresource: str = "", kind: str = "merge"
    ) -> Object:
        return await self._call("PATCH", path(resource, namespace, name, subresource), patch, media=PATCHES[kind])

    async def delete(self, resource: str, name: str, namespace: str = "", options: Object | None = None) -> Object:
        return await self._call("DELETE", path(resource, namespace, name), options or {})

    async def watch(
        self, resource: str, revision: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> AsyncIterator[Event]:
        """Straight from the store: controllers watch whole resources, so selectors are refused here."""
        if labels or fields:
            raise ApiError("BadRequest", "a watch from inside the server takes no selectors")
        row = preferred(resource)
        decode = self._server.catalogue[(row.group, row.version, row.plural)].behaviour.decode
        try:
            watched = self._server.store.watch(row.storage, int(revision))
        except Compacted:
            raise ApiError("Expired", f"The resourceVersion for the provided watch is too old: {revision}") from None
        try:
            while events := await watched.take():
                for event in events:
                    assert event.last is not None
                    if not namespace or event.key[0] == namespace:
                        yield event.type, decode(event.last.obj)
        finally:
            watched.close()


def _query(labels: str, fields: str) -> dict[str, list[str]]:
    asked = {"labelSelector": labels, "fieldSelector": fields}
    return {key: [value] for key, value in asked.items() if value}
