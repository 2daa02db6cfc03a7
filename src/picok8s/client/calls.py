"""The calls of the API, whoever answers them. `inprocess.py` asks the server next door, `https.py` one over the network.

A resource is named as in `kubectl`: "pods", "deployments.apps". Objects are dicts; what a call returns must not be changed.
Every refusal is an ApiError, with the reason that the server gave.
"""

from collections.abc import AsyncIterator
from typing import Any, Protocol

Object = dict[str, Any]
Event = tuple[str, Object]  # ("ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK", object)


class Calls(Protocol):
    async def get(self, resource: str, name: str, namespace: str = "", subresource: str = "") -> Object: ...

    async def list(
        self, resource: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> tuple[list[Object], str]:
        """Objects (each with apiVersion and kind) and the revision to watch from."""
        ...

    async def create(self, resource: str, obj: Object, subresource: str = "") -> Object:
        """POST to the collection of obj's namespace, or to a subresource of the object of obj's name (binding, eviction, token)."""
        ...

    async def update(self, resource: str, obj: Object, subresource: str = "") -> Object:
        """PUT; conditional when obj carries a resourceVersion."""
        ...

    async def patch(
        self,
        resource: str,
        name: str,
        patch: Any,
        namespace: str = "",
        subresource: str = "",
        kind: str = "merge",  # "merge" | "strategic" | "json" | "apply"
    ) -> Object: ...

    async def delete(self, resource: str, name: str, namespace: str = "", options: Object | None = None) -> Object:
        """`options` is the body of a DeleteOptions: gracePeriodSeconds, propagationPolicy, preconditions."""
        ...

    def watch(
        self, resource: str, revision: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> AsyncIterator[Event]:
        """What came after `revision`. Ends when the server ends it; raises ApiError("Expired") when the past is gone."""
        ...
