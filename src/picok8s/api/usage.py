"""What objects use: the resources of a pod added up, and what of a quota an object takes.

Amounts are quantities as text, by resource name. Admission counts one object before it is stored, the quota controller
counts all of a namespace again.
"""

from collections.abc import Callable, Iterable
from typing import Any

from picok8s.api import moment, quantity

Object = dict[str, Any]
Amounts = dict[str, str]

POD_LEVEL = ("cpu", "memory")  # What a pod's own resources override, beside huge pages.
NATIVE = ("cpu", "memory", "ephemeral-storage")
CLASS_SUFFIX = ".storageclass.storage.k8s.io/"
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
# Kinds whose count a quota also knows by its plain name.
ALIASES = {"configmaps", "resourcequotas", "replicationcontrollers", "secrets"}


def added(one: Amounts, other: Amounts) -> Amounts:
    """The sum, resource by resource."""
    return {
        **one,
        **{name: quantity.add(one[name], amount) if name in one else amount for name, amount in other.items()},
    }


def larger(one: Amounts, other: Amounts) -> Amounts:
    """The greater amount, resource by resource."""
    grown = {
        name: amount for name, amount in other.items() if name not in one or quantity.compare(amount, one[name]) > 0
    }
    return {**one, **grown}


def pod_resources(pod: Object, kind: str) -> Amounts:
    """A pod's "requests" or "limits": the sum of its containers, or what its init containers need at some moment."""
    spec = pod["spec"]
    total: Amounts = {}
    for container in spec.get("containers") or []:
        total = added(total, _of(container, kind))
    sidecars: Amounts = {}  # Init containers that go on beside the others.
    peak: Amounts = {}
    for container in spec.get("initContainers") or []:
        own = _of(container, kind)
        if container.get("restartPolicy") == "Always":
            total, sidecars = added(total, own), added(sidecars, own)
            peak = larger(peak, sidecars)
        else:
            peak = larger(peak, added(own, sidecars))
    total = larger(total, peak)
    whole = {k: v for k, v in _of(spec, kind).items() if k in POD_LEVEL or k.startswith("hugepages-")}
    return {**total, **whole}


def with_overhead(pod: Object, amounts: Amounts, kind: str) -> Amounts:
    """With what running the pod costs beside its containers; limits only grow where there are some."""
    overhead: Amounts = pod["spec"].get("overhead") or {}
    if kind == "limits":
        overhead = {name: amount for name, amount in overhead.items() if name in amounts}
    return added(amounts, overhead)


def _of(holder: Object, kind: str) -> Amounts:
    return dict((holder.get("resources") or {}).get(kind) or {})


