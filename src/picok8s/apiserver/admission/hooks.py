"""How a plug-in says what it judges, and how it refuses: the vocabulary of admission."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from picok8s.api.errors import ApiError, forbidden
from picok8s.apiserver.authorize import Authorizer
from picok8s.apiserver.lookup import Lookup
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

CREATE, UPDATE, DELETE = "CREATE", "UPDATE", "DELETE"
WRITES = (CREATE, UPDATE)


class Cluster(Protocol):
    """What plug-ins use of the server: objects, access, a clock, random words. `store` is for the quota's count."""

    lookup: Lookup
    authorizer: Authorizer
    store: Any
    now: Callable[[], float]
    word: Callable[[int], str]


# What a plug-in does: (server, call, new, old). `old` is None for a new object, `new` for one that is deleted.
# A mutating one may change `new`, in place, but not what `new` shares with others: it replaces lists and maps.
Judge = Callable[[Any, Call, Any, Any], "Awaitable[None] | None"]


@dataclass(frozen=True, slots=True)
class Hook:
    """A plug-in's part in one phase: for which resources (None: all), operations and subresources (None: all)."""

    name: str
    judge: Judge
    resources: tuple[str, ...] | None
    operations: tuple[str, ...] = (CREATE,)
    subresources: tuple[str, ...] | None = ("",)

    def fits(self, resource: str, operation: str, subresource: str) -> bool:
        return (
            operation in self.operations
            and (self.resources is None or resource in self.resources)
            and (self.subresources is None or subresource in self.subresources)
        )


def refused(call: Call, obj: Object, why: str) -> ApiError:
    """The 403 of a plug-in."""
    metadata = obj.get("metadata") or {}
    name = call.name or metadata.get("name") or metadata.get("generateName") or "Unknown"
    return forbidden(call.of.group, call.of.plural, name, why)
