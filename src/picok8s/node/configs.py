"""A pod's sandbox and its containers in CRI's words. Pure: the pod and what was prepared for it in, dicts out."""

from dataclasses import dataclass, field
from typing import Any

from picok8s.node import cgroups, env, pods, resizing, security, waits

Object = dict[str, Any]

POD_NAME, POD_NAMESPACE, POD_UID = "io.kubernetes.pod.name", "io.kubernetes.pod.namespace", "io.kubernetes.pod.uid"
CONTAINER_NAME, CONTAINER_HASH = "io.kubernetes.container.name", "io.kubernetes.container.hash"
GRACE = "io.kubernetes.pod.terminationGracePeriod"  # Seconds: for who must stop the pod without the API.
RESTARTS = "io.kubernetes.container.restartCount"
MESSAGE_PATH = "io.kubernetes.container.terminationMessagePath"
MESSAGE_POLICY = "io.kubernetes.container.terminationMessagePolicy"
MESSAGE_FILE = "io.picok8s.container.termination-message-file"  # Where on the node the message is read.
RESOURCES = "io.picok8s.container.resources"
HOSTNAME_MAX = 63


@dataclass(frozen=True, slots=True)
class Place:
    """What all pods of a node share: where its files are, and the words of its cluster."""

    root: str  # The agent's state folder.
    logs: str  # /var/log/pods
    cgroup_root: str
    cluster_dns: tuple[str, ...]
    cluster_domain: str
    machine_memory: float
    resolv_conf: str = ""  # Text of the host's own resolv.conf.
    hosts: str = ""  # Text of the host's /etc/hosts.


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one container needs beside the pod: its image, its environment, its mounts."""

    image: str
    image_user: tuple[int | None, str] = (None, "")
    environment: dict[str, str] = field(default_factory=dict)
    mounts: tuple[Object, ...] = ()
    message_file: str = ""
    target: str = ""


def log_directory(pod: Object, place: Place) -> str:
    meta = pod["metadata"]
    return f"{place.logs}/{meta['namespace']}_{meta['name']}_{meta['uid']}"


def labels(pod: Object) -> dict[str, str]:
    meta = pod["metadata"]
    return {POD_NAME: meta["name"], POD_NAMESPACE: meta["namespace"], POD_UID: meta["uid"]}


def sandbox(pod: Object, attempt: int, place: Place) -> Object:
    """PodSandboxConfig."""
    meta, spec = pod["metadata"], pod["spec"]
    if spec.get("hostUsers") is False:
        raise env.ConfigError("user namespaces (hostUsers: false) are not supported by this node")
    made: Object = {
        "metadata": {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"], "attempt": attempt},
        "log_directory": log_directory(pod, place),
        "labels": {**(meta.get("labels") or {}), **labels(pod)},
        "annotations": {k: str(v) for k, v in (meta.get("annotations") or {}).items()},
        "dns_config": dns(pod, place),
        "linux": {
            "cgroup_parent": cgroups.parent(pod, place.cgroup_root),
            "security_context": security.sandbox_context(pod, place.root),
            "sysctls": {
                row["name"].replace("/", "."): row["value"]
                for row in (spec.get("securityContext") or {}).get("sysctls") or []
            },
        },
    }
    if not spec.get("hostNetwork"):
        made["hostname"] = hostname(pod, place)
        made["port_mappings"] = port_mappings(pod)
    return made


def port_mappings(pod: Object) -> list[Object]:
    rows = []
    for container in (*(c for c in pods.init_containers(pod) if pods.is_sidecar(c)), *pods.containers(pod)):
        for port in container.get("ports") or []:
            if port.get("hostPort"):
                rows.append(
                    {
                        "protocol": port.get("protocol") or "TCP",
                        "container_port": port["containerPort"],
                        "host_port": port["hostPort"],
                        "host_ip": port.get("hostIP") or "",
                    }
                )
    return rows


def hostname(pod: Object, place: Place) -> str:
    """The name that the pod gives itself; the long one where setHostnameAsFQDN asks for it."""
    spec = pod["spec"]
    if spec.get("hostnameOverride"):
        return str(spec["hostnameOverride"])
    short = spec.get("hostname") or pod["metadata"]["name"][:HOSTNAME_MAX].rstrip("-.")
    domain = domain_name(pod, place)
    return f"{short}.{domain}" if spec.get("setHostnameAsFQDN") and domain else short


def domain_name(pod: Object, place: Place) -> str:
    if not pod["spec"].get("subdomain"):
        return ""
    return f"{pod['spec']['subdomain']}.{pod['metadata']['namespace']}.svc.{place.cluster_domain}"


def hosts_file(pod: Object, ips: tuple[str, ...], place: Place) -> str:
    """/etc/hosts: a pod in its own network has its own, one in the host's has the host's; hostAliases come last."""
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        lines = ["# Kubernetes-managed hosts file (host network).", place.hosts.rstrip("\n")]
    else:
        lines = [
            "# Kubernetes-managed hosts file.",
            "127.0.0.1\tlocalhost",
            "::1\tlocalhost ip6-localhost ip6-loopback",
            "fe00::0\tip6-localnet",
            "fe00::0\tip6-mcastprefix",
            "fe00::1\tip6-allnodes",
            "fe00::2\tip6-allrouters",
        ]
        short = hostname(pod, place).partition(".")[0]
        domain = domain_name(pod, place)
        names = f"{short}.{domain}\t{short}" if domain else short
        lines += [f"{ip}\t{names}" for ip in ips]
    if aliases := spec.get("hostAliases"):
        lines += ["", "# Entries added by HostAliases."]
        lines += ["\t".join([row["ip"], *(row.get("hostnames") or [])]) for row in aliases]
    return "\n".join(lines) + "\n"


def dns(pod: Object, place: Place) -> Object:
    """CRI's DNSConfig, by dnsPolicy and dnsConfig."""
    spec = pod["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    made: Object = {"servers": [], "searches": [], "options": []}
    host = _resolv(place.resolv_conf)
    if policy == "ClusterFirst" and spec.get("hostNetwork"):
        policy = "Default"
    if policy in ("ClusterFirst", "ClusterFirstWithHostNet"):
        domain = place.cluster_domain
        searches = [f"{pod['metadata']['namespace']}.svc.{domain}", f"svc.{domain}", domain]
        made = {"servers": list(place.cluster_dns), "searches": searches + host["searches"], "options": ["ndots:5"]}
    elif policy == "Default":
        made = host
    given = spec.get("dnsConfig") or {}
    made["servers"] = list(dict.fromkeys([*made["servers"], *(given.get("nameservers") or [])]))
    made["searches"] = list(dict.fromkeys([*made["searches"], *(given.get("searches") or [])]))
    options = {word.partition(":")[0]: word for word in made["options"]}
    for row in given.get("options") or []:
        options[row["name"]] = f"{row['name']}:{row['value']}" if row.get("value") else row["name"]
    made["options"] = list(options.values())
    return made


def _resolv(text: str) -> Object:
    made: Object = {"servers": [], "searches": [], "options": []}
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "nameserver" and len(words) > 1:
            made["servers"].append(words[1])
        elif words[0] == "search":
            made["searches"] = [word.rstrip(".") or "." for word in words[1:]]
        elif words[0] == "options":
            made["options"] = words[1:]
    return made


def log_path(name: str, attempt: int) -> str:
    return f"{name}/{attempt}.log"


def container(pod: Object, spec: Object, attempt: int, prepared: Prepared, place: Place) -> Object:
    """ContainerConfig."""
    values = prepared.environment
    made: Object = {
        "metadata": {"name": spec["name"], "attempt": attempt},
        "image": {"image": prepared.image, "user_specified_image": spec.get("image", "")},
        "command": [env.expand(word, values) for word in spec.get("command") or []],
        "args": [env.expand(word, values) for word in spec.get("args") or []],
        "working_dir": spec.get("workingDir") or "",
        "envs": [{"key": key, "value": value.encode()} for key, value in values.items()],
        "mounts": list(prepared.mounts),
        "labels": {**labels(pod), CONTAINER_NAME: spec["name"]},
        "annotations": {
            CONTAINER_HASH: waits.container_hash(spec),
            GRACE: str(pods.grace_seconds(pod)),
            RESTARTS: str(attempt),
            RESOURCES: resizing.text(spec),
            MESSAGE_PATH: spec.get("terminationMessagePath") or "/dev/termination-log",
            MESSAGE_POLICY: spec.get("terminationMessagePolicy") or "File",
            MESSAGE_FILE: prepared.message_file,
        },
        "log_path": log_path(spec["name"], attempt),
        "stdin": bool(spec.get("stdin")),
        "stdin_once": bool(spec.get("stdinOnce")),
        "tty": bool(spec.get("tty")),
        "linux": {
            "resources": cgroups.container_resources(pod, spec, place.machine_memory),
            "security_context": security.container_context(pod, spec, prepared.image_user, place.root, prepared.target),
        },
    }
    if signal := (spec.get("lifecycle") or {}).get("stopSignal"):
        made["stop_signal"] = signal
    return made
