"""What passes through the server: a Request comes in, a Call says what it means, a Response goes out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.api.resource import Resource
from picok8s.apiserver.users import User

Object = dict[str, Any]


@dataclass(slots=True)
class Request:
    """An HTTP request. `obj` stands for the body when the client is in this process; `transport` is what an upgrade needs."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)  # Names in lower case; repeated ones joined by "\x00".
    body: bytes = b""
    obj: Object | None = None
    certificate: bytes | None = None  # DER of the client's certificate, verified by TLS.
    user: User | None = None  # Set for calls from inside the process: nothing is left to authenticate.
    transport: Any = None
    raw_query: str = ""
    address: str = ""

    def one(self, name: str, default: str = "") -> str:
        """A query parameter; the first one when it is repeated."""
        values = self.query.get(name)
        return values[0] if values else default

    def flag(self, name: str) -> bool:
        return self.one(name).lower() in ("1", "true", "t")

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)


@dataclass(slots=True)
class Call:
    """What a request means. `resource` is None for paths that are no resource."""

    verb: str  # create, get, list, watch, update, patch, delete, deletecollection; connect verbs keep the method's.
    user: User
    request: Request
    resource: Resource | None = None
    group: str = ""
    version: str = ""
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""  # The path after proxy/.
    dry_run: bool = False
    applied: bool = False  # A server-side apply, which keeps its own record of who owns what.
    warnings: list[str] = field(default_factory=list)

    @property
    def of(self) -> Resource:
        """The resource of a call that has one."""
        if self.resource is None:
            raise ApiError("NotFound", "the server could not find the requested resource")
        return self.resource

    @property
    def manager(self) -> str:
        """The field manager: as asked, or the user agent up to its slash."""
        return self.request.one("fieldManager") or self.request.header("user-agent").split("/", 1)[0] or "unknown"


@dataclass(slots=True)
class Response:
    """One of: an object, ready bytes, a stream of chunks, or a take-over of the connection."""

    code: int = 200
    obj: Object | None = None
    resource: Resource | None = None  # Of what `obj` is, for tables.
    body: bytes | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    stream: AsyncIterator[bytes] | None = None
    takeover: Callable[[Any], Awaitable[Any]] | None = None  # Given the HTTP server's own request.
    data: bytes | None = None  # `obj` as JSON, when the store has it already.
    warnings: list[str] = field(default_factory=list)
