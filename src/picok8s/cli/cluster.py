"""Small questions to the API from the command line, with the standard library alone: a command should start at once."""

import http.client
import json
import ssl
from typing import Any

from picok8s.client import paths as paths_of
from picok8s.daemon.config import load
from picok8s.daemon.paths import Paths

TIMEOUT_S = 5.0


def get(paths: Paths, path: str, method: str = "GET", body: Any = None) -> Any:
    """The answer of this node's API server to its administrator. Raises OSError."""
    keys = paths.keys
    tls = ssl.create_default_context(cafile=str(keys / "ca.crt"))
    tls.load_cert_chain(keys / "admin.crt", keys / "admin.key")
    connection = http.client.HTTPSConnection("127.0.0.1", load(paths.config).api_port, context=tls, timeout=TIMEOUT_S)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json", "Accept": "application/json"})
        answer = connection.getresponse()
        raw = answer.read()
        if answer.status >= 400:
            raise OSError(f"the API server answered {answer.status}: {raw[:300].decode(errors='replace')}")
        return json.loads(raw)
    finally:
        connection.close()


def path(resource: str) -> str:
    """Of a resource in all namespaces."""
    return paths_of.path(resource)


def nodes(paths: Paths) -> tuple[list[dict[str, Any]], str]:
    """(name, ready and address of each node, the version that is served); empty when the server does not answer."""
    try:
        version = get(paths, "/version")["gitVersion"]
        items = get(paths, "/api/v1/nodes")["items"]
    except OSError:
        return [], ""
    rows = []
    for node in items:
        status = node.get("status", {})
        conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
        address = next((a["address"] for a in status.get("addresses", []) if a["type"] == "InternalIP"), "")
        rows.append({"name": node["metadata"]["name"], "ready": conditions.get("Ready") == "True", "address": address})
    return rows, version
