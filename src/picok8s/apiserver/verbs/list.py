"""GET of a collection: the present, or the past at a revision, whole or in pages; as bytes joined where nothing must be changed."""

import base64
import binascii
from typing import Any

import orjson

from picok8s.api import errors
from picok8s.api.errors import ApiError, FieldError, forbidden_field
from picok8s.apiserver import components, negotiate, respond, selection, versions
from picok8s.apiserver.messages import Call, Request, Response
from picok8s.apiserver.server import Server
from picok8s.store.store import Compacted, Stored

Object = dict[str, Any]
Item = tuple[tuple[str, str], Stored]

MATCHES = ("Exact", "NotOlderThan")
TOKEN_VERSION = "meta.k8s.io/v1"
EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter."
)


async def list_(server: Server, call: Call) -> Response:
    resource, request = call.of, call.request
    check_options(call)
    if resource.name == "componentstatuses":
        return Response(obj=components.statuses(server, call), resource=resource)
    selects = selection.predicate(call)
    if text := request.one("timeoutSeconds"):
        whole(text)
    limit = _limit(request)
    namespace = call.namespace if resource.namespaced and call.namespace else None
    items, revision, start = _read(server, call, namespace, limit)
    items.sort(key=lambda item: item[0])
    if start:
        items = [item for item in items if item[0] >= start]
    if selects is not None:
        decode = resource.behaviour.decode
        items = [item for item in items if selects(decode(item[1].obj))]
    metadata: Object = {"resourceVersion": str(revision)}
    if limit and len(items) > limit:
        metadata["continue"] = _token(revision, items[limit][0])
        if selects is None:
            metadata["remainingItemCount"] = len(items) - limit
        items = items[:limit]
    return _answer(call, items, metadata)


def _answer(call: Call, items: list[Item], metadata: Object) -> Response:
    resource = call.of
    kind = f"{resource.kind}List"
    plain = negotiate.form(call.request.header("accept")) == negotiate.PLAIN and call.request.user is None
    if plain and resource.stored_as_is:
        head = orjson.dumps({"kind": kind, "apiVersion": resource.api_version, "metadata": metadata})
        skip = len(prefix(resource.api_version, resource.kind))
        body = b",".join([b"{" + item.data[skip:] for _, item in items])
        return Response(data=head[:-1] + b',"items":[' + body + b"]}", resource=resource)
    decode = resource.behaviour.decode
    objects = [decode(item.obj) for _, item in items]
    if negotiate.form(call.request.header("accept")).kind == "" and call.request.user is None:
        objects = [{key: value for key, value in o.items() if key not in ("apiVersion", "kind")} for o in objects]
    obj = {"kind": kind, "apiVersion": resource.api_version, "metadata": metadata, "items": objects}
    return Response(obj=obj, resource=resource)


def prefix(api_version: str, kind: str) -> bytes:
    """How the bytes of every stored object of a kind begin."""
    return orjson.dumps({"apiVersion": api_version, "kind": kind})[:-1] + b","


def _read(
    server: Server, call: Call, namespace: str | None, limit: int
) -> tuple[list[Item], int, tuple[str, str] | None]:
    """The items before selection, the revision that they are of, and the key to start at."""
    store, storage = server.store, call.of.storage
    asked, match = call.request.one("resourceVersion"), call.request.one("resourceVersionMatch")
    try:
        revision = versions.number(asked)
    except versions.NotANumber as error:
        raise errors.bad_request(f"invalid resource version: {error}") from None
    start = None
    token = call.request.one("continue")
    if token:
        if asked not in ("", "0"):
            raise errors.bad_request("specifying resource version is not allowed when using continue")
        revision, start = _read_token(token)
        if revision < 0:
            return store.list(storage, namespace), store.revision, start
    else:
        versions.not_future(server, revision)
    exact = bool(token) or match == "Exact" or (limit > 0 and not match and revision > 0)
    if not exact:
        return store.list(storage, namespace), store.revision, start
    try:
        return store.list_at(storage, revision, namespace), revision, start
    except Compacted:
        if not token:
            raise ApiError("Expired", f"The resourceVersion for the provided list is too old: {revision}") from None
        # The client may go on where it was, on the newest state (upstream offers the same token of revision -1).
        raise _expired(start) from None


