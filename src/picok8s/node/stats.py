"""What pods and the node use, from the runtime's own counting: the summary, and the two metrics pages."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from picok8s.api import moment
from picok8s.node import configs, machine
from picok8s.node.config import NodeConfig
from picok8s.node.runtime import Runtime

if TYPE_CHECKING:
    from picok8s.node.worker import Worker

Object = dict[str, Any]

NANO = 1_000_000_000


async def summary(config: NodeConfig, runtime: Runtime, workers: "Mapping[str, Worker]", now: float) -> Object:
    """The Summary of /stats/summary: the node, and each pod with its containers."""
    rows = (await runtime.cri.call("ListContainerStats")).stats
    by_pod: dict[str, list[Object]] = {}
    for row in rows:
        labels = row.attributes.labels
        by_pod.setdefault(labels.get(configs.POD_UID, ""), []).append(_container(row, now))
    shown = [
        _pod(worker.pod, by_pod.get(uid, []), now)
        for uid, worker in workers.items()
        if not worker.gone and uid in by_pod
    ]
    return {"node": _node(config, now), "pods": shown}


def _container(row: Any, now: float) -> Object:
    stamp = moment.time(row.cpu.timestamp / NANO if row.cpu.timestamp else now)
    memory = row.memory
    cpu: Object = {"time": stamp, "usageCoreNanoSeconds": row.cpu.usage_core_nano_seconds.value}
    if row.cpu.HasField("usage_nano_cores"):
        cpu["usageNanoCores"] = row.cpu.usage_nano_cores.value
    return {
        "name": row.attributes.metadata.name or row.attributes.labels.get(configs.CONTAINER_NAME, ""),
        "startTime": stamp,
        "cpu": cpu,
        "memory": {
            "time": stamp,
            "usageBytes": memory.usage_bytes.value or memory.working_set_bytes.value,
            "workingSetBytes": memory.working_set_bytes.value,
            "rssBytes": memory.rss_bytes.value,
        },
        "rootfs": {
            "time": stamp,
            "usedBytes": row.writable_layer.used_bytes.value,
            "inodesUsed": row.writable_layer.inodes_used.value,
        },
    }


def _pod(pod: Object, containers: list[Object], now: float) -> Object:
    meta = pod["metadata"]

    def total(part: str, name: str) -> int:
        return sum(container[part].get(name, 0) for container in containers)

    return {
        "podRef": {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
        "startTime": (pod.get("status") or {}).get("startTime"),
        "containers": containers,
        "cpu": {
            "time": moment.time(now),
            "usageNanoCores": total("cpu", "usageNanoCores"),
            "usageCoreNanoSeconds": total("cpu", "usageCoreNanoSeconds"),
        },
        "memory": {
            "time": moment.time(now),
            "usageBytes": total("memory", "usageBytes"),
            "workingSetBytes": total("memory", "workingSetBytes"),
            "rssBytes": total("memory", "rssBytes"),
        },
    }


def _node(config: NodeConfig, now: float) -> Object:
    memory, disk, stamp = machine.memory(), machine.disk(config.root), moment.time(now)
    used = memory["MemTotal"] - memory.get("MemAvailable", 0)
    space = {
        "time": stamp,
        "availableBytes": disk["free"],
        "capacityBytes": disk["total"],
        "usedBytes": disk["used"],
        "inodes": disk["inodes"],
        "inodesFree": disk["inodes_free"],
        "inodesUsed": disk["inodes"] - disk["inodes_free"],
    }
    count, most = machine.processes()
    return {
        "nodeName": config.name,
        "startTime": moment.time(now - _uptime()),
        "cpu": {"time": stamp, "usageCoreNanoSeconds": _busy_nanoseconds()},
        "memory": {
            "time": stamp,
            "availableBytes": memory.get("MemAvailable", 0),
            "usageBytes": memory["MemTotal"] - memory.get("MemFree", 0),
            "workingSetBytes": used,
        },
        "fs": space,
        "runtime": {"imageFs": space},
        "rlimit": {"time": stamp, "maxpid": most, "curproc": count},
    }


def _uptime() -> float:
    with open("/proc/uptime") as source:
        return float(source.read().split()[0])


def _busy_nanoseconds() -> int:
    """The time that the machine's processors were not idle, all together, since it started."""
    with open("/proc/stat") as source:
        ticks = [int(word) for word in source.readline().split()[1:]]
    busy = sum(ticks[:8]) - ticks[3] - ticks[4]
    return busy * NANO // os.sysconf("SC_CLK_TCK")


def resource_text(shown: Object) -> str:
    """/metrics/resource, which metrics-server reads."""
    node = shown["node"]
    cpu: list[tuple[str, float]] = []
    memory: list[tuple[str, float]] = []
    pod_cpu: list[tuple[str, float]] = []
    pod_memory: list[tuple[str, float]] = []
    for pod in shown["pods"]:
        ref = f'namespace="{pod["podRef"]["namespace"]}",pod="{pod["podRef"]["name"]}"'
        pod_cpu.append((ref, pod["cpu"]["usageCoreNanoSeconds"] / NANO))
        pod_memory.append((ref, pod["memory"]["workingSetBytes"]))
        for container in pod["containers"]:
            own = f'container="{container["name"]}",{ref}'
            cpu.append((own, container["cpu"]["usageCoreNanoSeconds"] / NANO))
            memory.append((own, container["memory"]["workingSetBytes"]))
    families = (
        ("container_cpu_usage_seconds_total", "counter", "Cpu time of the container in core-seconds", cpu),
        ("container_memory_working_set_bytes", "gauge", "Working set of the container in bytes", memory),
        (
            "node_cpu_usage_seconds_total",
            "counter",
            "Cpu time of the node in core-seconds",
            [("", node["cpu"]["usageCoreNanoSeconds"] / NANO)],
        ),
        (
            "node_memory_working_set_bytes",
            "gauge",
            "Working set of the node in bytes",
            [("", node["memory"]["workingSetBytes"])],
        ),
        ("pod_cpu_usage_seconds_total", "counter", "Cpu time of the pod in core-seconds", pod_cpu),
        ("pod_memory_working_set_bytes", "gauge", "Working set of the pod in bytes", pod_memory),
    )
    return _text(families) + _text((("scrape_error", "gauge", "1 when the numbers could not be had", [("", 0.0)]),))


def agent_text(workers: "Mapping[str, Worker]") -> str:
    """/metrics of the agent itself."""
    running = [worker for worker in workers.values() if not worker.finished]
    containers = sum(len(worker.seen().alive()) for worker in running)
    return _text(
        (
            ("kubelet_running_pods", "gauge", "Pods that have a worker", [("", float(len(running)))]),
            (
                "kubelet_running_containers",
                "gauge",
                "Containers that run",
                [('container_state="running"', float(containers))],
            ),
        )
    )


def _text(families: Any) -> str:
    lines = []
    for name, kind, text, rows in families:
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{{{labels}}} {value:g}" if labels else f"{name} {value:g}" for labels, value in rows]
    return "\n".join(lines) + "\n"