def is_best_effort(pod: Object) -> bool:
    """Whether a pod asks for no processor or memory at all."""
    spec = pod["spec"]
    holders = [spec, *(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    amounts = [
        amount
        for holder in holders
        for kind in ("requests", "limits")
        for name, amount in _of(holder, kind).items()
        if name in POD_LEVEL
    ]
    return not any(quantity.nanos(amount) > 0 for amount in amounts)


def is_terminating(pod: Object) -> bool:
    """Whether a pod is bound to end by itself."""
    deadline = pod["spec"].get("activeDeadlineSeconds")
    return deadline is not None and deadline >= 0


def is_counted(pod: Object, now: float) -> bool:
    """Whether a pod still uses what it asks for: it has not ended, and its deletion is not overdue."""
    if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return False
    deleted = pod["metadata"].get("deletionTimestamp")
    grace = pod["metadata"].get("deletionGracePeriodSeconds")
    return not (deleted and grace is not None and now > moment.seconds(deleted) + grace)


def compute(requests: Amounts, limits: Amounts) -> Amounts:
    """Requests and limits under the names that a quota has for them."""
    used: Amounts = {"pods": "1"}
    for name in NATIVE:
        if name in requests:
            used[name] = used[f"requests.{name}"] = requests[name]
        if name in limits:
            used[f"limits.{name}"] = limits[name]
    for name, amount in requests.items():
        if name.startswith("hugepages-"):
            used[name] = used[f"requests.{name}"] = amount
        elif is_extended(name):
            used[f"requests.{name}"] = amount
    return used


def is_extended(name: str) -> bool:
    """Whether a resource is none of Kubernetes' own: it has a domain."""
    domain, slash, _ = name.partition("/")
    return bool(slash) and domain != "kubernetes.io" and not domain.endswith(".kubernetes.io")


def _pod(pod: Object, now: float) -> Amounts:
    if not is_counted(pod, now):
        return {"count/pods": "1"}
    requests, limits = (with_overhead(pod, pod_resources(pod, kind), kind) for kind in ("requests", "limits"))
    return {"count/pods": "1", **compute(requests, limits)}


def _service(service: Object, now: float) -> Amounts:
    spec = service["spec"]
    ports, balanced = spec.get("ports") or [], spec.get("type") == "LoadBalancer"
    count = 0
    if balanced and spec.get("allocateLoadBalancerNodePorts") is False:
        count = sum(1 for port in ports if port.get("nodePort"))
    elif balanced or spec.get("type") == "NodePort":
        count = len(ports)
    used = {"count/services": "1", "services": "1"}
    return {**used, "services.loadbalancers": str(int(balanced)), "services.nodeports": str(count)}


def _claim(claim: Object, now: float) -> Amounts:
    used = {"count/persistentvolumeclaims": "1", "persistentvolumeclaims": "1"}
    annotations = claim["metadata"].get("annotations") or {}
    name = annotations.get(CLASS_ANNOTATION) or claim["spec"].get("storageClassName") or ""
    size = _of(claim["spec"], "requests").get("storage")
    allocated = ((claim.get("status") or {}).get("allocatedResources") or {}).get("storage")
    if size is not None and allocated is not None and quantity.compare(allocated, size) > 0:
        size = allocated
    if size is not None:
        used["requests.storage"] = size
    if name:
        used[f"{name}{CLASS_SUFFIX}persistentvolumeclaims"] = "1"
        if size is not None:
            used[f"{name}{CLASS_SUFFIX}requests.storage"] = size
    return used


MEASURES: dict[str, Callable[[Object, float], Amounts]] = {
    "pods": _pod,
    "services": _service,
    "persistentvolumeclaims": _claim,
}


def of(resource: str, obj: Object, now: float) -> Amounts:
    """What of any quota one object takes. `resource` is named as in `kubectl`: "pods", "deployments.apps"."""
    measure = MEASURES.get(resource)
    if measure is not None:
        return measure(obj, now)
    used = {f"count/{resource}": "1"}
    return {**used, resource: "1"} if resource in ALIASES else used


def tracked(resource: str, names: Iterable[str]) -> list[str]:
    """Those of a quota's resources that objects of `resource` can use."""
    if resource == "pods":
        return [name for name in names if _is_of_pods(name)]
    if resource == "services":
        known = {"count/services", "services", "services.loadbalancers", "services.nodeports"}
    elif resource == "persistentvolumeclaims":
        plain = ("persistentvolumeclaims", "requests.storage")
        suffixes = tuple(CLASS_SUFFIX + name for name in plain)
        return [n for n in names if n in ("count/persistentvolumeclaims", *plain) or n.endswith(suffixes)]
    else:
        known = {f"count/{resource}", *({resource} & ALIASES)}
    return [name for name in names if name in known]


def _is_of_pods(name: str) -> bool:
    bare = name.removeprefix("requests.").removeprefix("limits.")
    if name in ("count/pods", "pods") or bare in NATIVE or name.startswith(("hugepages-", "requests.hugepages-")):
        return True
    return name.startswith("requests.") and is_extended(bare)


def in_scope(quota: Object, resource: str, obj: Object) -> bool:
    """Whether all of a quota's scopes hold for an object."""
    spec = quota["spec"]
    wanted = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or []]
    wanted += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    return all(_holds(requirement, resource, obj) for requirement in wanted)


def _holds(requirement: Object, resource: str, obj: Object) -> bool:
    scope = requirement["scopeName"]
    if resource == "pods":
        if scope in POD_SCOPES:
            return POD_SCOPES[scope](obj)
        name = obj["spec"].get("priorityClassName", "")
        return scope == "PriorityClass" and _selects(requirement, {name} if name else set())
    if resource == "persistentvolumeclaims" and scope == "VolumeAttributesClass":
        status = obj.get("status") or {}
        target = (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName")
        names = {obj["spec"].get("volumeAttributesClassName"), status.get("currentVolumeAttributesClassName"), target}
        return _selects(requirement, {name for name in names if name})
    return False


def _selects(requirement: Object, names: set[str]) -> bool:
    operator, values = requirement["operator"], set(requirement.get("values") or [])
    if operator == "Exists":
        return bool(names)
    if operator == "DoesNotExist":
        return not names
    if operator == "In":
        return bool(names & values)
    return not names or bool(names - values)


def _crosses_namespaces(pod: Object) -> bool:
    affinity = pod["spec"].get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        terms = list(rules.get("requiredDuringSchedulingIgnoredDuringExecution") or [])
        preferred = rules.get("preferredDuringSchedulingIgnoredDuringExecution") or []
        terms += [term["podAffinityTerm"] for term in preferred]
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False


POD_SCOPES: dict[str, Callable[[Object], bool]] = {
    "Terminating": is_terminating,
    "NotTerminating": lambda pod: not is_terminating(pod),
    "BestEffort": is_best_effort,
    "NotBestEffort": lambda pod: not is_best_effort(pod),
    "CrossNamespacePodAffinity": _crosses_namespaces,
}