def _expired(start: tuple[str, str] | None) -> ApiError:
    return ApiError("Expired", EXPIRED, {"continue": _token(-1, start or ("", ""))})


def _token(revision: int, start: tuple[str, str]) -> str:
    key = {"v": TOKEN_VERSION, "rv": revision, "start": "/".join(start)}
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    def bad(why: str) -> ApiError:
        return errors.bad_request(f"invalid continue token: continue key is not valid: {why}")

    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        bad_at = next((i for i, c in enumerate(token) if not (c.isalnum() or c in "-_")), 0)
        raise bad(f"illegal base64 data at input byte {bad_at}") from None
    try:
        key = orjson.loads(raw)
    except ValueError:
        first = raw[:1].decode("latin-1")
        raise bad(f"invalid character {first!r} looking for beginning of value") from None
    if not isinstance(key, dict) or key.get("v") != TOKEN_VERSION:
        version = key.get("v", "") if isinstance(key, dict) else ""
        raise bad(f"server does not recognize this encoded version {version}")
    if not key.get("rv"):
        raise bad(f"incorrect encoded start resourceVersion (version {TOKEN_VERSION})")
    if not key.get("start"):
        raise bad(f"empty start key (version {TOKEN_VERSION})")
    namespace, _, name = key["start"].rpartition("/")
    return int(key["rv"]), (namespace, name)


def _limit(request: Request) -> int:
    """How many items a page has; 0 for all. What any state may answer is not paged, as upstream's cache does not."""
    text = request.one("limit")
    asked = whole(text) if text else 0
    return 0 if request.one("resourceVersion") == "0" else asked


def whole(text: str) -> int:
    """A whole number of the query, in Go's words when it is none."""
    digits = text[1:] if text[:1] in "+-" else text
    if not digits.isascii() or not digits.isdigit():
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def check_options(call: Call, watch: bool = False) -> None:
    """Refuse combinations of options that have no meaning, in upstream's words. Raises ApiError 422."""
    request = call.request
    match, revision = request.one("resourceVersionMatch"), request.one("resourceVersion")
    initial = request.one("sendInitialEvents") if "sendInitialEvents" in request.query else None
    found = _watch_problems(request, match, initial) if watch else _list_problems(request, match, revision, initial)
    if found:
        raise respond.options_invalid(found)


def _list_problems(request: Any, match: str, revision: str, initial: str | None) -> list[FieldError]:
    def no(why: str) -> FieldError:
        return forbidden_field("resourceVersionMatch", why)

    found = []
    if match:
        if request.one("continue"):
            found.append(no("resourceVersionMatch is forbidden when continue is provided"))
        elif not revision:
            found.append(no("resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if match not in MATCHES:
            supported = ", ".join(f'"{word}"' for word in (*MATCHES, ""))
            body = f'Unsupported value: "{match}": supported values: {supported}'
            found.append(FieldError("FieldValueNotSupported", "resourceVersionMatch", body))
        if match == "Exact" and revision == "0":
            found.append(no('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if initial is not None:
        found.append(forbidden_field("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return found


def _watch_problems(request: Any, match: str, initial: str | None) -> list[FieldError]:
    def no(why: str) -> FieldError:
        return forbidden_field("resourceVersionMatch", why)

    found = []
    if request.one("continue"):
        found.append(no("resourceVersionMatch is forbidden when continue is provided"))
    if match and initial is None:
        found.append(no("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
    if initial is not None and match != "NotOlderThan":
        found.append(no("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    if match not in ("", "NotOlderThan"):
        body = f'Unsupported value: "{match}": supported values: "NotOlderThan"'
        found.append(FieldError("FieldValueNotSupported", "resourceVersionMatch", body))
    return found
