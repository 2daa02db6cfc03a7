"""Objects that hold what a test says, and beyond it only what every object has."""

from typing import Any

from picok8s.api import moment

Object = dict[str, Any]


def meta(name: str, namespace: str = "default", **more: Any) -> Object:
    """Metadata of an object that the server has taken; `owner` is (kind, name, uid) of its controller."""
    metadata: Object = {"name": name, "uid": more.pop("uid", f"{name}-uid"), "resourceVersion": "1", "generation": 1}
    if namespace:
        metadata["namespace"] = namespace
    if owner := more.pop("owner", None):
        kind, owner_name, uid = owner
        version = {"ReplicationController": "v1", "Job": "batch/v1"}.get(kind, "apps/v1")
        reference = {"apiVersion": version, "kind": kind, "name": owner_name, "uid": uid, "controller": True}
        metadata["ownerReferences"] = [{**reference, "blockOwnerDeletion": True}]
    if "created" in more:
        metadata["creationTimestamp"] = moment.time(more.pop("created"))
    if more.pop("deleted", False):
        metadata["deletionTimestamp"] = moment.time(1)
    metadata.update(more)
    return metadata


METADATA = {"labels", "annotations", "owner", "created", "deleted", "uid", "finalizers", "generation", "namespace"}


def of(api_version: str, kind: str, name: str, spec: Object, status: Object | None = None, **more: Any) -> Object:
    made: Object = {"apiVersion": api_version, "kind": kind, "metadata": meta(name, **more), "spec": spec}
    return made if status is None else {**made, "status": status}


def _split(words: Object) -> tuple[Object, Object]:
    return {k: v for k, v in words.items() if k in METADATA}, {k: v for k, v in words.items() if k not in METADATA}


def pod(name: str, **words: Any) -> Object:
    """`phase`, `ready` (since), `node`, `cost`, `restarts`, `ip`; metadata words; the rest goes into the spec."""
    metadata, rest = _split(words)
    if "cost" in rest:
        cost = {"controller.kubernetes.io/pod-deletion-cost": str(rest.pop("cost"))}
        metadata["annotations"] = {**metadata.get("annotations", {}), **cost}
    ready = rest.pop("ready", None)
    status: Object = {"phase": rest.pop("phase", "Pending" if ready is None else "Running")}
    if ready is not None:
        condition = {"type": "Ready", "status": "True", "lastTransitionTime": moment.time(ready)}
        status["conditions"] = [condition]
    if "restarts" in rest:
        status["containerStatuses"] = [{"name": "c", "restartCount": rest.pop("restarts")}]
    if "ip" in rest:
        address = rest.pop("ip")
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    if "node" in rest:
        rest["nodeName"] = rest.pop("node")
    cpu = rest.pop("cpu", None)
    container: Object = {"name": "c", "image": "example.test/c"}
    if cpu is not None:
        container["resources"] = {"requests": {"cpu": cpu}}
    return of("v1", "Pod", name, {"containers": [container], **rest}, status, **metadata)


TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "example.test/c"}]}}


def replicaset(name: str = "web", **words: Any) -> Object:
    metadata, rest = _split(words)
    status = rest.pop("status", {"replicas": 0})
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE, **rest}
    return of("apps/v1", "ReplicaSet", name, spec, status, **{"uid": "rs-uid", **metadata})


def deployment(name: str = "web", **words: Any) -> Object:
    metadata, rest = _split(words)
    status = rest.pop("status", {})
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": TEMPLATE,
        "strategy": rolling,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        **rest,
    }
    return of("apps/v1", "Deployment", name, spec, status, **{"uid": "d-uid", **metadata})


def node(name: str, **words: Any) -> Object:
    """`cpu`, `memory`, `pods` (allocatable), `ready` (True), `taints`, `images`; metadata words; the rest is spec."""
    metadata, rest = _split(words)
    amounts = {"cpu": rest.pop("cpu", "4"), "memory": rest.pop("memory", "8Gi"), "pods": str(rest.pop("pods", 110))}
    amounts |= rest.pop("more", {})
    ready = rest.pop("ready", True)
    conditions = [{"type": "Ready", "status": {True: "True", False: "False"}.get(ready, "Unknown")}]
    status = {"capacity": amounts, "allocatable": amounts, "conditions": conditions, "images": rest.pop("images", [])}
    return of("v1", "Node", name, rest, status, **{"namespace": "", **metadata})


def namespace(name: str, **words: Any) -> Object:
    metadata, rest = _split(words)
    status = {"phase": "Terminating" if metadata.get("deleted") else "Active"}
    return of("v1", "Namespace", name, {"finalizers": ["kubernetes"], **rest}, status, **{"namespace": "", **metadata})
