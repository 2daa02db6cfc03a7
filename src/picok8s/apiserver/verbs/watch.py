"""GET with watch: the stream of changes of one resource, each event encoded once for all watchers of a form.

A selector turns changes into additions and deletions: an object that begins to match is ADDED, one that no longer does is
DELETED. The server ends a watch after its timeout; one whose reader is too slow is ended, and must list again.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson

from picok8s.api.errors import ApiError
from picok8s.apiserver import negotiate, relay, respond, selection, versions
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server
from picok8s.apiserver.verbs.list import check_options, whole
from picok8s.store.store import Compacted
from picok8s.store.watch import Event, Watch
from picok8s.wire import websocket

Object = dict[str, Any]

TIMEOUT_MIN_S = (
    1800  # Without a timeout of the client: between this and twice as long, so that not all come back at once.
)
BOOKMARK_S = 60
INITIAL_END = "k8s.io/initial-events-end"


async def watch(server: Server, call: Call) -> Response:
    request, resource = call.request, call.of
    check_options(call, watch=True)
    selects = selection.predicate(call)
    timeout = whole(request.one("timeoutSeconds")) if request.one("timeoutSeconds") else 0
    form = _form(call)
    try:
        revision = versions.number(request.one("resourceVersion"))
    except versions.NotANumber as error:
        raise ApiError("BadRequest", f"invalid resource version: {error}") from None
    media = "application/json" if form.media == negotiate.JSON else "application/vnd.kubernetes.protobuf;stream=watch"
    stream = _Stream(server, call, selects, form)
    seconds = timeout or TIMEOUT_MIN_S * (1 + server.chance())
    response = Response(content_type=media, stream=stream.run(revision, seconds), resource=resource)
    return relay.events(server, call, response) if websocket.is_asked_for(request.headers) else response


def _form(call: Call) -> negotiate.Form:
    """The form of the events; a kind that protobuf cannot say comes as JSON where the client takes that too."""
    accept = call.request.header("accept")
    form = negotiate.form(accept, watch=True)
    if form.media == negotiate.PROTOBUF and not form.kind:
        from picok8s.wire import protobuf

        if not protobuf.definition(call.of.api_version, call.of.kind):
            form = negotiate.form(accept, watch=True, protobuf=False)
    if form.kind == "PartialObjectMetadataList":
        raise negotiate.not_acceptable()
    return form


class _Stream:
    """One watch: what it selects and the form that it is sent in."""

    def __init__(self, server: Server, call: Call, selects: selection.Predicate | None, form: negotiate.Form) -> None:
        self.server = server
        self.call = call
        self.selects = selects
        self.form = form
        self.namespace = call.namespace if call.of.namespaced and call.namespace else None
        self.bookmarks = call.request.flag("allowWatchBookmarks")
        self.plain = form == negotiate.PLAIN and call.of.stored_as_is
        self.rows = 0

    async def run(self, revision: int, seconds: float) -> AsyncIterator[bytes]:
        request, store, storage = self.call.request, self.server.store, self.call.of.storage
        initial = "sendInitialEvents" in request.query
        try:
            versions.not_future(self.server, revision)
        except ApiError as error:
            yield self._frame("ERROR", error.status())
            return
        fresh = revision == 0
        start = store.revision if (fresh or (initial and request.flag("sendInitialEvents"))) else revision
        try:
            watched = store.watch(storage, start)
        except Compacted:
            expired = ApiError("Expired", f"The resourceVersion for the provided watch is too old: {revision}")
            yield self._frame("ERROR", expired.status())
            return
        try:
            if request.flag("sendInitialEvents") if initial else fresh:
                if chunk := b"".join(self._present()):
                    yield chunk
                if initial and self.bookmarks:
                    yield self._bookmark(start, {INITIAL_END: "true"})
            async for chunk in self._changes(watched, seconds):
                yield chunk
        finally:
            watched.close()

    def _present(self) -> list[bytes]:
        items = sorted(self.server.store.list(self.call.of.storage, self.namespace))
        decode = self.call.of.behaviour.decode
        objects = [decode(stored.obj) for _, stored in items]
        return [self._frame("ADDED", obj) for obj in objects if self.selects is None or self.selects(obj)]

    async def _changes(self, watched: Watch, seconds: float) -> AsyncIterator[bytes]:
        server = self.server
        end = server.now() + seconds
        bookmark = server.now() + BOOKMARK_S if self.bookmarks else end
        while True:
            now = server.now()
            if now >= end:
                if events := watched.take_now():
                    yield self._encode(events)
                return
            if now >= bookmark:
                bookmark = now + BOOKMARK_S
                yield self._bookmark(server.store.revision, {})
            events = await server.within(watched.take(), min(end, bookmark) - now)
            if events is None:
                continue
            if not events:
                return
            if chunk := self._encode(events):
                yield chunk

    def _encode(self, events: list[Event]) -> bytes:
        lines = []
        for event in events:
            if self.namespace is not None and event.key[0] != self.namespace:
                continue
            kind = event.type if self.selects is None else self._selected(event)
            if kind:
                lines.append(self._line(event, kind))
        return b"".join(lines)

    def _selected(self, event: Event) -> str:
        """What the event is for this selector; "" when it is nothing."""
        assert self.selects is not None
        decode = self.call.of.behaviour.decode
        was = event.old is not None and self.selects(decode(event.old.obj))
        is_ = event.new is not None and self.selects(decode(event.new.obj))
        if is_:
            return "MODIFIED" if was else "ADDED"
        return "DELETED" if was else ""

    def _line(self, event: Event, kind: str) -> bytes:
        if not self.plain:
            key = (kind, self.form, self.call.of.api_version)
            line = event.lines.get(key)
            if line is None or self.form.kind == "Table":
                line = self._frame(kind, self.call.of.behaviour.decode(self._shown(event, kind)))
                event.lines[key] = line
            return line
        line = event.lines.get(kind)
        if line is None:
            line = event.lines[kind] = b'{"type":"%b","object":%b}\n' % (kind.encode(), self._data(event, kind))
        return line

    def _data(self, event: Event, kind: str) -> bytes:
        assert event.last is not None
        if kind == "DELETED" and event.new is not None:  # Shown as it last matched, at the revision of the change.
            return orjson.dumps(self._shown(event, kind))
        return event.last.data

    def _shown(self, event: Event, kind: str) -> Object:
        assert event.last is not None
        if kind == "DELETED" and event.new is not None and event.old is not None:
            old = event.old.obj
            return {**old, "metadata": {**old["metadata"], "resourceVersion": str(event.revision)}}
        return event.last.obj

    def _bookmark(self, revision: int, annotations: dict[str, str]) -> bytes:
        resource = self.call.of
        metadata: Object = {"resourceVersion": str(revision)}
        if annotations:
            metadata["annotations"] = annotations
        return self._frame(
            "BOOKMARK", {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        )

    def _frame(self, kind: str, obj: Object) -> bytes:
        """One event as it is sent; the columns of a table only with the first."""
        if self.form.kind and kind != "ERROR":
            obj = respond.partial(obj, self.call.of, self.form, self.call.request, self.server.now())
            if self.form.kind == "Table":
                if self.rows:
                    obj = {**obj, "columnDefinitions": None}
                self.rows += 1
        if self.form.media == negotiate.PROTOBUF:
            from picok8s.wire import protobuf

            return protobuf.frame(kind, obj)
        return orjson.dumps({"type": kind, "object": obj}) + b"\n"
