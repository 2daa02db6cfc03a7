"""exec, attach, port-forward and logs as clients old and new speak them: SPDY/3.1, and WebSocket of every version."""

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.node import TOOLS, WEB, Node, sh

PODS = f"""
apiVersion: v1
kind: Pod
metadata: {{name: streams-tools}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{{name: c, image: "{TOOLS}", command: [sleep, "3600"]}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: streams-web}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{{name: c, image: "{WEB}"}}]
"""
# A WebSocket client in the node's network; it prints each message as its type and base64.
CLIENT = """
import asyncio, base64, ssl, sys, aiohttp
async def main(url, keys, protocol, given):
    tls = ssl.create_default_context(cafile=keys + "/ca.crt")
    tls.load_cert_chain(keys + "/admin.crt", keys + "/admin.key")
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, protocols=[protocol] if protocol else (), ssl=tls) as client:
            if given and "base64" in protocol:
                await client.send_str(given[0] + base64.b64encode(given[1:].encode()).decode())
            elif given:
                await client.send_bytes(bytes((int(given[0]),)) + given[1:].encode())
            async for message in client:
                data = message.data if isinstance(message.data, bytes) else message.data.encode()
                print(base64.b64encode(data).decode())
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module", autouse=True)
def pods(node: Node) -> None:
    node.kubectl("apply", "-f", "-", given=PODS)
    node.kubectl("wait", "--for=condition=Ready", "pod/streams-tools", "pod/streams-web", "--timeout=60s")


@pytest.fixture(params=["true", "false"], ids=["websocket", "spdy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", request.param)
    monkeypatch.setenv("KUBECTL_PORT_FORWARD_WEBSOCKETS", request.param)
    return str(request.param)


def messages(node: Node, path: str, protocol: str, given: str = "") -> list[bytes]:
    """What the API server sends to a WebSocket client, up to the end of the connection."""
    keys = node.root / "var/lib/picok8s/pki"
    url = f"https://127.0.0.1:16443/api/v1/namespaces/default/pods/{path}"
    said = sh(*node.inside(sys.executable, "-c", CLIENT, url, str(keys), protocol, given)).splitlines()
    raw = [base64.b64decode(line) for line in said]
    if "base64" not in protocol:
        return raw
    head = 0 if "binary" in protocol else 1
    return [line[:head].replace(b"0", b"\0") + base64.b64decode(line[head:]) for line in raw]


def test_big_input_and_output_come_whole(node: Node, way: str, tmp_path: Path) -> None:
    data = os.urandom(20_000_000)
    for _ in range(3):  # What is lost at an end is lost now and then only.
        command = node.command("exec", "-i", "streams-tools", "--", "cat")
        done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=True)
        assert hashlib.md5(done.stdout).digest() == hashlib.md5(data).digest()
        command = node.command("exec", "streams-tools", "--", "head", "-c", "30000000", "/dev/zero")
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)
        assert len(done.stdout) == 30_000_000


def test_exit_codes_and_both_outputs(node: Node, way: str) -> None:
    command = node.command("exec", "streams-tools", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert done.stderr == "err\ncommand terminated with exit code 7\n"


def test_port_forward(node: Node, way: str) -> None:
    with node.begin("port-forward", "streams-web", "18181:80") as forward:
        forward.until("Forwarding from")
        fetch = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:18181/name').read().decode().strip())"
        for _ in range(3):
            assert sh(*node.inside(sys.executable, "-c", fetch)) == "streams-web\n"


@pytest.mark.parametrize(
    "protocol",
    [
        "",
        "channel.k8s.io",
        "base64.channel.k8s.io",
        "v4.channel.k8s.io",
        "v4.base64.channel.k8s.io",
        "v5.channel.k8s.io",
    ],
)
def test_exec_of_every_version(node: Node, protocol: str) -> None:
    path = "streams-tools/exec?stdin=1&stdout=1&stderr=1&command=sh&command=-c&command=read+x;echo+$x;exit+3"
    heard = messages(node, path, protocol, "0hello\n")
    channel = (lambda number: str(number).encode()) if "base64" in protocol else (lambda number: bytes((number,)))
    assert heard[:2] == [channel(1), channel(1) + b"hello\n"]
    assert heard[2][:1] == channel(3) and b"command terminated with non-zero exit code" in heard[2]
    assert (b'"reason":"NonZeroExitCode"' in heard[2]) is protocol.startswith("v")


@pytest.mark.parametrize("protocol", ["", "binary.k8s.io", "base64.binary.k8s.io"])
def test_logs_in_messages(node: Node, protocol: str) -> None:
    node.kubectl("exec", "streams-web", "--", "wget", "-qO-", "http://127.0.0.1/")
    node.until(10, lambda: "GET /" in node.kubectl("logs", "streams-web"))
    heard = messages(node, "streams-web/log?tailLines=1", protocol)
    assert heard[0] == b"" and b"GET /" in b"".join(heard)


def test_port_forward_of_version_4(node: Node) -> None:
    heard = messages(node, "streams-web/portforward?ports=80", "v4.channel.k8s.io", "0GET /name HTTP/1.0\r\n\r\n")
    assert sorted(heard[:2]) == [b"\x00P\x00", b"\x01P\x00"]  # The port, on the channels of its data and its errors.
    assert b"".join(data[1:] for data in heard[2:]).endswith(b"streams-web\n")
