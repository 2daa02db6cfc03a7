"""The heads of HTTP messages at an upgrade: the request that a node, a pod or a service is sent, and its answer."""

from dataclasses import dataclass

from picok8s.apiserver.messages import Request

HEAD_MAX = 64 * 1024
NOT_PASSED = frozenset((
    "host", "authorization", "content-length", "transfer-encoding", "keep-alive", "te", "trailer", "expect",
    "proxy-authenticate", "proxy-authorization",
))  # fmt: skip
BEARER_PREFIX = "base64url.bearer.authorization.k8s.io."  # A browser's way to send a token: as a subprotocol.


class NotHttp(Exception):
    """What came is no answer to an HTTP request."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first lines of an answer; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def is_spdy(self) -> bool:
        connection, upgrade = self.headers.get("connection", ""), self.headers.get("upgrade", "")
        return "upgrade" in connection.lower() and "spdy/3.1" in upgrade.lower()


def passed_on(request: Request, host: str, path: str) -> bytes:
    """The client's own request for an upgrade, without what is between it and the API server only."""
    headers = []
    for name, joined in request.headers.items():
        if name in NOT_PASSED or name.startswith("impersonate-"):
            continue
        for value in joined.split("\x00"):
            if name == "sec-websocket-protocol":
                value = ", ".join(
                    part.strip() for part in value.split(",") if not part.strip().startswith(BEARER_PREFIX)
                )
            if value:
                headers.append((name, value))
    return head(request.method, path, host, headers)


def spdy(request: Request, host: str, path: str, protocols: list[str]) -> bytes:
    """A request for SPDY/3.1 in which one of these protocols is spoken."""
    headers = [("connection", "Upgrade"), ("upgrade", "SPDY/3.1")]
    headers += [("x-stream-protocol-version", name) for name in protocols]
    if agent := request.header("user-agent"):
        headers.append(("user-agent", agent.split("\x00")[0]))
    return head("POST", path, host, [*headers, ("content-length", "0")])


def head(method: str, path: str, host: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def parse(raw: bytes) -> Head:
    """The head of an answer, up to its empty line. Raises NotHttp."""
    first, *lines = raw.decode("latin-1").split("\r\n")
    parts = first.split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
        raise NotHttp(f"malformed HTTP response {first[:80]!r}")
    pairs = [line.partition(":") for line in lines if line]
    return Head(int(parts[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}, raw)


def is_whole(headers: dict[str, str], body: bytes) -> bool:
    """Whether this much of a body is all of it; one without a length ends with its connection."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return body.startswith(b"0\r\n") or b"\r\n0\r\n" in body
    length = headers.get("content-length", "")
    return length.isdigit() and len(body) >= int(length)


def content(headers: dict[str, str], body: bytes) -> bytes:
    """The body as it was before it was cut in chunks."""
    if "chunked" not in headers.get("transfer-encoding", "").lower():
        length = headers.get("content-length", "")
        return body[: int(length)] if length.isdigit() else body
    out, rest = b"", body
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        try:
            count = int(size.split(b";")[0], 16)
        except ValueError:
            break
        if not count:
            break
        out, rest = out + rest[:count], rest[count + 2 :]
    return out
