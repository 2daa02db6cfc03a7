"""Relayed connections over real sockets: a client, the API server, and a node that speaks SPDY."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import uvloop

from picok8s.testing.serve import Place, serving
from picok8s.wire import spdy

POD = {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}}
NODE = {"metadata": {"name": "n"}}
BIG = bytes(range(256)) * 4096 * 8  # 8 MiB.
EXEC = "/exec?command=x&stdin=1&stdout=1"


@dataclass
class Peer:
    """A node: what it was asked, and how many connections it has. It echoes stdin or a forwarded port's data."""

    heads: list[str] = field(default_factory=list)
    answer: bytes = b""
    open: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            self.closed.set()
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if self.answer:
            writer.write(self.answer)
            await writer.drain()
            return
        if "/containerLogs/" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nline1\n")
            return
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                     b"X-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n")  # fmt: skip
        frames, out, names = spdy.Reader(), spdy.Writer(), {}
        while data := await reader.read(65536):
            for frame in frames.feed(data):
                if isinstance(frame, spdy.SynStream):
                    names[frame.headers["streamtype"]] = frame.stream
                    writer.write(out.write(spdy.SynReply(frame.stream)))
                elif isinstance(frame, spdy.Data):
                    back = names.get("stdout", frame.stream)
                    writer.write(out.write(spdy.Data(back, frame.data, frame.fin)))
                    if frame.fin:
                        writer.write(out.write(spdy.Data(names["error"], b'{"status":"Success"}', True)))
                        await writer.drain()
                        return
            await writer.drain()


