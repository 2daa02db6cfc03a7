"""/healthz, /livez and /readyz, whole or one check at a time."""

from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server

ROOTS = ("healthz", "livez", "readyz")
CHECKS = {
    "ping": lambda server: True,
    "log": lambda server: True,
    "etcd": lambda server: server.store.failed is None,  # The datastore, whichever it is; upstream's name for it.
}


def answer(server: Server, call: Call) -> Response | None:
    """The answer to a health path; None when it is another path."""
    parts = call.request.path.strip("/").split("/")
    if parts[0] not in ROOTS:
        return None
    if len(parts) > 2 or (len(parts) == 2 and parts[1] not in CHECKS):
        return Response(404, body=b"404 page not found\n", content_type="text/plain; charset=utf-8")
    names = parts[1:] or [name for name in CHECKS if name not in call.request.query.get("exclude", [])]
    good = {name: CHECKS[name](server) for name in names}
    whole = all(good.values())
    lines = [
        f"[{'+' if fine else '-'}]{name} {'ok' if fine else 'failed: reason withheld'}" for name, fine in good.items()
    ]
    if whole and "verbose" not in call.request.query:
        text = "ok"
    else:
        text = "\n".join([*lines, f"{parts[0]} check {'passed' if whole else 'failed'}", ""])
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache, private"}
    return Response(
        200 if whole else 500, body=text.encode(), content_type="text/plain; charset=utf-8", headers=headers
    )
