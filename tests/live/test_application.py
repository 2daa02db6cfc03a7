"""A web server and a store as their users meet them: through kubectl, by name, through restarts, updates and mistakes."""

import json
import os
import pty
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.node import TOOLS, WEB, WEB_NEXT, Node

APP = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, labels: {{app: web}}}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: nginx
        image: {WEB}
        ports: [{{containerPort: 80, name: http}}]
        readinessProbe: {{httpGet: {{path: /, port: http}}, periodSeconds: 1}}
        lifecycle: {{preStop: {{sleep: {{seconds: 1}}}}}}  # Requests still come until every node knows of the end.
        resources: {{requests: {{cpu: 10m, memory: 16Mi}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{name: http, port: 80, targetPort: http}}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: redis}}
data: {{redis.conf: "maxmemory 33mb\\nmaxmemory-policy allkeys-lru\\nbind 0.0.0.0\\n", greeting: hello}}
---
apiVersion: v1
kind: Secret
metadata: {{name: redis}}
stringData: {{password: open-sesame}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: redis}}
spec:
  selector: {{matchLabels: {{app: redis}}}}
  template:
    metadata: {{labels: {{app: redis}}}}
    spec:
      containers:
      - name: redis
        image: test.local/redis:1
        command: [sh, -c, 'exec redis-server /conf/redis.conf --requirepass "$PASSWORD"']
        env: [{{name: PASSWORD, valueFrom: {{secretKeyRef: {{name: redis, key: password}}}}}}]
        volumeMounts: [{{name: conf, mountPath: /conf}}]
        readinessProbe: {{tcpSocket: {{port: 6379}}, periodSeconds: 1}}
      volumes: [{{name: conf, configMap: {{name: redis}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: redis}}
spec: {{selector: {{app: redis}}, ports: [{{port: 6379}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: client, labels: {{app: client}}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: tools
    image: {TOOLS}
    env: [{{name: GREETING, valueFrom: {{configMapKeyRef: {{name: redis, key: greeting}}}}}}]
    volumeMounts: [{{name: secret, mountPath: /secret, readOnly: true}}]
    command: [sh, -c, 'i=0; while sleep 0.2; do i=$((i+1)); echo beat $i; done']
  volumes: [{{name: secret, secret: {{secretName: redis}}}}]
"""


@pytest.fixture(scope="module", autouse=True)
def app(node: Node) -> Iterator[None]:
    """The application, running."""
    said = node.kubectl("apply", "-f", "-", given=APP)
    assert "deployment.apps/web created" in said and "pod/client created" in said
    node.kubectl("wait", "--for=condition=Available", "deployment/web", "deployment/redis", "--timeout=60s")
    node.kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=60s")
    yield
    node.kubectl("delete", "-f", "-", "--timeout=60s", given=APP)


def got(node: Node, *words: str) -> Any:
    return json.loads(node.kubectl("get", *words, "-o", "json"))


def client(node: Node, *words: str, given: str | None = None) -> str:
    return node.kubectl("exec", *(["-i"] if given is not None else []), "client", "--", *words, given=given)


def rows(text: str) -> list[list[str]]:
    """A table's cells, the header first."""
    return [re.split(r"  +", line.strip()) for line in text.strip().splitlines()]


# The application itself.


def test_web_is_reached_by_every_name(node: Node) -> None:
    for name in ("web", "web.default", "web.default.svc", "web.default.svc.cluster.local"):
        assert client(node, "curl", "-sm5", f"http://{name}/") == "one\n"


def test_every_replica_answers(node: Node) -> None:
    script = "for i in $(seq 60); do curl -sm5 http://web/name; done"
    names = {pod["metadata"]["name"] for pod in got(node, "pods", "-l", "app=web")["items"]}
    assert len(names) == 3
    assert set(client(node, "sh", "-c", script).split()) == names


def test_redis_takes_password_and_configuration(node: Node) -> None:
    assert "NOAUTH" in client(node, "redis-cli", "-h", "redis", "config", "get", "maxmemory")
    with_password = 'REDISCLI_AUTH=$(cat /secret/password) redis-cli -h redis.default.svc.cluster.local "$@"'

    def redis(*words: str) -> str:
        return client(node, "sh", "-c", with_password, "redis", *words)

    assert redis("config", "get", "maxmemory").split() == ["maxmemory", str(33 * 2**20)]
    assert redis("set", "city", "Bern").strip() == "OK"
    assert redis("get", "city").strip() == "Bern"


def test_pods_know_their_cluster(node: Node) -> None:
    env = dict(line.split("=", 1) for line in client(node, "env").splitlines() if "=" in line)
    assert env["GREETING"] == "hello"
    assert env["KUBERNETES_SERVICE_HOST"] == "10.152.183.1"
    assert "search default.svc.cluster.local svc.cluster.local cluster.local" in client(node, "cat", "/etc/resolv.conf")
    assert client(node, "cat", "/var/run/secrets/kubernetes.io/serviceaccount/namespace") == "default"


def test_a_changed_config_map_reaches_its_volume(node: Node) -> None:
    node.kubectl("patch", "configmap", "redis", "-p", '{"data": {"later": "seen"}}')
    pod = got(node, "pods", "-l", "app=redis")["items"][0]["metadata"]["name"]
    node.until(90, lambda: node.kubectl("exec", pod, "--", "cat", "/conf/later", check=False) == "seen")


# Looking.


def test_get_shows_tables(node: Node) -> None:
    pods = rows(node.kubectl("get", "pods", "-l", "app=web"))
    assert pods[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [row[1:4] for row in pods[1:]] == [["1/1", "Running", "0"]] * 3
    assert rows(node.kubectl("get", "deploy", "web"))[1][:4] == ["web", "3/3", "3", "3"]
    assert rows(node.kubectl("get", "nodes"))[1][:3] == [node.name, "Ready", "<none>"]
    wide = rows(node.kubectl("get", "pods", "-o", "wide", "-l", "app=web"))
    assert wide[0][5:] == ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
    assert all(row[6] == node.name for row in wide[1:])
    everything = node.kubectl("get", "all", "-A", "--show-labels")
    assert "service/kubernetes" in everything and "replicaset.apps/web-" in everything
    assert "pod-template-hash=" in everything


def test_get_in_other_forms(node: Node) -> None:
    assert node.kubectl("get", "deploy", "web", "-o", "jsonpath={.status.readyReplicas}") == "3"
    columns = node.kubectl("get", "svc", "web", "-o", "custom-columns=N:.metadata.name,P:.spec.ports[0].port")
    assert rows(columns) == [["N", "P"], ["web", "80"]]
    assert "kind: Deployment" in node.kubectl("get", "deploy", "web", "-o", "yaml")
    by_name = node.kubectl("get", "deploy", "--sort-by=.metadata.name", "-o", "name").split()
    assert by_name == ["deployment.apps/redis", "deployment.apps/web"]
    assert node.kubectl("get", "--raw", "/readyz") == "ok"
    assert 'pods "absent" not found' in failure(node, "get", "pod", "absent")


def failure(node: Node, *words: str, given: str | None = None) -> str:
    """What kubectl says when it fails, as it must."""
    done = subprocess.run(node.command(*words), capture_output=True, text=True, timeout=60, check=False, input=given)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_get_watches(node: Node) -> None:
    with node.begin("get", "configmaps", "-w", "--output-watch-events") as watch:
        watch.until("kube-root-ca.crt")
        node.kubectl("create", "configmap", "seen", "--from-literal=a=b")
        watch.until("ADDED      seen")
        node.kubectl("delete", "configmap", "seen")
        watch.until("DELETED    seen")
        assert watch.process.poll() is None


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("pod", "-l", "app=redis"), ("Status:           Running", "Reason", "Scheduled", "Pulled", "Created", "Started")),
        (("deployment", "web"), ("3 desired | 3 updated | 3 total | 3 available", "ScalingReplicaSet", "RollingUpdate")),
        (("service", "web"), ("Endpoints:                10.1.", "TargetPort:               http/TCP")),
        (("node",), ("Conditions:", "KubeletReady", "Non-terminated Pods:", "Allocated resources:", "cpu", "default")),
        (("secret", "redis"), ("password:  11 bytes",)),
        (("configmap", "redis"), ("maxmemory 33mb",)),
        (("endpointslices", "-l", "kubernetes.io/service-name=web"), ("AddressType:  IPv4", "Ready:    true")),
    ],
)  # fmt: skip
def test_describe(node: Node, words: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    said = node.kubectl("describe", *words)
    assert not [one for one in wanted if one not in said], said


def test_events_are_listed(node: Node) -> None:
    assert "Started" in node.kubectl("events", "--for", "pod/client")
    assert "SuccessfulCreate" in node.kubectl("get", "events")


def test_the_api_explains_itself(node: Node) -> None:
    assert "RollingUpdate" in node.kubectl("explain", "deployment.spec.strategy.type")
    assert "readinessProbe" in node.kubectl("explain", "pod.spec.containers")
    resources = node.kubectl("api-resources")
    assert re.search(r"deployments +deploy +apps/v1 +true +Deployment", resources)
    assert "events.k8s.io/v1" in node.kubectl("api-versions").split()
    assert "Server Version: v1.37" in node.kubectl("version")
    assert "control plane" in node.kubectl("cluster-info")


def test_top_says_what_is_missing(node: Node) -> None:
    assert "Metrics API not available" in failure(node, "top", "pods")


# Streams.


def test_logs(node: Node) -> None:
    last = node.kubectl("logs", "client", "--tail=2").split("\n")
    assert len(last) == 3 and last[0].startswith("beat ")
    assert node.kubectl("logs", "client", "--since=1s").count("beat") in range(2, 9)
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z beat", node.kubectl("logs", "client", "--tail=1", "--timestamps"))
    assert "GET / HTTP" in node.kubectl("logs", "-l", "app=web", "--prefix", "--tail=-1")
    assert "Ready to accept connections" in node.kubectl("logs", "deployment/redis")
    assert "container absent is not valid" in failure(node, "logs", "client", "-c", "absent")


def test_logs_follow(node: Node) -> None:
    with node.begin("logs", "-f", "client", "--tail=1") as logs:
        first = int(logs.until("beat ").split()[1])
        logs.until(f"beat {first + 5}\n")


def test_logs_follow_ends_with_the_container(node: Node) -> None:
    node.kubectl("run", "brief", f"--image={TOOLS}", "--restart=Never", "--", "sh", "-c", "echo a; sleep 1; echo b")
    node.kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].started}=true", "pod/brief", "--timeout=20s")
    assert node.kubectl("logs", "-f", "brief", timeout=20) == "a\nb\n"
    node.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/brief", "--timeout=20s")
    node.kubectl("delete", "pod", "brief")


def test_exec(node: Node) -> None:
    assert client(node, "echo", "a b") == "a b\n"
    done = subprocess.run(
        node.command("exec", "client", "--", "sh", "-c", "echo out; echo err >&2; exit 7"),
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert done.stderr == "err\ncommand terminated with exit code 7\n"
    assert "not found" in failure(node, "exec", "client", "--", "no-such-program")


def test_exec_input_ends_when_the_sender_ends(node: Node) -> None:
    assert client(node, "cat", given="hello\n") == "hello\n"
    long = "".join(f"line {n}\n" for n in range(100_000))
    assert client(node, "md5sum", given=long) == client(node, "sh", "-c", "seq 0 99999 | sed 's/^/line /' | md5sum")


def test_exec_with_a_terminal(node: Node) -> None:
    ours, theirs = pty.openpty()
    command = node.command("exec", "-it", "client", "--", "sh")
    shell = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        os.write(ours, b"stty size; tty; exit 3\n")
        said, end = b"", time.monotonic() + 20
        while b"/dev/pts/" not in said and time.monotonic() < end:
            said += os.read(ours, 4096)
        assert b"/dev/pts/0" in said
        assert shell.wait(20) == 3
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def test_attach_shows_output(node: Node) -> None:
    with node.begin("attach", "client") as attached:
        number = int(re.findall(r"beat (\d+)", attached.until("beat "))[0])
        attached.until(f"beat {number + 3}\n")


def test_attach_gives_input(node: Node) -> None:
    words = ("run", "echo", "-i", f"--image={TOOLS}", "--restart=Never", "--quiet", "--rm", "--", "cat")
    assert node.kubectl(*words, given="over\n", timeout=60).startswith("over\n")


@pytest.mark.parametrize("target", ["service/web", "deployment/web"])
def test_port_forward(node: Node, target: str) -> None:
    with node.begin("port-forward", target, "18080:80") as forward:
        forward.until("Forwarding from 127.0.0.1:18080")
        for _ in range(3):
            ask = node.inside("wget", "-T", "5", "-qO-", "http://127.0.0.1:18080/")
            assert subprocess.run(ask, capture_output=True, text=True, timeout=20, check=True).stdout == "one\n"
        assert forward.process.poll() is None


def test_cp_both_ways(node: Node, tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    there.mkdir()
    (there / "text").write_text("words\n")
    (there / "bytes").write_bytes(os.urandom(3_000_000))
    node.kubectl("cp", str(there), "client:/tmp/copied")
    node.kubectl("cp", "client:/tmp/copied", str(back))
    assert (back / "text").read_text() == "words\n"
    assert (back / "bytes").read_bytes() == (there / "bytes").read_bytes()


def test_debug_adds_a_container(node: Node) -> None:
    with node.begin("debug", "client", f"--image={TOOLS}", "-c", "look", "-i", "--target=tools", "--", "cat") as debug:
        node.kubectl("wait", "--for=jsonpath={.status.ephemeralContainerStatuses[0].state.running}", "pod/client")
        debug.write("peek\n")
        debug.until("peek\n")
        said = node.kubectl("exec", "client", "-c", "look", "--", "ps")
        assert "while sleep 0.2" in said  # It sees the processes of its target.
        assert debug.ended() == 0


# Changing.


def test_scale(node: Node) -> None:
    with node.begin("get", "pods", "-l", "app=web", "-w") as watch:
        watch.until("Running")
        assert "deployment.apps/web scaled" in node.kubectl("scale", "deployment/web", "--replicas=4")
        watch.until("Pending")
        node.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=4", "deployment/web", "--timeout=30s")
        node.kubectl("scale", "deployment/web", "--replicas=3", "--current-replicas=4")
        watch.until("Terminating")
    node.until(30, lambda: len(got(node, "pods", "-l", "app=web")["items"]) == 3)
    assert "Expected replicas to be 9" in failure(node, "scale", "deploy/web", "--replicas=3", "--current-replicas=9")


def test_rollout(node: Node) -> None:
    node.kubectl("set", "image", "deployment/web", f"nginx={WEB_NEXT}")
    assert "successfully rolled out" in node.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert client(node, "curl", "-sm5", "http://web/") == "two\n"
    history = node.kubectl("rollout", "history", "deployment/web")
    assert [row[0] for row in rows(history)[2:]] == ["1", "2"]
    assert WEB_NEXT in node.kubectl("rollout", "history", "deployment/web", "--revision=2")
    node.kubectl("rollout", "undo", "deployment/web")
    node.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert client(node, "curl", "-sm5", "http://web/") == "one\n"


def test_rollout_restart_pause_resume(node: Node) -> None:
    before = {pod["metadata"]["uid"] for pod in got(node, "pods", "-l", "app=web")["items"]}
    assert "restarted" in node.kubectl("rollout", "restart", "deployment/web")
    node.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    node.until(30, lambda: len(got(node, "pods", "-l", "app=web")["items"]) == 3)
    assert not before & {pod["metadata"]["uid"] for pod in got(node, "pods", "-l", "app=web")["items"]}
    assert "paused" in node.kubectl("rollout", "pause", "deployment/web")
    assert "resumed" in node.kubectl("rollout", "resume", "deployment/web")


def test_a_rollout_serves_all_the_time(node: Node) -> None:
    script = (
        "for i in $(seq 400); do curl -sm2 -o /dev/null http://web/ || echo failed $i: $?; sleep 0.01; done; echo done"
    )
    with node.begin("exec", "client", "--", "sh", "-c", script) as load:
        node.kubectl("rollout", "restart", "deployment/web")
        node.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        assert "failed" not in load.until("done\n", 60)


def test_an_image_that_is_not_there(node: Node) -> None:
    node.kubectl("run", "bad", "--image=test.local/absent:1", "--restart=Never")
    node.until(
        30,
        lambda: (
            "ErrImagePull" in node.kubectl("get", "pod", "bad")
            or "ImagePullBackOff" in node.kubectl("get", "pod", "bad")
        ),
    )
    assert "Failed to pull image" in node.kubectl("describe", "pod", "bad")
    node.kubectl("delete", "pod", "bad", "--now")


def test_expose_and_run(node: Node) -> None:
    node.kubectl("run", "lone", f"--image={WEB}", "--port=80", "--labels=app=lone")
    node.kubectl("wait", "--for=condition=Ready", "pod/lone", "--timeout=30s")
    assert "service/lone exposed" in node.kubectl("expose", "pod", "lone", "--port=8000", "--target-port=80")
    node.until(10, lambda: client_or_nothing(node, "http://lone:8000/") == "one\n")
    node.kubectl("delete", "pod,service", "lone")


def client_or_nothing(node: Node, address: str) -> str:
    return node.kubectl("exec", "client", "--", "curl", "-sm2", address, check=False)


def test_label_and_annotate(node: Node) -> None:
    assert "labeled" in node.kubectl("label", "pod", "client", "tier=test")
    assert node.kubectl("get", "pods", "-l", "tier=test", "-o", "name") == "pod/client\n"
    assert "--overwrite is false" in failure(node, "label", "pod", "client", "tier=other")
    assert "unlabeled" in node.kubectl("label", "pod", "client", "tier-")
    assert "annotated" in node.kubectl("annotate", "pod", "client", "note=well")
    assert got(node, "pod", "client")["metadata"]["annotations"]["note"] == "well"


def test_edit(node: Node, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/greeting: .*/greeting: edited/" "$1"\n')
    editor.chmod(0o755)
    command = node.inside("env", f"KUBE_EDITOR={editor}", *node.command("edit", "configmap", "redis")[2:])
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "configmap/redis edited\n", done.stderr
    assert got(node, "configmap", "redis")["data"]["greeting"] == "edited"


def test_patch_in_three_ways(node: Node) -> None:
    node.kubectl(
        "patch",
        "deployment",
        "web",
        "-p",
        '{"spec": {"template": {"spec": {"containers": [{"name": "nginx", "env": [{"name": "A", "value": "1"}]}]}}}}',
    )
    container = got(node, "deployment", "web")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == WEB and container["env"] == [{"name": "A", "value": "1"}]
    node.kubectl("patch", "configmap", "redis", "--type=merge", "-p", '{"data": {"more": "1", "later": null}}')
    node.kubectl(
        "patch", "configmap", "redis", "--type=json", "-p", '[{"op": "replace", "path": "/data/more", "value": "2"}]'
    )
    data = got(node, "configmap", "redis")["data"]
    assert data["more"] == "2" and "later" not in data
    assert "invalid" in failure(node, "patch", "deployment", "web", "-p", '{"spec": {"replicas": -1}}')
    node.kubectl("rollout", "status", "deployment/web", "--timeout=60s")


def test_apply_diff_and_ownership(node: Node) -> None:
    changed = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned}\ndata: {a: "%s"}\n'
    assert "configmap/owned created" in node.kubectl("apply", "-f", "-", given=changed % 1)
    assert "configmap/owned unchanged" in node.kubectl("apply", "-f", "-", given=changed % 1)
    done = subprocess.run(
        node.command("diff", "-f", "-"), input=changed % 2, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and '+  a: "2"' in done.stdout
    assert "configmap/owned configured" in node.kubectl("apply", "-f", "-", given=changed % 2)
    assert "conflict" in failure(node, "apply", "--server-side", "--field-manager=other", "-f", "-", given=changed % 3)
    said = node.kubectl(
        "apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-", given=changed % 3
    )
    assert "configmap/owned serverside-applied" in said
    managers = got(node, "configmap", "owned", "--show-managed-fields")["metadata"]["managedFields"]
    assert {"other"} <= {one["manager"] for one in managers if one["operation"] == "Apply"}
    assert "dry run" in node.kubectl("delete", "configmap", "owned", "--dry-run=server")
    node.kubectl("delete", "configmap", "owned")


def test_create_and_delete(node: Node) -> None:
    assert "namespace/made created" in node.kubectl("create", "namespace", "made")
    inside = ("-n", "made")
    node.kubectl("create", "deployment", "one", f"--image={WEB}", "--replicas=2", *inside)
    node.kubectl("create", "configmap", "one", "--from-literal=a=b", *inside)
    node.kubectl("create", "secret", "generic", "one", "--from-literal=a=b", *inside)
    node.kubectl("create", "job", "one", f"--image={TOOLS}", *inside, "--", "echo", "worked")
    node.kubectl("create", "serviceaccount", "one", *inside)
    node.kubectl("create", "quota", "one", "--hard=pods=20", *inside)
    assert len(node.kubectl("create", "token", "one", *inside).strip().split(".")) == 3
    node.kubectl("wait", "--for=condition=Complete", "job/one", "--timeout=30s", *inside)
    assert node.kubectl("logs", "job/one", *inside) == "worked\n"
    node.kubectl("wait", "--for=condition=Available", "deployment/one", "--timeout=30s", *inside)
    assert 'deployments.apps "one" already exists' in failure(node, "create", "deployment", "one", "--image=x", *inside)
    with node.begin("wait", "--for=delete", "deployment/one", "--timeout=30s", *inside) as waiting:
        node.kubectl("delete", "deployment", "one", *inside)
        assert waiting.ended(30) == 0
    node.kubectl("delete", "namespace", "made", "--timeout=60s", timeout=90)
    assert 'namespaces "made" not found' in failure(node, "get", "namespace", "made")


def test_a_daemon_set_and_a_stateful_set(node: Node) -> None:
    template = f"template: {{metadata: {{labels: {{app: APP}}}}, spec: {{terminationGracePeriodSeconds: 0, containers: [{{name: c, image: '{TOOLS}'}}]}}}}"
    sets = f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: each}}
spec: {{selector: {{matchLabels: {{app: each}}}}, {template.replace("APP", "each")}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: row}}
spec: {{serviceName: row, replicas: 2, selector: {{matchLabels: {{app: row}}}}, {template.replace("APP", "row")}}}
---
apiVersion: v1
kind: Service
metadata: {{name: row}}
spec: {{clusterIP: None, selector: {{app: row}}, ports: [{{port: 80}}]}}
"""
    node.kubectl("apply", "-f", "-", given=sets)
    node.kubectl("rollout", "status", "daemonset/each", "--timeout=30s")
    node.kubectl("rollout", "status", "statefulset/row", "--timeout=30s")
    address = got(node, "pod", "row-1")["status"]["podIP"]
    node.until(
        10,
        lambda: (
            address
            in node.kubectl("exec", "client", "--", "nslookup", "row-1.row.default.svc.cluster.local", check=False)
        ),
    )
    node.kubectl("delete", "-f", "-", "--timeout=30s", given=sets)


def test_who_may_do_what(node: Node) -> None:
    assert node.kubectl("auth", "can-i", "delete", "nodes") == "yes\n"
    assert failure_output(node, "auth", "can-i", "get", "secrets", "--as=nobody") == "no\n"
    node.kubectl("create", "rolebinding", "reader", "--clusterrole=view", "--user=jane")
    assert node.kubectl("auth", "can-i", "list", "pods", "--as=jane") == "yes\n"
    assert 'User "jane" cannot delete resource "pods"' in failure(node, "delete", "pod", "client", "--as=jane")
    assert "system:masters" in node.kubectl("auth", "whoami")
    node.kubectl("delete", "rolebinding", "reader")


def failure_output(node: Node, *words: str) -> str:
    done = subprocess.run(node.command(*words), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    return done.stdout


def test_drain_and_return(node: Node) -> None:
    assert "cordoned" in node.kubectl("cordon", node.name)
    assert "SchedulingDisabled" in node.kubectl("get", "nodes")
    said = node.kubectl(
        "drain", node.name, "--pod-selector=app=web", "--ignore-daemonsets", "--timeout=60s", timeout=90
    )
    assert said.count("evicted") == 3
    node.until(20, lambda: "Pending" in node.kubectl("get", "pods", "-l", "app=web"))
    pending = got(node, "pods", "-l", "app=web", "--field-selector=status.phase=Pending")["items"]
    assert "node(s) were unschedulable" in node.kubectl("describe", "pod", pending[0]["metadata"]["name"])
    assert "uncordoned" in node.kubectl("uncordon", node.name)
    node.kubectl("wait", "--for=condition=Available", "deployment/web", "--timeout=30s")


def test_a_container_that_dies_is_started_again(node: Node) -> None:
    node.kubectl("run", "mortal", f"--image={TOOLS}", "--", "sh", "-c", "echo life; sleep 1; exit 4")
    node.kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/mortal", "--timeout=30s")
    assert node.kubectl("logs", "mortal", "--previous") == "life\n"
    assert got(node, "pod", "mortal")["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 4
    node.until(30, lambda: "CrashLoopBackOff" in node.kubectl("get", "pod", "mortal"))
    node.kubectl("delete", "pod", "mortal", "--now")
