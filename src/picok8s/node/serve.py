"""The node's HTTPS API: logs, exec, attach, port-forward, run, pods, stats.

Streams are passed byte for byte to the runtime's streaming server, whatever their protocol (SPDY/3.1 or WebSocket).
"""

from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from picok8s.api import moment
from picok8s.api.errors import ApiError
from picok8s.client.calls import Calls
from picok8s.node import logs, pods, stats
from picok8s.node.access import Access
from picok8s.node.agent import Agent
from picok8s.node.config import NodeConfig
from picok8s.node.cri import RuntimeFailure
from picok8s.node.state import EXITED, RUNNING, Container
from picok8s.node.stream.run import listen, pass_through
from picok8s.node.world import World

Object = dict[str, Any]

JSON = "application/json"


class Api:
    """The handlers. A pod is named in the path by namespace and name, and sometimes by its uid too."""

    def __init__(self, config: NodeConfig, agent: Agent, access: Access, world: World) -> None:
        self._config = config
        self._agent = agent
        self._access = access
        self._world = world

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/pods", self._pods)
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        for word, handler in (("exec", self._exec), ("attach", self._attach), ("run", self._run)):
            for middle in ("{namespace}/{pod}/{container}", "{namespace}/{pod}/{uid}/{container}"):
                app.router.add_route("*", f"/{word}/{middle}", handler)
        for middle in ("{namespace}/{pod}", "{namespace}/{pod}/{uid}"):
            app.router.add_route("*", f"/portForward/{middle}", self._port_forward)
        app.router.add_get("/stats/summary", self._summary)
        app.router.add_get("/metrics/resource", self._resource_metrics)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/configz", self._configz)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            if refusal := await self._refusal(request):
                return refusal
            return await handler(request)
        except ApiError as error:
            return web.json_response(error.status(), status=error.code)
        except RuntimeFailure as failure:
            return web.Response(status=404 if failure.code == "NOT_FOUND" else 500, text=failure.message)

    async def _refusal(self, request: web.Request) -> web.Response | None:
        now = self._world.now()
        transport = request.transport
        user = self._access.of_certificate(transport.get_extra_info("peercert") if transport else None)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if user is None and scheme.lower() == "bearer" and token:
            user = await self._access.of_token(token.strip(), now)
        if user is None:
            return web.Response(status=401, text="Unauthorized")
        if not await self._access.may(user, request.method, request.path, now):
            return web.Response(status=403, text=f"Forbidden (user={user.name}, path={request.path})")
        return None

    def _pod(self, request: web.Request) -> Object:
        namespace, name = request.match_info["namespace"], request.match_info["pod"]
        pod = self._agent.pod(namespace, name)
        if pod is None:
            raise web.HTTPNotFound(text=f'pod "{namespace}/{name}" not found')
        return pod

    def _runs(self, pod: Object, name: str) -> list[Container]:
        worker = self._agent.workers.get(pod["metadata"]["uid"])
        if pods.container(pod, name) is None or worker is None:
            raise web.HTTPNotFound(text=f'container "{name}" not found in pod "{pods.key(pod)}"')
        return [run for run in worker.seen().runs(name) if run.sandbox]

    def _running(self, request: web.Request) -> Container:
        pod, name = self._pod(request), request.match_info["container"]
        runs = self._runs(pod, name)
        if not runs or runs[0].state != RUNNING:
            raise web.HTTPNotFound(text=f'container not found ("{name}")')
        return runs[0]

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _pods(self, request: web.Request) -> web.Response:
        items = [worker.pod for worker in self._agent.workers.values() if not worker.gone]
        body = orjson.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})
        return web.Response(body=body, content_type=JSON)

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        pod, name = self._pod(request), request.match_info["container"]
        runs, query = self._runs(pod, name), request.query
        previous = _truth(query, "previous")
        if previous:
            runs = [
                run
                for run in runs[0 if runs and runs[0].state == EXITED and len(runs) == 1 else 1 :]
                if run.state == EXITED
            ]
            if not runs:
                message = f'previous terminated container "{name}" in pod "{pod["metadata"]["name"]}" not found'
                raise ApiError("BadRequest", message)
        if not runs:
            words = _waiting(pod, name)
            message = f'container "{name}" in pod "{pod["metadata"]["name"]}" is {words}'
            raise ApiError("BadRequest", message)
        run = runs[0]
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        uid = pod["metadata"]["uid"]

        def is_alive() -> bool:
            found = self._agent.tools.runtime.containers.get(uid, {}).get(run.id)
            return found is not None and found.state != EXITED

        def at_end(told: Callable[[], None]) -> Callable[[], None]:
            return self._agent.tools.runtime.ends.at(run.id, told)

        try:
            async for piece in logs.read(
                run.log_path, options(query, self._world.now()), self._world, is_alive, at_end
            ):
                await response.write(piece)
        except FileNotFoundError:
            pass
        await response.write_eof()
        return response

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        run, query = self._running(request), request.query
        answer = await self._agent.tools.runtime.cri.call(
            "Exec", container_id=run.id, cmd=query.getall("command", []), **_streams(query)
        )
        return await pass_through(request, answer.url)

    async def _attach(self, request: web.Request) -> web.StreamResponse:
        run, query = self._running(request), request.query
        container = pods.container(self._pod(request), run.name) or {}
        streams = {**_streams(query), "tty": bool(container.get("tty"))}
        if streams["tty"]:
            streams["stderr"] = False
        answer = await self._agent.tools.runtime.cri.call("Attach", container_id=run.id, **streams)
        return await pass_through(request, answer.url)

    async def _port_forward(self, request: web.Request) -> web.StreamResponse:
        pod = self._pod(request)
        worker = self._agent.workers.get(pod["metadata"]["uid"])
        sandbox = worker.seen().sandbox() if worker else None
        if sandbox is None or not sandbox.ready:
            raise web.HTTPNotFound(text=f'pod "{pods.key(pod)}" is not running')
        ports = [int(part) for text in request.query.getall("port", []) for part in text.split(",") if part.isdigit()]
        answer = await self._agent.tools.runtime.cri.call("PortForward", pod_sandbox_id=sandbox.id, port=ports)
        return await pass_through(request, answer.url)

    async def _run(self, request: web.Request) -> web.StreamResponse:
        run = self._running(request)
        command = request.query.get("cmd", "").split()
        answer = await self._agent.tools.runtime.cri.call("ExecSync", container_id=run.id, cmd=command)
        return web.Response(body=answer.stdout + answer.stderr)

    async def _summary(self, request: web.Request) -> web.Response:
        made = await stats.summary(self._config, self._agent.tools.runtime, self._agent.workers, self._world.now())
        return web.Response(body=orjson.dumps(made), content_type=JSON)

    async def _resource_metrics(self, request: web.Request) -> web.Response:
        made = await stats.summary(self._config, self._agent.tools.runtime, self._agent.workers, self._world.now())
        return web.Response(text=stats.resource_text(made), content_type="text/plain", charset="utf-8")

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(text=stats.agent_text(self._agent.workers), content_type="text/plain", charset="utf-8")

    async def _configz(self, request: web.Request) -> web.Response:
        config = self._config
        shown = {
            "clusterDNS": list(config.cluster_dns),
            "clusterDomain": config.cluster_domain,
            "port": config.port,
            "cgroupDriver": "cgroupfs",
            "maxPods": int(self._agent.allocatable()["pods"]),
        }
        return web.Response(body=orjson.dumps({"kubeletconfig": shown}), content_type=JSON)


