"""RuntimeClass: a pod takes the overhead, node selector and tolerations of the class that it names."""

from typing import Any

from picok8s.api import quantity
from picok8s.apiserver.admission.hooks import Cluster, Hook, refused
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

CLASSES = "runtimeclasses.node.k8s.io"


def complete(server: Cluster, call: Call, pod: Object, old: Object | None) -> None:
    found = _class(server, call, pod)
    if found is None:
        return
    spec = pod["spec"] = dict(pod["spec"])
    overhead = (found.get("overhead") or {}).get("podFixed")
    if found.get("overhead") is not None:
        if spec.get("overhead") and not _same(spec["overhead"], overhead or {}):
            raise refused(call, pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
        if overhead:
            spec["overhead"] = dict(overhead)
    scheduling = found.get("scheduling")
    if scheduling is not None:
        _schedule(call, pod, spec, scheduling)


def _schedule(call: Call, pod: Object, spec: Object, scheduling: Object) -> None:
    selector = dict(spec.get("nodeSelector") or {})
    for key, value in (scheduling.get("nodeSelector") or {}).items():
        if selector.get(key, value) != value:
            told = (
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                f"pod.spec.nodeSelector[{key}] = {selector[key]}"
            )
            raise refused(call, pod, told)
        selector[key] = value
    if selector:
        spec["nodeSelector"] = selector
    merged = [*(spec.get("tolerations") or [])]
    merged += [toleration for toleration in scheduling.get("tolerations") or [] if toleration not in merged]
    if merged:
        spec["tolerations"] = merged


def judge(server: Cluster, call: Call, pod: Object, old: Object | None) -> None:
    found = _class(server, call, pod)
    given = pod["spec"].get("overhead")
    if found is not None and found.get("overhead") is not None:
        if not _same(given or {}, found["overhead"].get("podFixed") or {}):
            raise refused(call, pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    elif given:
        raise refused(call, pod, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")


def _class(server: Cluster, call: Call, pod: Object) -> Object | None:
    name = pod["spec"].get("runtimeClassName")
    if name is None:
        return None
    found = server.lookup.get(CLASSES, name)
    if found is None:
        raise refused(call, pod, f'pod rejected: RuntimeClass "{name}" not found')
    return found


def _same(one: Object, other: Object) -> bool:
    return one.keys() == other.keys() and all(quantity.compare(one[key], other[key]) == 0 for key in one)


DEFAULTS = Hook("RuntimeClass", complete, ("pods",))
OVERHEAD = Hook("RuntimeClass", judge, ("pods",))
