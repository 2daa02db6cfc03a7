"""kill -9 of each process while 50 objects a second are written: nothing acknowledged is lost, no container ends, all is back."""

import http.client
import itertools
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.live.node import TOOLS, Node, kill, processes_of

BACK_S = 3.0
RATE = 50
LEASE_S = 12.0  # A node renews its lease every ten seconds.
PODS = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: steady}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: steady}}}}
  template:
    metadata: {{labels: {{app: steady}}}}
    spec: {{terminationGracePeriodSeconds: 0, containers: [{{name: c, image: "{TOOLS}"}}]}}
"""


class Writer:
    """A client that makes ConfigMaps, and notes each that the server said it had made, and when."""

    def __init__(self, node: Node) -> None:
        keys = node.root / "var/lib/picok8s/pki"
        self._tls = ssl.create_default_context(cafile=str(keys / "ca.crt"))
        self._tls.load_cert_chain(keys / "admin.crt", keys / "admin.key")
        self._address = node.address
        self.prefix = f"w{time.monotonic_ns()}"
        self.acknowledged: dict[str, float] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        connection = None
        for number in itertools.count():
            due = time.monotonic() + 1 / RATE
            try:
                if connection is None:
                    connection = http.client.HTTPSConnection(self._address, 16443, timeout=5, context=self._tls)
                self._write(connection, f"{self.prefix}-{number}")
            except (OSError, http.client.HTTPException):
                if connection is not None:
                    connection.close()
                connection = None
            if self._end.wait(max(0.0, due - time.monotonic())):
                return

    def _write(self, connection: http.client.HTTPSConnection, name: str) -> None:
        body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"name": name}})
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/api/v1/namespaces/default/configmaps", body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 201:
            self.acknowledged[name] = time.monotonic()


@pytest.fixture(scope="module", autouse=True)
def pods(own_node: Node) -> Iterator[None]:
    own_node.kubectl("apply", "-f", "-", given=PODS)
    own_node.kubectl("rollout", "status", "deployment/steady", "--timeout=60s")
    yield


def got(node: Node, *words: str) -> Any:
    return json.loads(node.kubectl("get", *words, "-o", "json"))


def containers(node: Node) -> dict[str, Any]:
    """What the API says of each container, and the processes that keep them."""
    found: dict[str, Any] = {}
    for pod in got(node, "pods", "-l", "app=steady")["items"]:
        for status in pod["status"]["containerStatuses"]:
            state = (status["state"]["running"]["startedAt"], status["restartCount"], pod["status"]["podIP"])
            found[status["containerID"]] = state
    found["keepers"] = sorted(shims(node))
    return found


def shims(node: Node) -> list[int]:
    return list(processes_of("containerd-shim", f"{node.root}/run/picok8s/containerd.sock"))


def is_ready(node: Node) -> bool:
    said = node.picok8s("status", "--format", "json", check=False)
    return bool(json.loads(said)["ready"]) if said.startswith("{") else False


def lease(node: Node) -> str:
    return str(got(node, "lease", node.name, "-n", "kube-node-lease")["spec"]["renewTime"])


def pid(node: Node, component: str) -> int:
    """0 while there is none."""
    try:
        return node.pid(component)
    except (OSError, ValueError, IndexError):
        return 0


def seconds_until(holds: Callable[[], bool], began: float, at_most: float) -> float:
    while not holds():
        assert time.monotonic() - began < at_most, f"not after {at_most} s"
        time.sleep(0.02)
    return time.monotonic() - began


def loses_nothing(node: Node, *components: str) -> None:
    """The test: kill them at once, and see."""
    before, old = containers(node), {name: node.pid(name) for name in ("server", "node", "supervisor", "containerd")}
    with Writer(node) as writer:
        node.until(10, lambda: len(writer.acknowledged) > RATE)
        began = time.monotonic()
        for name in components:
            kill(old[name])
        renewed: list[str] = []
        seconds_until(lambda: all(pid(node, name) not in (0, old[name]) for name in components), began, BACK_S)
        seconds_until(lambda: any(when > began + 0.02 for when in list(writer.acknowledged.values())), began, BACK_S)
        back = seconds_until(lambda: is_ready(node), began, 10)
        renewed.append(lease(node))
        node.kubectl("run", "after", f"--image={TOOLS}")
        node.kubectl("wait", "--for=condition=Ready", "pod/after", "--timeout=10s")
        node.kubectl("delete", "pod", "after", "--now")
        count = len(writer.acknowledged)
        node.until(5, lambda: len(writer.acknowledged) > count + RATE)
    print(f"{components} killed: all was back after {back:.2f} s; {len(writer.acknowledged)} writes")
    assert back < BACK_S
    kept = {item["metadata"]["name"]: item["data"].get("name") for item in got(node, "configmaps")["items"]}
    assert {name: name for name in writer.acknowledged}.items() <= kept.items()
    assert containers(node) == before
    assert {name: node.pid(name) for name in old if name not in components} == {
        name: number for name, number in old.items() if name not in components
    }
    node.until(LEASE_S, lambda: lease(node) > renewed[0])
    ready = [c for c in got(node, "node", node.name)["status"]["conditions"] if c["type"] == "Ready"]
    assert ready[0]["status"] == "True"


@pytest.mark.parametrize("component", ["server", "node", "supervisor", "containerd"])
def test_a_killed_process_is_back_and_nothing_was_lost(own_node: Node, component: str) -> None:
    loses_nothing(own_node, component)


def test_two_at_once(own_node: Node) -> None:
    loses_nothing(own_node, "supervisor", "server")


def test_start_takes_over_when_all_were_killed(own_node: Node) -> None:
    before = containers(own_node)
    own_node.kubectl("create", "configmap", "last", "--from-literal=a=b")
    for name in ("supervisor", "server", "node", "containerd"):
        kill(own_node.pid(name))
    own_node.start()
    assert got(own_node, "configmap", "last")["data"] == {"a": "b"}
    assert containers(own_node) == before
