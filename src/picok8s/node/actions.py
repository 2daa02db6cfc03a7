"""What probes and hooks do to a container: run a command, ask over HTTP, TCP or gRPC, or just wait.

`Actions.run` answers (succeeded, words). The words are those of the events that `kubectl describe` shows.
"""

from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import grpc
import grpc.aio

from picok8s.node import pods
from picok8s.node.cri import Cri, RuntimeFailure
from picok8s.node.world import World

Object = dict[str, Any]

BODY_BYTES_MAX = 10 * 1024
REDIRECTS_MAX = 10
USER_AGENT = "kube-probe/1.37"
SERVING = 1  # grpc.health.v1: HealthCheckResponse.status


class Unknown(Exception):
    """The runtime could not say how the action went: that is neither a success nor a failure."""


class Actions:
    def __init__(self, calls: Cri, session: aiohttp.ClientSession, world: World) -> None:
        self._cri = calls
        self._session = session
        self._world = world

    async def run(self, action: Object, container: Object, id: str, ip: str, timeout: float | None) -> tuple[bool, str]:
        """One action, by the key that it has: exec, httpGet, tcpSocket, grpc, sleep."""
        if part := action.get("exec"):
            return await self._exec(id, part.get("command") or [], timeout)
        if part := action.get("httpGet"):
            return await self._http(part, container, ip, timeout)
        if part := action.get("tcpSocket"):
            return await self._tcp(part.get("host") or ip, port_number(container, part["port"]), timeout)
        if part := action.get("grpc"):
            return await self._grpc(ip, part, timeout or 1.0)
        if part := action.get("sleep"):
            await self._world.sleep(part["seconds"])
        return True, ""

    async def _exec(self, id: str, command: list[str], timeout: float | None) -> tuple[bool, str]:
        try:
            seconds = max(1, int(timeout)) if timeout else 0
            answer = await self._cri.call(
                "ExecSync", timeout + 5 if timeout else None, container_id=id, cmd=command, timeout=seconds
            )
        except RuntimeFailure as failure:
            if failure.code == "DEADLINE_EXCEEDED":
                return False, f'command timed out: "{" ".join(command)}" timed out after {seconds}s'
            raise Unknown(failure.message) from failure
        text = (answer.stdout + answer.stderr)[:BODY_BYTES_MAX].decode("utf-8", "replace")
        return answer.exit_code == 0, text

    async def _http(self, part: Object, container: Object, ip: str, timeout: float | None) -> tuple[bool, str]:
        host = part.get("host") or ip
        shown = f"[{host}]" if ":" in host else host
        path = part.get("path") or "/"
        url = f"{(part.get('scheme') or 'HTTP').lower()}://{shown}:{port_number(container, part['port'])}"
        url += path if path.startswith("/") else f"/{path}"
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*"}
        for row in part.get("httpHeaders") or []:
            headers = {name: value for name, value in headers.items() if name.lower() != row["name"].lower()}
            if row.get("value"):
                headers[row["name"]] = row["value"]
        try:
            return await self._get(url, headers, timeout)
        except TimeoutError:
            return False, f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        except (aiohttp.ClientError, OSError, ValueError) as error:
            refused = isinstance(error, aiohttp.ClientConnectorError)
            why = f"dial tcp {urlsplit(url).netloc}: connect: connection refused" if refused else str(error)
            return False, f'Get "{url}": {why}'

    async def _get(self, url: str, headers: dict[str, str], timeout: float | None) -> tuple[bool, str]:
        first = urlsplit(url).hostname
        for _ in range(REDIRECTS_MAX):
            limit = aiohttp.ClientTimeout(total=timeout)
            request = self._session.get(url, headers=headers, ssl=False, allow_redirects=False, timeout=limit)
            async with request as answer:
                body = (await answer.content.read(BODY_BYTES_MAX)).decode("utf-8", "replace")
                if 300 <= answer.status < 400 and "Location" in answer.headers:
                    url = urljoin(url, answer.headers["Location"])
                    if urlsplit(url).hostname != first:
                        return True, f"Probe terminated redirects, Response body: {body}"
                    continue
                if 200 <= answer.status < 400:
                    return True, body
                return False, f"HTTP probe failed with statuscode: {answer.status}"
        return False, f'Get "{url}": stopped after 10 redirects'

    async def _tcp(self, host: str, port: int, timeout: float | None) -> tuple[bool, str]:
        try:
            await self._world.within(timeout, self._world.connect(host, port))
        except TimeoutError:
            return False, f"dial tcp {host}:{port}: i/o timeout"
        except OSError:
            return False, f"dial tcp {host}:{port}: connect: connection refused"
        return True, ""

    async def _grpc(self, ip: str, part: Object, timeout: float) -> tuple[bool, str]:
        """The standard health service. Its two messages have one field each, so they are written by hand."""
        service = (part.get("service") or "").encode()
        request = b"\x0a" + bytes([len(service)]) + service if service else b""
        target = f"[{ip}]:{part['port']}" if ":" in ip else f"{ip}:{part['port']}"
        options = [("grpc.primary_user_agent", USER_AGENT), ("grpc.enable_http_proxy", 0)]
        async with grpc.aio.insecure_channel(target, options=options) as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            try:
                answer = await check(request, timeout=timeout)
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                    return False, f'timeout: failed to connect service "{target}" within {timeout:g}s'
                return False, f"service unhealthy (responded with {error.code().name}: {error.details()})"
        state = answer[1] if len(answer) > 1 and answer[0] == 0x08 else 0
        return state == SERVING, "" if state == SERVING else f'service unhealthy (responded with "{_health(state)}")'


def _health(state: int) -> str:
    return {0: "UNKNOWN", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}.get(state, str(state))


def port_number(container: Object, port: int | str) -> int:
    """A port by its number, or by the name that the container gave it."""
    if isinstance(port, int) or str(port).isdigit():
        return int(port)
    for row in container.get("ports") or []:
        if row.get("name") == port:
            return int(row["containerPort"])
    raise ValueError(f"couldn't find port: {port} in container {container['name']}")


def hook_failure(kind: str, action: Object, container: Object, pod: Object, words: str) -> str:
    """The message of a failed lifecycle hook's event."""
    if part := action.get("exec"):
        command = " ".join(part.get("command") or [])
        return (
            f'Exec lifecycle hook ([{command}]) for Container "{container["name"]}" in Pod "{pods.full_name(pod)}" '
            f'failed - error: command failed, message: "{words}"'
        )
    where = f'Container "{container["name"]}" in Pod "{pods.full_name(pod)}"'
    return f"{kind} lifecycle hook for {where} failed - error: {words}"
