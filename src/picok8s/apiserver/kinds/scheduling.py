"""scheduling.k8s.io: PriorityClass."""

from typing import Any

from picok8s.api.errors import FieldError, forbidden_field, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]

SYSTEM_PREFIX = "system-"
USER_MAX = 1_000_000_000
# The classes that Kubernetes itself makes, with their values.
SYSTEM_CLASSES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
POLICIES = ("Never", "PreemptLowerPriority")


def default(obj: Object) -> None:
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def prepare(new: Object, old: Object | None) -> None:
    """The generation is given once; nothing that it would count can change."""
    checks.next_generation(new, old, False)


def validate(new: Object, old: Object | None) -> Errors:
    name, value = new["metadata"].get("name", ""), new.get("value", 0)
    if old is not None:
        changed = value != old.get("value", 0)
        errors = [forbidden_field("value", "may not be changed in an update.")] if changed else []
        return errors + checks.immutable(new, old, "", "preemptionPolicy")
    errors = _system(name, value, bool(new.get("globalDefault")))
    if not name.startswith(SYSTEM_PREFIX) and value > USER_MAX:
        errors.append(forbidden_field("value", f"maximum allowed value of a user defined priority is {USER_MAX}"))
    policy = new["preemptionPolicy"]
    if not policy:
        errors.append(required("preemptionPolicy"))
    elif policy not in POLICIES:
        errors.append(checks.unsupported("preemptionPolicy", policy, ("PreemptLowerPriority", "Never"), as_listed=True))
    return errors


def _system(name: str, value: int, everywhere: bool) -> Errors:
    """Names of the system are for its own classes, as they are."""
    if not name.startswith(SYSTEM_PREFIX):
        return []
    if name not in SYSTEM_CLASSES:
        why = f"{name} is not a known system priority class"
    elif value != SYSTEM_CLASSES[name]:
        why = f"value of {name} PriorityClass must be {SYSTEM_CLASSES[name]}"
    elif everywhere:
        why = f"globalDefault of {name} PriorityClass must be false"
    else:
        return []
    reserved = f"priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only. error: {why}"
    return [forbidden_field("metadata.name", reserved)]


BEHAVIOURS = {
    "priorityclasses.scheduling.k8s.io": Behaviour(default=default, prepare=prepare, validate=validate),
}
