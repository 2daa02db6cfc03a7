"""How many decisions a second the scheduler makes, without the API: python -m benchmarks.scheduler [nodes] [pods]."""

import sys
import time

from picok8s.scheduler import podinfo
from picok8s.scheduler.decide import Memory, decide
from picok8s.scheduler.snapshot import Snapshot


def node(number: int) -> dict:
    amounts = {"cpu": "32", "memory": "256Gi", "pods": "110", "ephemeral-storage": "500Gi"}
    labels = {
        "kubernetes.io/hostname": f"n-{number}",
        "topology.kubernetes.io/zone": f"zone-{number % 3}",
        "bench": "b",
    }
    metadata = {"name": f"n-{number}", "labels": labels}
    return {"metadata": metadata, "spec": {}, "status": {"allocatable": amounts}}


def pod(number: int, kind: str) -> dict:
    labels = {"app": f"app-{number % 20}"}
    requests = {"cpu": "100m", "memory": "100Mi"}
    spec: dict = {"nodeSelector": {"bench": "b"}, "containers": [{"image": "i", "resources": {"requests": requests}}]}
    selector = {"matchLabels": labels}
    if kind == "spread":
        spec["topologySpreadConstraints"] = [
            {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": selector}
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ]
    if kind == "affinity":
        term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": selector}
        rule = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 50, "podAffinityTerm": term}]}
        spec["affinity"] = {"podAntiAffinity": rule}
    return {"metadata": {"name": f"p-{number}", "namespace": "b", "uid": f"u{number}", "labels": labels}, "spec": spec}


def main() -> None:
    nodes, pods = (int(word) for word in (*sys.argv[1:], "1000", "5000")[:2])
    for kind in ("plain", "spread", "affinity"):
        snapshot, memory = Snapshot(), Memory()
        for number in range(nodes):
            snapshot.set_node(node(number))
        objects = [pod(number, kind) for number in range(pods)]
        start = time.perf_counter()
        for obj in objects:
            info = podinfo.read(obj)
            snapshot.assume(info, decide(info, snapshot, memory).node)
        print(f"{kind}: {pods / (time.perf_counter() - start):.0f} pods/s at {nodes} nodes")


if __name__ == "__main__":
    main()
