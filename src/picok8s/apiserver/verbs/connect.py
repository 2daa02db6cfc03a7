"""What is answered by a node, a pod or a service and not by the API server: logs, exec, attach, port-forward, proxy.

This file decides where a request goes; `apiserver/relay.py` carries the bytes.
"""

from typing import Any
from urllib.parse import urlencode

from picok8s.api import errors, pods
from picok8s.api.errors import ApiError
from picok8s.apiserver import relay, write
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.relay import Target
from picok8s.apiserver.server import Server

Object = dict[str, Any]

NODE_PORT = 10250
LOG_OPTIONS = (
    "follow",
    "previous",
    "sinceSeconds",
    "sinceTime",
    "timestamps",
    "tailLines",
    "limitBytes",
    "stream",
)  # Passed on to the node as they are.
STREAM_OPTIONS = ("command", "stdin", "stdout", "stderr", "tty")


async def log(server: Server, call: Call) -> Response:
    """The log of a container. A pod that is nowhere yet has an empty one."""
    pod = write.find(server, call).obj
    container = _container(pod, call.request.one("container"), "log")
    _check_log_options(call)
    node = pod["spec"].get("nodeName")
    if not node:
        return Response(204, body=b"", content_type="")
    query = [(key, value) for key in LOG_OPTIONS for value in call.request.query.get(key, [])]
    path = f"/containerLogs/{call.namespace}/{call.name}/{container}"
    target = _node(server, node, f"{path}?{urlencode(query)}")
    return await relay.fetch(server, call, target, content_type="text/plain")


