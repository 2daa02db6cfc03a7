"""The Node object of this machine, its status, and its lease. Pure."""

from typing import Any

from picok8s.api import moment

Object = dict[str, Any]

LEASE_SECONDS = 40
LEASES = "kube-node-lease"

# Condition -> (reason, message) when it is false, and when it is true.
PRESSURES = {
    "MemoryPressure": (
        ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    ),
    "DiskPressure": (
        ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("KubeletHasDiskPressure", "kubelet has disk pressure"),
    ),
    "PIDPressure": (
        ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
    ),
}


def labels(name: str, architecture: str) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }


def node(name: str, own_labels: dict[str, str], taints: tuple[Object, ...], status: Object) -> Object:
    spec: Object = {"taints": list(taints)} if taints else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": own_labels,
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": spec,
        "status": status,
    }


def conditions(pressures: Object, troubles: list[str], old: list[Object], now: float) -> list[Object]:
    """The four conditions. `troubles`: why the node is not ready, in words; [] when it is."""
    rows = []
    for kind, words in PRESSURES.items():
        reason, message = words[bool(pressures[kind])]
        rows.append({"type": kind, "status": str(bool(pressures[kind])), "reason": reason, "message": message})
    if troubles:
        rows.append({"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": ", ".join(troubles)})
    else:
        rows.append(
            {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
        )
    before = {row["type"]: row for row in old}
    made = []
    for row in rows:
        last = before.get(row["type"]) or {}
        changed = last.get("status") != row["status"] or not last.get("lastTransitionTime")
        since = moment.time(now) if changed else last["lastTransitionTime"]
        made.append({**row, "lastHeartbeatTime": moment.time(now), "lastTransitionTime": since})
    return made


def addresses(name: str, ips: tuple[str, ...]) -> list[Object]:
    return [*({"type": "InternalIP", "address": ip} for ip in ips), {"type": "Hostname", "address": name}]


def is_same(one: Object, other: Object) -> bool:
    """Whether two statuses say the same, heartbeats apart."""

    def bare(status: Object) -> Object:
        rows = [{k: v for k, v in row.items() if k != "lastHeartbeatTime"} for row in status.get("conditions") or []]
        return {**status, "conditions": rows}

    return bare(one) == bare(other)


def lease(name: str, uid: str, now: float) -> Object:
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": LEASES, "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": moment.micro(now)},
    }
