"""The node agent against a real containerd and a real API server in another process. As root; not part of ./check.

Everything lies under one folder of /tmp and is taken down at the end: shims, mounts, namespaces, the bridge, cgroups.
"""

import asyncio
import hashlib
import io
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from picok8s.api.errors import ApiError
from picok8s.client.https import Https
from picok8s.node import cgroups, engine, folders
from picok8s.node.cri import Cri

Object = dict[str, Any]

TREE = Path(__file__).parent.parent.parent
BRIDGE, NODE, PORT = "pk8snode0", "live-node", 17351
CGROUP = "/kubepods-live-node"
WAIT_S = 30.0

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("containerd") or not shutil.which("catatonit"),
    reason="needs root, containerd, runc, CNI plugins, catatonit and busybox",
)


@dataclass
class Place:
    folder: Path
    server: str
    keys: Path
    agent: subprocess.Popen[bytes] | None = None

    def start_agent(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(TREE / "src")}
        with open(self.folder / "agent.log", "ab") as log:
            self.agent = subprocess.Popen(
                [sys.executable, str(TREE / "tests/live/node_agent.py"), str(self.folder / "agent.json")],
                stdout=log,
                stderr=log,
                env=environment,
            )

    def kill_agent(self) -> None:
        assert self.agent is not None
        self.agent.send_signal(signal.SIGKILL)
        self.agent.wait()

    @asynccontextmanager
    async def calls(self) -> AsyncIterator[Https]:
        calls = Https(self.server, self.keys / "ca.crt", self.keys / "admin.crt", self.keys / "admin.key")
        try:
            yield calls
        finally:
            await calls.close()


