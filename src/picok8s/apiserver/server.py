"""The server's state in one record: what every verb is given. Made by `run.py`, changed by nobody but the store."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from picok8s.api.resource import Resource
from picok8s.apiserver.route import Catalogue
from picok8s.store.store import Store

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator chose."""

    service_cidr: str = "10.152.183.0/24"
    node_ports: tuple[int, int] = (30000, 32767)
    issuer: str = "https://kubernetes.default.svc"
    advertise_address: str = "127.0.0.1"
    port: int = 16443
    body_max: int = 3 * 1024 * 1024  # Bytes, as upstream.
    timeout_s: float = 60.0


@dataclass(slots=True)
class Server:
    settings: Settings
    store: Store
    catalogue: Catalogue
    authenticator: Any
    authorizer: Any
    tokens: Any  # Signs and reads service-account tokens.
    now: Callable[[], float]  # Seconds since 1970.
    word: Callable[[int], str]  # So many random letters and digits, for generated names.
    uid: Callable[[], str]
    lookup: "Lookup" = None  # type: ignore[assignment]
    node_client: Any = None  # How connections to nodes are made (`proxy.py`).
    within: Callable[[Any, float], Any] = None  # type: ignore[assignment]  # An awaitable's result, None after so many seconds.
    chance: Callable[[], float] = lambda: 0.5  # Between 0 and 1.
    caches: dict[str, Any] = field(default_factory=dict)  # Documents that are built when first asked for.

    def __post_init__(self) -> None:
        self.lookup = Lookup(self.store)

    def resources(self) -> list[Resource]:
        return list(self.catalogue.values())


class Lookup:
    """Reads of current objects, for access control and admission: parsed, in memory, at once."""

    __slots__ = ("store",)

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, storage: str, name: str, namespace: str = "") -> Object | None:
        stored = self.store.get(storage, name, namespace)
        return stored.obj if stored else None

    def list(self, storage: str, namespace: str | None = None) -> list[Object]:
        return [stored.obj for _, stored in self.store.list(storage, namespace)]

    def revision_of(self, storage: str) -> int:
        return self.store.revision_of(storage)
