"""How access rules and admission see the cluster: a synchronous, read-only look at the current objects.

The server implements it over its cache. What comes back must not be changed. A storage is named as in `kubectl`:
"pods", "roles.rbac.authorization.k8s.io".
"""

from typing import Any, Protocol

Object = dict[str, Any]


class Lookup(Protocol):
    def get(self, storage: str, name: str, namespace: str = "") -> Object | None:
        """The object as it is now, or None."""
        ...

    def list(self, storage: str, namespace: str | None = None) -> list[Object]:
        """All objects, or those of one namespace, ordered by namespace and name."""
        ...

    def revision_of(self, storage: str) -> int:
        """A number that changes whenever an object of that storage changes: for caches."""
        ...