def _check_log_options(call: Call) -> None:
    request = call.request
    problems = []
    for name, least in (("tailLines", 0), ("limitBytes", 1), ("sinceSeconds", 1)):
        text = request.one(name)
        if not text:
            continue
        try:
            number = int(text)
        except ValueError:
            raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
        if number < least:
            detail = "must be greater than or equal to 0" if least == 0 else "must be greater than 0"
            problems.append(errors.invalid_value(name, number, detail))
    if request.one("sinceSeconds") and request.one("sinceTime"):
        problems.append(errors.forbidden_field("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    if problems:
        raise errors.invalid("PodLogOptions", "", call.name, problems)


async def exec_(server: Server, call: Call) -> Response:
    return await _stream(server, call, "exec")


async def attach(server: Server, call: Call) -> Response:
    return await _stream(server, call, "attach")


async def _stream(server: Server, call: Call, what: str) -> Response:
    pod = write.find(server, call).obj
    node = _host(pod)
    container = _container(pod, call.request.one("container"), what)
    query = []
    for key in STREAM_OPTIONS:
        for value in call.request.query.get(key, []):
            if key == "command":
                query.append((key, value))
            elif value.lower() in ("1", "true", "t"):
                query.append({"stdin": "input", "stdout": "output", "stderr": "error"}.get(key, key))
    pairs = [pair if isinstance(pair, tuple) else (pair, "1") for pair in query]
    if not any(key in ("input", "output", "error") for key, _ in pairs):
        raise errors.bad_request("you must specify at least 1 of stdin, stdout, stderr")
    if what == "exec" and not any(key == "command" for key, _ in pairs):
        raise errors.bad_request("you must specify at least one command for the container")
    target = _node(server, node, f"/{what}/{call.namespace}/{call.name}/{container}?{urlencode(pairs)}")
    return await relay.upgrade(server, call, target)


async def portforward(server: Server, call: Call) -> Response:
    pod = write.find(server, call).obj
    node = _host(pod)
    ports = [("port", value) for text in call.request.query.get("ports", []) for value in text.split(",")]
    query = f"?{urlencode(ports)}" if ports else ""
    target = _node(server, node, f"/portForward/{call.namespace}/{call.name}{query}")
    return await relay.upgrade(server, call, target)


async def pod_proxy(server: Server, call: Call) -> Response:
    """HTTP to a pod: NAME, NAME:PORT or SCHEME:NAME:PORT."""
    scheme, name, port = _parts(call.name)
    pod = server.lookup.get("pods", name, call.namespace)
    if pod is None:
        raise errors.not_found("", "pods", name)
    if not port:
        ports = [p for c in pod["spec"]["containers"] for p in c.get("ports", [])]
        port = str(ports[0]["containerPort"]) if ports else "80"
    elif not port.isdigit():
        port = str(pods.port_number(pod, port) or port)
    address = pod.get("status", {}).get("podIP")
    if not address:
        raise errors.bad_request("address not allowed")
    return await relay.proxy(server, call, Target(scheme or "http", address, int(port), _path(call)))


async def service_proxy(server: Server, call: Call) -> Response:
    """HTTP to one of the ready endpoints of a service."""
    scheme, name, port = _parts(call.name)
    service = server.lookup.get("services", name, call.namespace)
    found = None
    if service is not None:
        found = _endpoint(server, call.namespace, name, _service_port(service, port))
    if found is None:
        raise ApiError("ServiceUnavailable", f'no endpoints available for service "{name}"')
    return await relay.proxy(server, call, Target(scheme or "http", found[0], found[1], _path(call)))


def _service_port(service: Object, port: str) -> str:
    """The name of the service's port that the request means."""
    ports = service["spec"].get("ports", [])
    if not port and len(ports) == 1:
        return str(ports[0].get("name", ""))
    if not port.isdigit():
        return port  # As the endpoints call it.
    for row in ports:
        if port == str(row["port"]):
            return str(row.get("name", ""))
    raise ApiError("ServiceUnavailable", f'no service port "{port}" found for service "{service["metadata"]["name"]}"')


def _endpoint(server: Server, namespace: str, name: str, port: str) -> tuple[str, int] | None:
    for slice_ in server.lookup.list("endpointslices.discovery.k8s.io", namespace):
        if slice_["metadata"].get("labels", {}).get("kubernetes.io/service-name") != name:
            continue
        number = next((p["port"] for p in slice_.get("ports") or [] if p.get("name", "") == port), None)
        ready = [e for e in slice_.get("endpoints") or [] if e.get("conditions", {}).get("ready", True)]
        if number is not None and ready:
            chosen = ready[int(server.chance() * len(ready))]
            return chosen["addresses"][0], number
    return None


async def node_proxy(server: Server, call: Call) -> Response:
    """The node's own API."""
    scheme, name, port = _parts(call.name)
    if server.lookup.get("nodes", name) is None:
        raise errors.not_found("", "nodes", name)
    target = _node(server, name, _path(call))
    if port.isdigit() and int(port) != target.port:
        target = Target(scheme or "http", target.host, int(port), target.path)
    return await relay.proxy(server, call, target)


def _parts(text: str) -> tuple[str, str, str]:
    """(scheme, name, port) of NAME, NAME:PORT or SCHEME:NAME:PORT."""
    parts = text.split(":")
    if len(parts) == 1:
        return "", text, ""
    if len(parts) == 2:
        return "", parts[0], parts[1]
    if len(parts) == 3 and parts[0] in ("http", "https", ""):
        return parts[0], parts[1], parts[2]
    raise errors.bad_request(f'invalid pod request "{text}"')


def _path(call: Call) -> str:
    query = f"?{call.request.raw_query}" if call.request.raw_query else ""
    marker = "/proxy"
    path = call.request.path
    rest = path[path.index(marker, path.index(call.plural)) + len(marker) :] or "/"
    return rest + query


def _host(pod: Object) -> str:
    node = pod["spec"].get("nodeName")
    if not node:
        raise errors.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    return str(node)


def _node(server: Server, name: str, path: str) -> Target:
    """Where a node's API is: its internal address and the port that it reports."""
    node = server.lookup.get("nodes", name)
    if node is None:
        raise errors.not_found("", "nodes", name)
    status = node.get("status", {})
    addresses = {a["type"]: a["address"] for a in reversed(status.get("addresses", []))}
    host = addresses.get("InternalIP") or addresses.get("Hostname")
    if not host:
        raise ApiError("InternalError", f"no preferred addresses found; known addresses: {list(addresses.values())}")
    port = status.get("daemonEndpoints", {}).get("kubeletEndpoint", {}).get("Port") or NODE_PORT
    return Target("https", host, port, path, node=True)


def _container(pod: Object, wanted: str, what: str) -> str:
    """The container that is meant: the one that is named, or the only one. Raises ApiError 400."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    main = [c["name"] for c in spec["containers"]]
    inits = [c["name"] for c in spec.get("initContainers", [])]
    others = [c["name"] for c in spec.get("ephemeralContainers", [])]
    if wanted:
        if wanted not in main + inits + others:
            raise errors.bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(main) == 1:
        return str(main[0])
    names = " ".join([*inits, *main, *others])
    raise errors.bad_request(f"a container name must be specified for pod {name}, choose one of: [{names}]")
