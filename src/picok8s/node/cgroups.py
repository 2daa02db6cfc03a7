"""A pod's cgroup: where it is, what is written there, in cgroup v1 and v2. Pure, but for `make` and `remove`.

Containers' cgroups are made by the runtime below the pod's. The driver is always cgroupfs: under systemd the root may
be the unit's own delegated cgroup, which needs no talk with systemd for each pod.
"""

import os
from typing import Any

from picok8s.node import pods, quantities

Object = dict[str, Any]

MOUNT = "/sys/fs/cgroup"
TIERS = {"Guaranteed": "", "Burstable": "/burstable", "BestEffort": "/besteffort"}
PIDS_MAX = -1  # No limit on a pod's processes unless configured.
V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")


def is_v2(mount: str = MOUNT) -> bool:
    """Whether the unified hierarchy is the only one; a hybrid machine keeps its controllers in v1."""
    return os.path.exists(f"{mount}/cgroup.controllers")


def parent(pod: Object, root: str) -> str:
    """The pod's cgroup, from the root of the hierarchy: /kubepods/burstable/podUID."""
    return f"{root}{TIERS[pods.qos_class(pod)]}/pod{pod['metadata']['uid']}"


def limits(pod: Object) -> Object:
    """What the pod as a whole may use: {"shares", "quota", "memory"}; quota and memory 0 for no limit."""
    made = {"shares": quantities.cpu_shares(pods.requests(pod, "cpu")), "quota": 0, "memory": 0}
    if pods.limits_all(pod, "cpu"):
        made["quota"] = quantities.cpu_quota(pods.requests(pod, "cpu", "limits"))
    if pods.limits_all(pod, "memory"):
        made["memory"] = int(pods.requests(pod, "memory", "limits"))
    return made


def files(path: str, limit: Object, v2: bool) -> dict[str, str]:
    """File -> text for a pod's cgroup. `path` begins at the hierarchy's root."""
    period = quantities.PERIOD_MICROSECONDS
    if v2:
        quota = str(limit["quota"]) if limit["quota"] else "max"
        return {
            f"{path}/cpu.weight": str(quantities.cpu_weight(limit["shares"])),
            f"{path}/cpu.max": f"{quota} {period}",
            f"{path}/memory.max": str(limit["memory"] or "max"),
        }
    return {
        f"cpu{path}/cpu.shares": str(limit["shares"]),
        f"cpu{path}/cpu.cfs_period_us": str(period),
        f"cpu{path}/cpu.cfs_quota_us": str(limit["quota"] or -1),
        f"memory{path}/memory.limit_in_bytes": str(limit["memory"] or -1),
    }


def make(path: str, limit: Object, mount: str = MOUNT) -> None:
    """Makes the cgroup and sets its limits; a file that this kernel does not have is left out."""
    v2 = is_v2(mount)
    for file in files(path, limit, v2):
        whole = f"{mount}/{file.lstrip('/')}"
        os.makedirs(os.path.dirname(whole), exist_ok=True)
    if v2:
        _delegate(path, mount)
    for file, text in files(path, limit, v2).items():
        whole = f"{mount}/{file.lstrip('/')}"
        if os.path.exists(whole):
            with open(whole, "w") as out:
                out.write(text)


def _delegate(path: str, mount: str) -> None:
    """Gives the controllers of each cgroup on the way to the next one below."""
    current = mount
    for part in ["", *path.strip("/").split("/")]:
        current = f"{current}/{part}".rstrip("/")
        with open(f"{current}/cgroup.controllers") as source:
            have = source.read().split()
        wanted = " ".join(f"+{name}" for name in V2_CONTROLLERS if name in have)
        if wanted:
            with open(f"{current}/cgroup.subtree_control", "w") as out:
                out.write(wanted)


def remove(path: str, mount: str = MOUNT) -> None:
    """Takes the cgroup away in every hierarchy, with what a runtime left below it."""
    tops = [mount] if is_v2(mount) else [f"{mount}/{name}" for name in sorted(os.listdir(mount))]
    for top in tops:
        whole = f"{top}{path}"
        if os.path.isdir(whole) and not os.path.islink(top):
            for folder, _, _ in os.walk(whole, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass  # Still in use: the next removal of the pod, or of its tier, finds it.


def container_resources(pod: Object, container: Object, machine_memory: float) -> Object:
    """CRI's LinuxContainerResources."""
    resources = container.get("resources") or {}
    limit, request = resources.get("limits") or {}, resources.get("requests") or {}
    cpus = quantities.number(request.get("cpu", limit.get("cpu", 0)))
    memory = quantities.number(request.get("memory", limit.get("memory", 0)))
    critical = pod["spec"].get("priority", 0) >= 2_000_000_000
    made: Object = {
        "cpu_shares": quantities.cpu_shares(cpus),
        "oom_score_adj": quantities.oom_score_adj(pods.qos_class(pod), memory, machine_memory, critical),
        "hugepage_limits": [
            {
                "page_size": name.removeprefix("hugepages-").replace("i", "") + "B",
                "limit": int(quantities.number(amount)),
            }
            for name, amount in limit.items()
            if name.startswith("hugepages-")
        ],
    }
    if limit.get("cpu"):
        made |= {
            "cpu_period": quantities.PERIOD_MICROSECONDS,
            "cpu_quota": quantities.cpu_quota(quantities.number(limit["cpu"])),
        }
    if limit.get("memory"):
        made["memory_limit_in_bytes"] = int(quantities.number(limit["memory"]))
        if is_v2():
            made["unified"] = {"memory.oom.group": "1"}
    return made