@dataclass
class World:
    place: Place
    peer: Peer
    session: aiohttp.ClientSession
    tls: ssl.SSLContext

    def url(self, path: str) -> str:
        return f"{self.place.url}/api/v1/namespaces/default/pods/p{path}"

    def socket(self, path: str, *protocols: str) -> Any:
        return self.session.ws_connect(self.url(path), protocols=protocols, ssl=self.tls, max_msg_size=0)

    async def raw(self, path: str, *lines: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = int(self.place.url.rsplit(":", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=self.tls)
        target = self.url(path).removeprefix(self.place.url)
        head = [f"POST {target} HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: SPDY/3.1", *lines]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        return reader, writer

    async def refused(self, path: str, **headers: str) -> tuple[int, bytes]:
        async with self.session.post(self.url(path), headers=headers, ssl=self.tls) as answer:
            return answer.status, await answer.read()


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with serving(folder) as place:
        peer = Peer()
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(folder / "node-server.crt", folder / "node-server.key")
        own.load_verify_locations(folder / "ca.crt")
        own.verify_mode = ssl.CERT_REQUIRED
        listening = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=own)
        tls = ssl.create_default_context(cafile=str(place.ca))
        tls.load_cert_chain(place.cert, place.key)
        port = listening.sockets[0].getsockname()[1]
        async with listening, aiohttp.ClientSession() as session:
            await _populate(session, place.url, tls, port)
            yield World(place, peer, session, tls)


async def _populate(session: aiohttp.ClientSession, url: str, tls: ssl.SSLContext, port: int) -> None:
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    account = {"metadata": {"name": "default"}}
    for verb, path, obj in (
        ("post", "/api/v1/nodes", NODE),
        ("patch", "/api/v1/nodes/n/status", {"status": status}),
        ("post", "/api/v1/namespaces/default/serviceaccounts", account),
        ("post", "/api/v1/namespaces/default/pods", POD),
    ):
        kind = "application/merge-patch+json" if verb == "patch" else "application/json"
        headers = {"Content-Type": kind}
        async with session.request(verb, url + path, data=orjson.dumps(obj), headers=headers, ssl=tls) as answer:
            assert answer.status < 300, await answer.text()


def play(folder: Path, scene: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    """Play a scene on uvloop; afterwards no connection and no task of the server is left."""

    async def whole() -> None:
        async with asyncio.timeout(30):
            async with world(folder) as made:
                await scene(made)
                while made.peer.open:
                    made.peer.closed.clear()
                    await made.peer.closed.wait()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(whole())


def test_a_remote_command_of_version_5(tmp_path: Path):
    async def scene(made: World) -> None:
        async with made.socket(EXEC, "v5.channel.k8s.io") as client:
            await client.send_bytes(b"\x00hello")
            await client.send_bytes(b"\xff\x00")
            heard = [message.data async for message in client]
        assert client.protocol == "v5.channel.k8s.io"
        assert heard == [b"\x01", b"\x01hello", b'\x03{"metadata":{},"status":"Success"}']
        assert "POST /exec/default/p/c?command=x&input=1&output=1 " in made.peer.heads[0]
        assert "x-stream-protocol-version: v4.channel.k8s.io" in made.peer.heads[0].lower()

    play(tmp_path, scene)


def test_nothing_is_lost_in_either_direction(tmp_path: Path):
    async def scene(made: World) -> None:
        async with made.socket(EXEC, "v5.channel.k8s.io") as client:

            async def send() -> None:
                for at in range(0, len(BIG), 30_000):
                    await client.send_bytes(b"\x00" + BIG[at : at + 30_000])
                await client.send_bytes(b"\xff\x00")

            async with asyncio.TaskGroup() as group:
                group.create_task(send())
                heard = [message.data async for message in client]
        assert b"".join(data[1:] for data in heard if data[0] == 1) == BIG

    play(tmp_path, scene)


def test_spdy_is_passed_on(tmp_path: Path):
    async def scene(made: World) -> None:
        reader, writer = await made.raw(EXEC, "X-Stream-Protocol-Version: v4.channel.k8s.io", "Content-Length: 0")
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        out, back = spdy.Writer(), spdy.Reader()
        frames: list[spdy.Frame] = [
            spdy.SynStream(1, {"streamtype": "error"}),
            spdy.SynStream(3, {"streamtype": "stdin"}),
        ]
        frames += [spdy.SynStream(5, {"streamtype": "stdout"}), spdy.Data(3, b"abc"), spdy.Data(3, b"", True)]
        writer.write(b"".join(out.write(frame) for frame in frames))
        got = back.feed(await reader.read())  # Up to the end, which the node makes.
        assert [frame for frame in got if isinstance(frame, spdy.Data)] == [
            spdy.Data(5, b"abc"), spdy.Data(5, b"", True), spdy.Data(1, b'{"status":"Success"}', True),
        ]  # fmt: skip
        writer.close()

    play(tmp_path, scene)


def test_spdy_in_a_websocket(tmp_path: Path):
    async def scene(made: World) -> None:
        async with made.socket("/portforward", "SPDY/3.1+portforward.k8s.io") as client:
            assert client.protocol == "SPDY/3.1+portforward.k8s.io"
            out, back = spdy.Writer(), spdy.Reader()
            raw = out.write(spdy.SynStream(1, {"streamtype": "data"})) + out.write(spdy.Data(1, b"abc"))
            await client.send_bytes(raw[:7])
            await client.send_bytes(raw[7:])
            got: list[spdy.Frame] = []
            while spdy.Data(1, b"abc") not in got:
                got += back.feed((await client.receive()).data)
        assert "upgrade: spdy/3.1" in made.peer.heads[0].lower()

    play(tmp_path, scene)


@pytest.mark.parametrize("protocol", ["", "binary.k8s.io", "base64.binary.k8s.io"])
def test_logs_in_messages(tmp_path: Path, protocol: str):
    async def scene(made: World) -> None:
        async with made.socket("/log", *([protocol] if protocol else [])) as client:
            heard = [message.data async for message in client]
        assert heard == (["", "bGluZTEK"] if protocol.startswith("base64") else [b"", b"line1\n"])

    play(tmp_path, scene)


def test_a_watch_in_messages(tmp_path: Path):
    async def scene(made: World) -> None:
        url = made.url("").removesuffix("/p") + "?watch=1&timeoutSeconds=1"
        async with made.session.ws_connect(url, ssl=made.tls) as client:
            event = orjson.loads((await client.receive()).data)
        assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "p")

    play(tmp_path, scene)


def test_the_node_ends_with_the_client(tmp_path: Path):
    async def scene(made: World) -> None:
        client = await made.socket(EXEC, "v5.channel.k8s.io")
        await client.send_bytes(b"\x00a")
        assert [(await client.receive()).data for _ in range(2)] == [b"\x01", b"\x01a"]
        client._response.connection.transport.abort()  # As when its process is killed.

    play(tmp_path, scene)  # It waits until the node has no connection.


def test_what_goes_wrong_after_the_handshake_is_told_on_the_error_channel(tmp_path: Path):
    async def scene(made: World) -> None:
        made.peer.answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno such"
        async with made.socket(EXEC, "v5.channel.k8s.io") as client:
            heard = [message.data async for message in client]
        assert orjson.loads(heard[1][1:])["message"] == "Internal error occurred: unable to upgrade connection: no such"

    play(tmp_path, scene)


def test_refusals_are_answers_and_the_connection_goes_on(tmp_path: Path):
    async def scene(made: World) -> None:
        code, body = await made.refused(EXEC)
        assert (code, orjson.loads(body)["message"]) == (400, "Upgrade request required")
        made.peer.answer = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nunable"
        assert await made.refused(EXEC, Connection="Upgrade", Upgrade="SPDY/3.1") == (403, b"unable")
        made.peer.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        code, body = await made.refused(EXEC, Connection="Upgrade", Upgrade="SPDY/3.1")
        assert (code, orjson.loads(body)["message"]) == (500, "invalid upgrade response: status code 200")
        made.peer.answer = b"what?"
        code, body = await made.refused(EXEC, Connection="Upgrade", Upgrade="SPDY/3.1")
        assert code == 500 and "error dialing backend: malformed HTTP response" in orjson.loads(body)["message"]
        for path, protocol in (("/log", "bogus"), ("/portforward", "SPDY/3.1+bogus.k8s.io")):
            made.peer.answer = b"" if path == "/log" else b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await made.socket(path, protocol)

    play(tmp_path, scene)


def test_a_node_that_is_not_there(tmp_path: Path):
    async def scene(made: World) -> None:
        status = {"status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}}
        headers = {"Content-Type": "application/merge-patch+json"}
        url = f"{made.place.url}/api/v1/nodes/n/status"
        async with made.session.patch(url, data=orjson.dumps(status), headers=headers, ssl=made.tls) as answer:
            assert answer.status == 200
        code, body = await made.refused(EXEC, Connection="Upgrade", Upgrade="SPDY/3.1")
        expected = "error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused"
        assert (code, orjson.loads(body)["message"]) == (500, expected)
        async with made.socket(EXEC, "v5.channel.k8s.io") as client:
            heard = [message.data async for message in client]
        assert expected in orjson.loads(heard[1][1:])["message"]

    play(tmp_path, scene)


def test_the_server_stops_while_a_command_runs(tmp_path: Path):
    async def scene(made: World) -> None:
        reader, _writer = await made.raw(EXEC, "X-Stream-Protocol-Version: v4.channel.k8s.io", "Content-Length: 0")
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        ending.append(asyncio.create_task(reader.read()))

    ending: list[asyncio.Task[bytes]] = []

    async def whole() -> None:
        async with world(tmp_path) as made:
            await scene(made)
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(ending[0], 10) == b""

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(whole())
