"""LimitRanger: containers take a namespace's default resources; containers, pods and claims stay within its limits."""

from collections.abc import Iterator
from typing import Any

from picok8s.api import quantity, usage
from picok8s.api.usage import Amounts
from picok8s.apiserver.admission.hooks import CREATE, UPDATE, Cluster, Hook, refused
from picok8s.apiserver.messages import Call
from picok8s.apiserver.rbac import aggregate

Object = dict[str, Any]

ANNOTATION = "kubernetes.io/limit-ranger"
KINDS_OF_CONTAINERS = {"containers": "container", "initContainers": "init container"}


def complete(server: Cluster, call: Call, pod: Object, old: Object | None) -> None:
    """Give containers the default requests and limits that they lack, and say so in an annotation."""
    for limit_range in server.lookup.list("limitranges", call.namespace):
        requests, limits = _defaults(limit_range)
        if requests or limits:
            _complete_pod(pod, requests, limits)


def _defaults(limit_range: Object) -> tuple[Amounts, Amounts]:
    requests: Amounts = {}
    limits: Amounts = {}
    for limit in limit_range["spec"].get("limits") or []:
        if limit["type"] == "Container":
            requests |= limit.get("defaultRequest") or {}
            limits |= limit.get("default") or {}
    return requests, limits


def _complete_pod(pod: Object, requests: Amounts, limits: Amounts) -> None:
    told: list[str] = []
    spec = pod["spec"] = dict(pod["spec"])
    for key, kind in KINDS_OF_CONTAINERS.items():
        if spec.get(key):
            spec[key] = [_completed(container, kind, requests, limits, told) for container in spec[key]]
    if told:
        present = pod["metadata"].get("annotations") or {}
        pod["metadata"]["annotations"] = {**present, ANNOTATION: "LimitRanger plugin set: " + "; ".join(told)}


def _completed(container: Object, kind: str, requests: Amounts, limits: Amounts, told: list[str]) -> Object:
    resources = container.get("resources") or {}
    out = dict(resources)
    for key, defaults, word in (("requests", requests, "request"), ("limits", limits, "limit")):
        present = resources.get(key) or {}
        missing = sorted(name for name in defaults if name not in present)
        if missing:
            out[key] = {**present, **{name: defaults[name] for name in missing}}
            told.append(f"{', '.join(missing)} {word} for {kind} {container['name']}")
    return {**container, "resources": out}


def judge_pod(server: Cluster, call: Call, pod: Object, old: Object | None) -> None:
    _judge(server, call, pod, old, _pod_problems)


def judge_claim(server: Cluster, call: Call, claim: Object, old: Object | None) -> None:
    _judge(server, call, claim, old, _claim_problems)


def _judge(server: Cluster, call: Call, new: Object, old: Object | None, problems: Any) -> None:
    if old is not None and "deletionTimestamp" in old["metadata"]:
        return
    for limit_range in server.lookup.list("limitranges", call.namespace):
        limits = limit_range["spec"].get("limits") or []
        found = [problem for limit in limits for problem in problems(limit, new)]
        if found:
            raise refused(call, new, aggregate(found))


def _pod_problems(limit: Object, pod: Object) -> Iterator[str]:
    if limit["type"] == "Container":
        for key in KINDS_OF_CONTAINERS:
            for container in pod["spec"].get(key) or []:
                resources = container.get("resources") or {}
                yield from _problems(limit, resources.get("requests") or {}, resources.get("limits") or {})
    elif limit["type"] == "Pod":
        yield from _problems(limit, usage.pod_resources(pod, "requests"), usage.pod_resources(pod, "limits"))


def _claim_problems(limit: Object, claim: Object) -> Iterator[str]:
    if limit["type"] != "PersistentVolumeClaim":
        return
    requests = ((claim["spec"].get("resources") or {}).get("requests")) or {}
    for name, least in sorted((limit.get("min") or {}).items()):
        yield from _too_little(limit["type"], name, least, requests, {})
    for name, most in sorted((limit.get("max") or {}).items()):
        told = f"maximum {name} usage per {limit['type']} is {most}"
        if name not in requests:
            yield f"{told}.  No request is specified"
        elif quantity.compare(requests[name], most) > 0:
            yield f"{told}, but request is {requests[name]}"


def _problems(limit: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, least in sorted((limit.get("min") or {}).items()):
        yield from _too_little(limit["type"], name, least, requests, limits)
    for name, most in sorted((limit.get("max") or {}).items()):
        yield from _too_much(limit["type"], name, most, requests, limits)
    for name, most in sorted((limit.get("maxLimitRequestRatio") or {}).items()):
        yield from _too_far_apart(limit["type"], name, most, requests, limits)


def _too_little(kind: str, name: str, least: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    told = f"minimum {name} usage per {kind} is {least}"
    if name not in requests:
        yield f"{told}.  No request is specified"
    elif quantity.compare(requests[name], least) < 0:
        yield f"{told}, but request is {requests[name]}"
    elif name in limits and quantity.compare(limits[name], least) < 0:
        yield f"{told}, but limit is {limits[name]}"


def _too_much(kind: str, name: str, most: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    told = f"maximum {name} usage per {kind} is {most}"
    if name not in limits:
        yield f"{told}.  No limit is specified"
    elif quantity.compare(limits[name], most) > 0:
        yield f"{told}, but limit is {limits[name]}"
    elif name in requests and quantity.compare(requests[name], most) > 0:
        yield f"{told}, but request is {requests[name]}"


def _too_far_apart(kind: str, name: str, most: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    told = f"{name} max limit to request ratio per {kind} is {most}"
    if not quantity.nanos(requests.get(name, "0")):
        yield f"{told}, but no request is specified or request is 0"
    elif not quantity.nanos(limits.get(name, "0")):
        yield f"{told}, but no limit is specified or limit is 0"
    else:
        ratio = quantity.nanos(limits[name]) / quantity.nanos(requests[name])
        if ratio > quantity.nanos(most) / 10**9:
            yield f"{told}, but provided ratio is {ratio:.6f}"


DEFAULTS = Hook("LimitRanger", complete, ("pods",))
LIMITS = Hook("LimitRanger", judge_pod, ("pods",))
RESIZED = Hook("LimitRanger", judge_pod, ("pods",), (UPDATE,), ("resize",))
CLAIMS = Hook("LimitRanger", judge_claim, ("persistentvolumeclaims",), (CREATE, UPDATE))