def busybox_archive(reference: str, binary: bytes, names: list[str]) -> bytes:
    """An image archive of busybox and its names."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        entry = tarfile.TarInfo("bin/busybox")
        entry.size, entry.mode = len(binary), 0o755
        archive.addfile(entry, io.BytesIO(binary))
        for name in names:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "/bin/busybox"
            archive.addfile(link)
        tmp = tarfile.TarInfo("tmp")
        tmp.type, tmp.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(tmp)
    return docker_archive(reference, layer.getvalue())


def docker_archive(reference: str, layer: bytes) -> bytes:
    digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in (("config.json", config), ("layer.tar", layer), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="pk8s-node-"))
    containerd = start_containerd(folder)
    server = subprocess.Popen(
        [sys.executable, "-m", "picok8s", "testing", "serve", "--port", str(PORT)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TREE / "src")},
        text=True,
    )
    try:
        assert server.stdout is not None
        words = server.stdout.readline().split()
        made = Place(folder, words[1], Path(words[3]).parent)
        write_agent_file(made)
        made.start_agent()
        asyncio.run(prepare(made))
        yield made
        made.kill_agent()
        asyncio.run(remove_all(folder))
    finally:
        server.terminate()
        server.wait()
        containerd.terminate()
        containerd.wait()
        subprocess.run(["ip", "link", "del", BRIDGE], stderr=subprocess.DEVNULL)
        for point in folders.mounts_below(str(folder)):
            folders.unmount(point)
        for tier in ("/burstable", "/besteffort", ""):
            cgroups.remove(f"{CGROUP}{tier}")
        shutil.rmtree(folder, ignore_errors=True)


def start_containerd(folder: Path) -> "subprocess.Popen[bytes]":
    (folder / "cni").mkdir()
    ranges = [[{"subnet": "10.79.0.0/24"}]]
    ipam = {"type": "host-local", "dataDir": str(folder / "ipam"), "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]}
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipam": ipam}
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    plugins = {"cniVersion": "1.0.0", "name": "live", "plugins": [bridge, portmap]}
    (folder / "cni" / "10.conflist").write_text(json.dumps(plugins))
    facts = engine.EngineFacts(
        version=subprocess.run(["containerd", "--version"], capture_output=True, text=True).stdout,
        root=str(folder / "root"),
        state=str(folder / "state"),
        socket=str(folder / "c.sock"),
        cni_conf_dir=str(folder / "cni"),
        restrict_oom_score=engine.must_restrict_oom_score(Path("/proc/self/status").read_text()),
    )
    (folder / "config.toml").write_text(engine.config_text(facts))
    with open(folder / "containerd.log", "wb") as log:
        process = subprocess.Popen(["containerd", "--config", str(folder / "config.toml")], stdout=log, stderr=log)
    ctr = ["ctr", "-a", facts.socket, "-n", "k8s.io"]
    until(lambda: subprocess.run([*ctr, "version"], capture_output=True).returncode == 0)
    busybox = Path(shutil.which("busybox") or "").read_bytes()
    names = subprocess.run(["busybox", "--list"], capture_output=True, text=True).stdout.split()
    pause = Path(shutil.which("catatonit") or "").read_bytes()
    names.remove("busybox")
    for content in (engine.pause_archive(pause), busybox_archive("docker.io/library/busybox:1", busybox, names)):
        (folder / "image.tar").write_bytes(content)
        subprocess.run([*ctr, "images", "import", str(folder / "image.tar")], check=True, capture_output=True)
    return process


def write_agent_file(made: Place) -> None:
    config = {
        "name": NODE,
        "addresses": ["10.79.0.1"],
        "root": str(made.folder / "node"),
        "run": str(made.folder / "run"),
        "logs": str(made.folder / "log" / "pods"),
        "socket": str(made.folder / "c.sock"),
        "cni_conf_dir": str(made.folder / "cni"),
        "cgroup_root": CGROUP,
        "port": PORT + 1,
        "certificate": str(made.keys / "server.crt"),
        "key": str(made.keys / "server.key"),
        "client_ca": str(made.keys / "ca.crt"),
    }
    told = {"server": made.server, "keys": str(made.keys), "config": config}
    (made.folder / "agent.json").write_text(json.dumps(told))


async def prepare(made: Place) -> None:
    async with made.calls() as calls:
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "default"},
        }
        await calls.create("serviceaccounts", account)
        root_ca = {"name": "kube-root-ca.crt", "namespace": "default"}
        await calls.create(
            "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": root_ca, "data": {"ca.crt": "x"}}
        )
        node = await eventually(lambda: calls.get("nodes", NODE), lambda obj: condition(obj, "Ready") == "True")
        assert node["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("containerd://")


async def remove_all(folder: Path) -> None:
    runtime = Cri(str(folder / "c.sock"))
    for sandbox in (await runtime.call("ListPodSandbox")).items:
        await runtime.call("StopPodSandbox", pod_sandbox_id=sandbox.id)
        await runtime.call("RemovePodSandbox", pod_sandbox_id=sandbox.id)
    await runtime.close()


def until(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def eventually(get: Any, check: Callable[[Any], bool]) -> Any:
    """What `get` answers as soon as it fits."""
    deadline, last = time.monotonic() + WAIT_S, None
    while time.monotonic() < deadline:
        try:
            last = await get()
            if check(last):
                return last
        except ApiError as error:
            last = error
        await asyncio.sleep(0.05)
    raise AssertionError(
        f"not within {WAIT_S} s: {json.dumps(last.get('status') if isinstance(last, dict) else str(last))}"
    )


async def gone(calls: Https, name: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            await calls.get("pods", name, "default")
        except ApiError as error:
            assert error.code == 404
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{name} is still there")


def condition(obj: Object, kind: str) -> str:
    rows = (obj.get("status") or {}).get("conditions") or []
    return next((row["status"] for row in rows if row["type"] == kind), "")


def container(script: str, **more: Any) -> Object:
    return {"name": "c", "image": "busybox:1", "command": ["sh", "-c", script], **more}


def pod(name: str, *containers: Object, **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": {
            "nodeName": NODE,
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "containers": list(containers),
            **spec,
        },
    }


def first(obj: Object) -> Object:
    return ((obj.get("status") or {}).get("containerStatuses") or [{}])[0]


async def run_pod(calls: Https, made: Object, check: Callable[[Object], bool]) -> Object:
    await calls.create("pods", made)
    return await eventually(lambda: calls.get("pods", made["metadata"]["name"], "default"), check)


def ready(obj: Object) -> bool:
    return condition(obj, "Ready") == "True"


def phase(word: str) -> Callable[[Object], bool]:
    return lambda obj: (obj.get("status") or {}).get("phase") == word


async def node_get(place: Place, path: str) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=str(place.keys / "ca.crt"))
    context.check_hostname = False
    context.load_cert_chain(place.keys / "admin.crt", place.keys / "admin.key")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"https://127.0.0.1:{PORT + 1}{path}", ssl=context) as answer,
    ):
        return answer.status, await answer.text()


def left_of(place: Place, uid: str) -> list[Path]:
    """What is still on the machine of a pod."""
    found = [*place.folder.glob(f"node/pods/{uid}"), *place.folder.glob(f"log/pods/*{uid}")]
    return [*found, *Path("/sys/fs/cgroup").glob(f"**/pod{uid}")]


def play(work: Callable[[Https], Any], place: Place) -> None:
    async def main() -> None:
        async with place.calls() as calls:
            await work(calls)

    asyncio.run(main())


def test_a_pod_runs_says_its_logs_and_leaves_nothing(place: Place) -> None:
    async def work(calls: Https) -> None:
        obj = await run_pod(
            calls, pod("plain", container("echo hello; trap 'exit 0' TERM; while :; do sleep 1; done")), ready
        )
        assert obj["status"]["podIP"].startswith("10.79.0.") and obj["status"]["qosClass"] == "BestEffort"
        assert await node_get(place, "/containerLogs/default/plain/c") == (200, "hello\n")
        assert (await node_get(place, "/run/default/plain/c?cmd=hostname"))[1] == "plain\n"
        uid = obj["metadata"]["uid"]
        await calls.delete("pods", "plain", "default")
        await gone(calls, "plain")
        await asyncio.sleep(0.5)
        assert not left_of(place, uid)

    play(work, place)


def test_pods_that_end(place: Place) -> None:
    async def work(calls: Https) -> None:
        await run_pod(calls, pod("good", container("exit 0"), restartPolicy="Never"), phase("Succeeded"))
        failing = container("echo why; exit 7", terminationMessagePolicy="FallbackToLogsOnError")
        obj = await run_pod(calls, pod("bad", failing, restartPolicy="Never"), phase("Failed"))
        ending = first(obj)["state"]["terminated"]
        assert (ending["exitCode"], ending["reason"], ending["message"]) == (7, "Error", "why\n")
        hog = container("tail /dev/zero", resources={"limits": {"memory": "16Mi"}})
        obj = await run_pod(calls, pod("hog", hog, restartPolicy="Never"), phase("Failed"))
        assert first(obj)["state"]["terminated"]["reason"] == "OOMKilled"
        late = pod("late", container("sleep 1000"), activeDeadlineSeconds=1)
        obj = await run_pod(calls, late, phase("Failed"))
        assert obj["status"]["reason"] == "DeadlineExceeded"

    play(work, place)


def test_a_crash_loop(place: Place) -> None:
    def looping(obj: Object) -> bool:
        return ((first(obj).get("state") or {}).get("waiting") or {}).get("reason") == "CrashLoopBackOff"

    async def work(calls: Https) -> None:
        obj = await run_pod(calls, pod("crash", container("echo last > /dev/termination-log; exit 3")), looping)
        assert first(obj)["lastState"]["terminated"]["message"] == "last\n" and first(obj)["restartCount"] == 1
        assert (await node_get(place, "/containerLogs/default/crash/c?previous=true"))[0] == 200

    play(work, place)


def test_order_hooks_and_probes(place: Place) -> None:
    async def work(calls: Https) -> None:
        share = [{"name": "e", "mountPath": "/e"}]
        side = {
            **container("echo side >> /e/log; sleep 1000", volumeMounts=share),
            "name": "side",
            "restartPolicy": "Always",
        }
        side["startupProbe"] = {"exec": {"command": ["test", "-f", "/e/log"]}, "periodSeconds": 1}
        one = {**container("echo one >> /e/log", volumeMounts=share), "name": "one"}
        two = {**container("echo two >> /e/log", volumeMounts=share), "name": "two"}
        hook = {"postStart": {"exec": {"command": ["sh", "-c", "echo hook >> /e/log"]}}}
        probe = {"httpGet": {"path": "/e/log", "port": "web"}, "periodSeconds": 1}
        main = container(
            "httpd -f -p 8080 -h /",
            volumeMounts=share,
            lifecycle=hook,
            readinessProbe=probe,
            ports=[{"name": "web", "containerPort": 8080}],
        )
        obj = await run_pod(
            calls, pod("ordered", main, initContainers=[one, side, two], volumes=[{"name": "e", "emptyDir": {}}]), ready
        )
        assert [row["name"] for row in obj["status"]["initContainerStatuses"]] == ["one", "side", "two"]
        assert (await node_get(place, "/run/default/ordered/c?cmd=cat+/e/log"))[1] == "one\nside\ntwo\nhook\n"

    play(work, place)


def test_a_failing_liveness_probe_restarts(place: Place) -> None:
    async def work(calls: Https) -> None:
        probe = {
            "exec": {"command": ["test", "-f", "/tmp/ok"]},
            "periodSeconds": 1,
            "failureThreshold": 1,
            "initialDelaySeconds": 1,
        }
        made = pod("sick", container("sleep 1000", livenessProbe=probe))
        obj = await run_pod(calls, made, lambda obj: first(obj).get("restartCount", 0) >= 1)
        assert first(obj)["lastState"]["terminated"]["exitCode"] == 137
        events, _ = await calls.list("events", "default")
        reasons = {e["reason"] for e in events if e["involvedObject"]["name"] == "sick"}
        assert {"Pulled", "Created", "Started", "Unhealthy", "Killing"} <= reasons

    play(work, place)


def test_config_arrives_late_and_changes(place: Place) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "late", "namespace": "default"},
        "data": {"a": "1"},
    }

    async def work(calls: Https) -> None:
        main = container(
            "sleep 1000", envFrom=[{"configMapRef": {"name": "late"}}], volumeMounts=[{"name": "v", "mountPath": "/v"}]
        )
        volumes = [{"name": "v", "projected": {"sources": [{"configMap": {"name": "late", "optional": True}}]}}]

        def waiting(obj: Object) -> bool:
            return ((first(obj).get("state") or {}).get("waiting") or {}).get("reason") == "CreateContainerConfigError"

        await run_pod(calls, pod("config", main, volumes=volumes), waiting)
        await calls.create("configmaps", config)
        await eventually(lambda: calls.get("pods", "config", "default"), ready)
        await calls.patch("configmaps", "late", {"data": {"a": "2"}}, "default")
        deadline = time.monotonic() + 5
        while (await node_get(place, "/run/default/config/c?cmd=cat+/v/a"))[1] != "2":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)

    play(work, place)


def test_tokens_groups_and_users(place: Place) -> None:
    async def work(calls: Https) -> None:
        mounts = [
            {"name": "t", "mountPath": "/t"},
            {"name": "m", "mountPath": "/m"},
            {"name": "m", "mountPath": "/s", "subPath": "x/y"},
        ]
        token = {"serviceAccountToken": {"path": "token", "expirationSeconds": 600}}
        volumes = [{"name": "t", "projected": {"sources": [token]}}, {"name": "m", "emptyDir": {"medium": "Memory"}}]
        made = pod("user", container("sleep 1000", volumeMounts=mounts), volumes=volumes)
        made["spec"]["securityContext"] = {"runAsUser": 1000, "fsGroup": 2000}
        await run_pod(calls, made, ready)
        assert "2000" in (await node_get(place, "/run/default/user/c?cmd=id"))[1]
        assert (await node_get(place, "/run/default/user/c?cmd=cat+/t/token"))[1].count(".") == 2
        assert (await node_get(place, "/run/default/user/c?cmd=touch+/s/f"))[1] == ""
        assert (await node_get(place, "/run/default/user/c?cmd=ls+/m/x/y"))[1] == "f\n"

    play(work, place)


def test_a_killed_agent_finds_its_pods_again(place: Place) -> None:
    async def work(calls: Https) -> None:
        before = await run_pod(calls, pod("stays", container("sleep 1000")), ready)
        await run_pod(calls, pod("leaves", container("sleep 1000")), ready)
        await run_pod(calls, pod("vanishes", container("sleep 1000")), ready)
        place.kill_agent()
        await calls.delete("pods", "leaves", "default")
        await calls.delete("pods", "vanishes", "default", {"gracePeriodSeconds": 0})
        place.start_agent()
        await gone(calls, "leaves")
        after = await calls.get("pods", "stays", "default")
        assert first(after)["containerID"] == first(before)["containerID"] and first(after)["restartCount"] == 0
        assert after["status"]["startTime"] == before["status"]["startTime"]
        runtime = Cri(str(place.folder / "c.sock"))

        async def names() -> Object:
            rows = (await runtime.call("ListPodSandbox")).items
            return {"names": [row.metadata.name for row in rows]}

        await eventually(names, lambda found: not {"leaves", "vanishes"} & set(found["names"]))
        await runtime.close()

    play(work, place)


def test_a_lost_sandbox_is_made_anew(place: Place) -> None:
    async def work(calls: Https) -> None:
        await run_pod(calls, pod("boxed", container("sleep 1000")), ready)
        runtime = Cri(str(place.folder / "c.sock"))
        (box,) = (
            await runtime.call("ListPodSandbox", filter={"label_selector": {"io.kubernetes.pod.name": "boxed"}})
        ).items
        await runtime.call("StopPodSandbox", pod_sandbox_id=box.id)
        await runtime.close()
        await eventually(
            lambda: calls.get("pods", "boxed", "default"), lambda obj: ready(obj) and first(obj)["restartCount"] > 0
        )

    play(work, place)


def test_an_ephemeral_container_joins(place: Place) -> None:
    async def work(calls: Https) -> None:
        await run_pod(calls, pod("debugged", container("sleep 1000")), ready)
        extra = {"name": "debug", "image": "busybox:1", "command": ["sleep", "1000"], "targetContainerName": "c"}
        patch = {"spec": {"ephemeralContainers": [extra]}}
        await calls.patch("pods", "debugged", patch, "default", "ephemeralcontainers", "strategic")

        def joined(obj: Object) -> bool:
            rows = (obj.get("status") or {}).get("ephemeralContainerStatuses") or []
            return bool(rows) and "running" in rows[0]["state"]

        await eventually(lambda: calls.get("pods", "debugged", "default"), joined)
        assert "sleep 1000" in (await node_get(place, "/run/default/debugged/debug?cmd=ps"))[1]

    play(work, place)


def test_the_node_api_wants_to_know_who_asks(place: Place) -> None:
    async def main() -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"https://127.0.0.1:{PORT + 1}/pods", ssl=False) as answer,
        ):
            return answer.status

    assert asyncio.run(main()) == 401


def test_resources_change_in_place(place: Place) -> None:
    async def work(calls: Https) -> None:
        small = {"requests": {"cpu": "50m", "memory": "16Mi"}, "limits": {"cpu": "100m", "memory": "32Mi"}}
        before = await run_pod(calls, pod("grows", container("sleep 1000", resources=small)), ready)
        large = {"requests": {"cpu": "70m", "memory": "20Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}}
        patch = {"spec": {"containers": [{"name": "c", "resources": large}]}}
        await calls.patch("pods", "grows", patch, "default", "resize", "strategic")

        def grown(obj: Object) -> bool:
            return first(obj).get("resources") == large and not condition(obj, "PodResizeInProgress")

        after = await eventually(lambda: calls.get("pods", "grows", "default"), grown)
        assert first(after)["containerID"] == first(before)["containerID"] and first(after)["restartCount"] == 0
        assert str(64 << 20) in memory_limits(after)

    play(work, place)


def memory_limits(obj: Object) -> list[str]:
    """The memory limits of the pod's containers, in cgroup v1 or v2."""
    uid = obj["metadata"]["uid"]
    names = ("memory.limit_in_bytes", "memory.max")
    files = [file for name in names for file in Path("/sys/fs/cgroup").glob(f"**/pod{uid}/*/{name}")]
    return [file.read_text().strip() for file in files]