def _truth(query: Any, name: str) -> bool:
    return query.get(name, "").lower() in ("1", "true", "t")


def _streams(query: Any) -> Object:
    """Which streams a caller wants; a terminal has no separate stderr."""
    tty = _truth(query, "tty")
    return {
        "stdin": _truth(query, "input") or _truth(query, "stdin"),
        "stdout": _truth(query, "output") or _truth(query, "stdout"),
        "stderr": (_truth(query, "error") or _truth(query, "stderr")) and not tty,
        "tty": tty,
    }


def options(query: Any, now: float) -> logs.Options:
    since = None
    if query.get("sinceTime"):
        since = moment.seconds(query["sinceTime"])
    elif query.get("sinceSeconds"):
        since = now - int(query["sinceSeconds"])
    return logs.Options(
        follow=_truth(query, "follow"),
        tail=int(query["tailLines"]) if query.get("tailLines") else None,
        since=since,
        timestamps=_truth(query, "timestamps"),
        limit=int(query["limitBytes"]) if query.get("limitBytes") else None,
        stream=query.get("stream") or "All",
    )


def _waiting(pod: Object, name: str) -> str:
    """Why a container that never ran has no log."""
    status = pod.get("status") or {}
    for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for row in status.get(kind) or []:
            waiting = (row.get("state") or {}).get("waiting")
            if row["name"] == name and waiting:
                if waiting.get("reason") in ("ErrImagePull", "ImagePullBackOff"):
                    return "waiting to start: trying and failing to pull image"
                return f"waiting to start: {waiting.get('reason')}"
    return "not available"


async def serve(config: NodeConfig, agent: Agent, calls: Calls, world: World) -> None:
    """Serves until it is cancelled."""
    access = Access(calls, config.name, config.api_client_names)
    await listen(Api(config, agent, access, world).application(), config)
