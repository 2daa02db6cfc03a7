"""What the node asks of a pod: its containers by kind, their policies, its quality of service. Pure."""

from collections.abc import Iterator
from typing import Any

from picok8s.node import quantities

Object = dict[str, Any]

GRACE_SECONDS = 30
QOS = ("Guaranteed", "Burstable", "BestEffort")


def spec(pod: Object) -> Object:
    return pod["spec"]


def key(pod: Object) -> str:
    """NAMESPACE/NAME, as log lines and messages name a pod."""
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def full_name(pod: Object) -> str:
    """NAME_NAMESPACE(UID), as upstream's event messages name a pod."""
    meta = pod["metadata"]
    return f"{meta['name']}_{meta['namespace']}({meta['uid']})"


def containers(pod: Object) -> list[Object]:
    return pod["spec"].get("containers") or []


def init_containers(pod: Object) -> list[Object]:
    return pod["spec"].get("initContainers") or []


def ephemeral_containers(pod: Object) -> list[Object]:
    return pod["spec"].get("ephemeralContainers") or []


def all_containers(pod: Object) -> Iterator[Object]:
    yield from init_containers(pod)
    yield from containers(pod)
    yield from ephemeral_containers(pod)


def container(pod: Object, name: str) -> Object | None:
    return next((c for c in all_containers(pod) if c["name"] == name), None)


def field_path(pod: Object, name: str) -> str:
    """The fieldPath of an event about one container: spec.containers{name}."""
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        if any(c["name"] == name for c in pod["spec"].get(kind) or []):
            return f"spec.{kind}{{{name}}}"
    return ""


def is_sidecar(container: Object) -> bool:
    """A restartable init container: started in order, and runs as long as the pod does."""
    return container.get("restartPolicy") == "Always"


def is_init(pod: Object, name: str) -> bool:
    return any(c["name"] == name for c in init_containers(pod))


def restart_policy(pod: Object) -> str:
    return pod["spec"].get("restartPolicy") or "Always"


def restarts(pod: Object, container: Object, exit_code: int) -> bool:
    """Whether a container that ended with `exit_code` is started again, by its rules, its policy or the pod's."""
    for rule in container.get("restartPolicyRules") or []:
        codes = rule.get("exitCodes") or {}
        listed = exit_code in (codes.get("values") or [])
        if listed == (codes.get("operator") == "In") and rule.get("action") == "Restart":
            return True
    policy = container.get("restartPolicy") or restart_policy(pod)
    if is_init(pod, container["name"]) and policy == "Always":
        return is_sidecar(container) or exit_code != 0
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def grace_seconds(pod: Object) -> int:
    """How long the pod's containers have to stop: the deletion's word, else the pod's own."""
    meta = pod["metadata"]
    if meta.get("deletionGracePeriodSeconds") is not None:
        return int(meta["deletionGracePeriodSeconds"])
    given = pod["spec"].get("terminationGracePeriodSeconds")
    return GRACE_SECONDS if given is None else int(given)


def is_host_network(pod: Object) -> bool:
    return bool(pod["spec"].get("hostNetwork"))


def is_mirror(pod: Object) -> bool:
    return "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {})


def is_terminal(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def qos_class(pod: Object) -> str:
    """Guaranteed when every container limits cpu and memory to what it requests; BestEffort when none asks."""
    given = (pod.get("status") or {}).get("qosClass")
    if given:
        return given
    parts = [pod["spec"]] if pod["spec"].get("resources") else [*init_containers(pod), *containers(pod)]
    asked, guaranteed = False, True
    for part in parts:
        resources = part.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("cpu", "memory"):
            limit = quantities.number(limits.get(name, 0))
            request = quantities.number(requests.get(name, limits.get(name, 0)))
            asked = asked or bool(limit or request)
            guaranteed = guaranteed and limit != 0 and limit == request
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def requests(pod: Object, resource: str, kind: str = "requests") -> float:
    """What the whole pod asks of a resource: containers and sidecars together, or an init container that needs more."""
    sidecars = 0.0
    peak = 0.0
    for part in init_containers(pod):
        amount = _amount(part, resource, kind)
        if is_sidecar(part):
            sidecars += amount
            peak = max(peak, sidecars)
        else:
            peak = max(peak, sidecars + amount)
    total = max(peak, sidecars + sum(_amount(part, resource, kind) for part in containers(pod)))
    whole = ((pod["spec"].get("resources") or {}).get(kind) or {}).get(resource)
    if whole is not None:
        total = quantities.number(whole)
    return total + quantities.number((pod["spec"].get("overhead") or {}).get(resource, 0))


def limits_all(pod: Object, resource: str) -> bool:
    """Whether every container limits a resource, so that the pod as a whole has a limit."""
    if resource in ((pod["spec"].get("resources") or {}).get("limits") or {}):
        return True
    parts = [*init_containers(pod), *containers(pod)]
    return all(resource in ((part.get("resources") or {}).get("limits") or {}) for part in parts)


def _amount(container: Object, resource: str, kind: str) -> float:
    resources = container.get("resources") or {}
    given = (resources.get(kind) or {}).get(resource)
    return quantities.number(given) if given is not None else 0.0
