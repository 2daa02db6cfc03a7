"""Stop leaves nothing, start brings it all back, reset empties, uninstall removes; a datastore that cannot be read is refused."""

import json
import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.live.node import TOOLS, WEB, Node, processes_of, sh

APP = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: nginx, image: "{WEB}"}}]}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{type: NodePort, selector: {{app: web}}, ports: [{{port: 80, nodePort: 30080}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: lone}}
spec:
  containers:
  - name: c
    image: "{TOOLS}"
    command: [sh, -c, "trap 'sleep 1; echo in order > /disk/end; exit 0' TERM; while true; do sleep 0.1; done"]
    volumeMounts: [{{name: memory, mountPath: /memory}}, {{name: disk, mountPath: /disk}}]
    ports: [{{containerPort: 7, hostPort: 7007}}]
  volumes: [{{name: memory, emptyDir: {{medium: Memory}}}}, {{name: disk, emptyDir: {{}}}}]
"""
SYSCTLS = ("net.ipv4.ip_forward", "net.ipv4.conf.all.route_localnet", "net.ipv4.conf.default.rp_filter")


def traces(node: Node) -> dict[str, Any]:
    """What of a node shows on the machine, outside of its folders."""
    ip = ("ip", "-n", node.name, "-o")
    return {
        "processes": sorted(processes_of(str(node.root))),
        "mounts": sorted(node.mounts()),
        "links": sorted(line.split(": ")[1] for line in sh(*ip, "link").splitlines()),
        "addresses": sorted(line.split()[3] for line in sh(*ip, "address").splitlines()),
        "routes": [
            line for line in sh(*ip, "route", "show", "table", "all").splitlines() if "dev eth0 table" not in line
        ],
        "rules": sh("ip", "-n", node.name, "rule").splitlines(),
        "tables": sh(*node.inside("nft", "list", "ruleset")),
        "sysctls": sh(*node.inside("sysctl", *SYSCTLS)),
        "listeners": sh(*node.inside("ss", "-Hltnu")),
        "cgroups": [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/*{node.name}*")],
    }


def pod_namespaces(node: Node) -> set[int]:
    """The network namespaces of the pods, by inode."""
    found = set()
    for pod in got(node, "pods")["items"]:
        uid = pod["metadata"]["uid"]
        for file in Path("/sys/fs/cgroup").glob(f"*/*{node.name}*/**/pod{uid}/*/cgroup.procs"):
            for pid in file.read_text().split():
                found.add(os.stat(f"/proc/{pid}/ns/net").st_ino)
    return found


def named_namespaces() -> set[int]:
    found = set()
    for path in Path("/run/netns").iterdir():
        try:
            found.add(path.stat().st_ino)
        except FileNotFoundError:
            continue
    return found


def got(node: Node, *words: str) -> Any:
    return json.loads(node.kubectl("get", *words, "-o", "json"))


def running(node: Node) -> set[str]:
    """Names of pods that run and are ready."""
    return {
        pod["metadata"]["name"]
        for pod in got(node, "pods")["items"]
        if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    }


def ask(node: Node, address: str) -> str:
    done = subprocess.run(node.inside("curl", "-sm3", address), capture_output=True, text=True, check=False)
    return done.stdout


@pytest.fixture
def fresh(tmp_path: Path) -> Any:
    with Node(tmp_path) as made:
        yield made


def test_stop_start_reset_uninstall(fresh: Node) -> None:
    node = fresh
    before = traces(node)
    node.start()
    node.import_images()
    node.kubectl("apply", "-f", "-", given=APP)
    node.until(30, lambda: len(running(node)) == 3)
    names, address = running(node), got(node, "service", "web")["spec"]["clusterIP"]
    namespaces = pod_namespaces(node)
    assert len(namespaces) == 3 and namespaces <= named_namespaces()
    assert ask(node, f"http://{address}/") == "one\n"

    assert "stopped after" in node.picok8s("stop")
    assert traces(node) == before
    assert not namespaces & named_namespaces()
    assert "not running" in node.picok8s("stop")
    assert "not running" in node.picok8s("status", check=False)

    assert "Ready after" in node.start()
    node.until(30, lambda: running(node) == names)
    node.until(10, lambda: ask(node, f"http://{address}/") == "one\n")
    assert ask(node, f"http://{node.address}:30080/") == "one\n"
    assert node.kubectl("exec", "lone", "--", "cat", "/disk/end") == "in order\n"  # It had its time to end.
    again_is_harmless(node)

    node.picok8s("reset", "--yes", "--keep-images")
    assert got(node, "pods", "-A")["items"] == [] and got(node, "deployments", "-A")["items"] == []
    assert TOOLS in node.picok8s("images", "list")
    node.kubectl("run", "anew", f"--image={TOOLS}")
    node.kubectl("wait", "--for=condition=Ready", "pod/anew", "--timeout=30s")

    assert "gone" in node.picok8s("uninstall", "--yes")
    assert traces(node) == before
    assert [str(path) for path in node.root.rglob("*") if not path.is_dir()] == []
    assert sorted(path.name for path in node.root.rglob("*")) == ["etc", "lib", "log", "run", "var"]


def again_is_harmless(node: Node) -> None:
    pids = {name: node.pid(name) for name in ("supervisor", "containerd", "server", "node")}
    node.start()
    assert "running already" in node.picok8s("start", "--yes", "--no-systemd")
    assert {name: node.pid(name) for name in pids} == pids


def refused(node: Node) -> str:
    """What start says when it refuses."""
    program = node.inside(*node.program, "start", "--wait", "--yes", "--no-systemd", "--timeout", "20")
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_datastore_that_cannot_be_read_is_refused_and_not_touched(fresh: Node) -> None:
    node = fresh
    node.start()
    node.kubectl("create", "configmap", "kept", "--from-literal=a=b")
    node.picok8s("stop")
    file = node.root / "var/lib/picok8s/db/store.sqlite"
    good = file.read_bytes()

    for bad, words in ((good[:4096] + os.urandom(len(good) - 4096), "damaged"), (os.urandom(20_000), "damaged"),
                       (of_version(good, 999), "has version 999"), (foreign(node.folder), "another program")):  # fmt: skip
        file.write_bytes(bad)
        said = refused(node)
        assert words in said and str(file) in said, said
        assert file.read_bytes() == bad
        node.picok8s("stop")

    file.write_bytes(good)
    node.start()
    assert got(node, "configmap", "kept")["data"] == {"a": "b"}


def of_version(good: bytes, version: int) -> bytes:
    """The bytes of a datastore that a later release wrote."""
    changed = bytearray(good)
    changed[60:64] = version.to_bytes(4, "big")
    return bytes(changed)


def foreign(folder: Path) -> bytes:
    path = folder / "foreign.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE songs (title TEXT)")
    return path.read_bytes()
