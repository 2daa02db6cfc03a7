"""Priority: a pod's priority class becomes its number, and only one class is everybody's default."""

from typing import Any

from picok8s.apiserver.admission.hooks import DELETE, WRITES, Cluster, Hook, refused
from picok8s.apiserver.kinds.scheduling import SYSTEM_CLASSES
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

CLASSES = "priorityclasses.scheduling.k8s.io"
LOWER = "PreemptLowerPriority"


def resolve(server: Cluster, call: Call, pod: Object, old: Object | None) -> None:
    spec = pod["spec"] = dict(pod["spec"])
    if old is not None:  # What was worked out at birth is kept; validation refuses any other.
        for key in ("priority", "preemptionPolicy"):
            if spec.get(key) is None and old["spec"].get(key) is not None:
                spec[key] = old["spec"][key]
        return
    name, value, policy = _class(server, call, pod)
    if name:
        spec["priorityClassName"] = name
    if spec.get("priority") is not None and spec["priority"] != value:
        why = (
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name"
        )
        raise refused(call, pod, why)
    spec["priority"] = value
    if spec.get("preemptionPolicy") is not None and spec["preemptionPolicy"] != policy:
        why = (
            f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
        raise refused(call, pod, why)
    spec["preemptionPolicy"] = policy


def _class(server: Cluster, call: Call, pod: Object) -> tuple[str, int, str]:
    """Name, value and preemption policy of the class that a pod asks for or gets."""
    name = pod["spec"].get("priorityClassName", "")
    if name:
        found = server.lookup.get(CLASSES, name)
        if found is None:
            raise refused(call, pod, f"no PriorityClass with name {name} was found")
        return name, found.get("value", 0), found.get("preemptionPolicy") or LOWER
    default = default_class(server.lookup.list(CLASSES))
    if default is None:
        return "", 0, LOWER
    return default["metadata"]["name"], default.get("value", 0), default.get("preemptionPolicy") or LOWER


def default_class(classes: list[Object]) -> Object | None:
    """The default for pods without a class; of several, which an old cluster may have, the lowest."""
    return min((c for c in classes if c.get("globalDefault")), key=lambda c: c.get("value", 0), default=None)


def judge_class(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    if not new.get("globalDefault"):
        return
    present = default_class(server.lookup.list(CLASSES))
    if present is not None and (old is None or present["metadata"]["name"] != new["metadata"]["name"]):
        name = present["metadata"]["name"]
        raise refused(call, new, f"PriorityClass {name} is already marked as default. Only one default can exist")


def keep_system_classes(server: Cluster, call: Call, new: None, old: Object) -> None:
    """The cluster's own pods name these classes, so they stay."""
    if old["metadata"]["name"] in SYSTEM_CLASSES:
        raise refused(call, old, "this is a system priority class and cannot be deleted")


RESOLUTION = Hook("Priority", resolve, ("pods",), WRITES)
ONE_DEFAULT = Hook("Priority", judge_class, (CLASSES,), WRITES)
SYSTEM = Hook("Priority", keep_system_classes, (CLASSES,), (DELETE,))
