"""storage.k8s.io: CSIDriver and CSINode."""

from typing import Any

from picok8s.api.errors import FieldError, duplicate, invalid_value, required, too_long, too_many
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks
from picok8s.apiserver.kinds.policy import condition_reason
from picok8s.apiserver.kinds.storage import driver_name

Object = dict[str, Any]
Errors = list[FieldError]

FS_GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
LIFECYCLES = ("Persistent", "Ephemeral")
TOKEN_SECONDS_MIN = 600
TOKEN_SECONDS_MAX = 1 << 32
UPDATE_SECONDS_MIN = 10
NODE_ID_MAX = 256
HEALTH_MAX = 16
HEALTH_REASON_MAX = 256
HEALTH_MESSAGE_MAX = 1024
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
TOKEN_WARNING = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible "
    "logging of tokens in volume attributes"
)
NO_TOKENS = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
DRIVER_FIELDS = (("Name", "name"), ("NodeID", "nodeID"), ("TopologyKeys", "topologyKeys"), ("Allocatable", "none"))


# CSIDriver.


def default_driver(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("attachRequired", True)
    for key in ("podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"):
        spec.setdefault(key, False)
    spec.setdefault("preventPodSchedulingIfMissing", False)
    spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


def prepare_driver(new: Object, old: Object | None) -> None:
    """A driver is born without a generation and counts changes only."""
    if old is None:
        new["metadata"].pop("generation", None)
        return
    checks.next_generation(new, old, new["spec"] != old["spec"])


def validate_driver(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    errors: Errors = []
    if spec["fsGroupPolicy"] not in FS_GROUP_POLICIES:
        errors.append(checks.unsupported("spec.fsGroupPolicy", spec["fsGroupPolicy"], FS_GROUP_POLICIES))
    errors += _tokens(spec.get("tokenRequests") or [])
    errors += [
        checks.unsupported("spec.volumeLifecycleModes", mode, LIFECYCLES, as_listed=True)
        for mode in spec["volumeLifecycleModes"]
        if mode not in LIFECYCLES
    ]
    period = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period is not None and period < UPDATE_SECONDS_MIN:
        words = f"must be greater than or equal to {UPDATE_SECONDS_MIN} seconds"
        errors.append(invalid_value("spec.nodeAllocatableUpdatePeriodSeconds", period, words))
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not spec.get("tokenRequests"):
        errors.append(invalid_value("spec.serviceAccountTokenInSecrets", in_secrets, NO_TOKENS))
    if old is None:
        return errors
    if spec["attachRequired"] != old["spec"]["attachRequired"]:
        errors.append(invalid_value("spec.attachedRequired", spec["attachRequired"], checks.IMMUTABLE))
    return errors + checks.immutable(spec, old["spec"], "spec", "volumeLifecycleModes", bare=True)


def _tokens(requests: list[Object]) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, request in enumerate(requests):
        path, audience = f"spec.tokenRequests[{index}]", request.get("audience", "")
        if audience in seen:
            errors.append(duplicate(f"{path}.audience", audience))
            continue
        seen.add(audience)
        seconds = request.get("expirationSeconds", TOKEN_SECONDS_MIN)
        if seconds < TOKEN_SECONDS_MIN:
            words = "may not specify a duration less than 10 minutes"
            errors.append(invalid_value(f"{path}.expirationSeconds", seconds, words))
        if seconds > TOKEN_SECONDS_MAX:
            words = "may not specify a duration larger than 2^32 seconds"
            errors.append(invalid_value(f"{path}.expirationSeconds", seconds, words))
    return errors


def driver_warnings(new: Object, old: Object | None) -> list[str]:
    spec = new["spec"]
    if not spec.get("tokenRequests") or "serviceAccountTokenInSecrets" in spec:
        return []
    changed = old is None or spec["tokenRequests"] != old["spec"].get("tokenRequests")
    return [TOKEN_WARNING] if changed else []


# CSINode.


def validate_node(new: Object, old: Object | None) -> Errors:
    drivers = (new.get("spec") or {}).get("drivers") or []
    errors: Errors = []
    seen: set[str] = set()
    for index, driver in enumerate(drivers):
        path, name = f"spec.drivers[{index}]", driver.get("name", "")
        errors += _driver(driver, path)
        if name in seen:
            errors.append(duplicate(f"{path}.name", name))
        seen.add(name)
        errors += _topology_keys(driver.get("topologyKeys") or [], path)
    before = {d.get("name"): d for d in ((old or {}).get("spec") or {}).get("drivers") or []}
    for driver in drivers:
        was = before.get(driver.get("name"))
        if was is not None and any(driver.get(key) != was.get(key) for key in ("nodeID", "topologyKeys")):
            shown = checks.spelled(driver, DRIVER_FIELDS)
            errors.append(invalid_value("spec.drivers", shown, checks.IMMUTABLE))
    return errors


def _driver(driver: Object, path: str) -> Errors:
    node = driver.get("nodeID", "")
    errors = driver_name(driver.get("name", ""), f"{path}.name")
    if not node:
        errors.append(required(f"{path}.nodeID"))
    if len(node) > NODE_ID_MAX:
        errors.append(invalid_value(f"{path}.nodeID", node, f"must be {NODE_ID_MAX} characters or less"))
    return errors + checks.not_negative(driver.get("allocatable") or {}, f"{path}.allocatable", "count")


def _topology_keys(keys: list[str], path: str) -> Errors:
    errors: Errors = []
    for index, key in enumerate(keys):
        if not key:
            errors.append(required(path))
        if key in keys[:index]:
            errors.append(duplicate(path, key))
        errors += checks.qualified(key, path)
    return errors


def validate_node_status(new: Object, old: Object) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, health in enumerate((new.get("status") or {}).get("storageHealth") or []):
        path, name = f"status.storageHealth[{index}]", health.get("name", "")
        if name in seen:
            errors.append(duplicate(path, name))
        seen.add(name)
        errors += driver_name(name, f"{path}.name")
        conditions = health.get("healthConditions") or []
        if len(conditions) > HEALTH_MAX:
            errors.append(too_many(f"{path}.healthConditions", len(conditions), HEALTH_MAX))
            continue
        for at, condition in enumerate(conditions):
            errors += _health(condition, f"{path}.healthConditions[{at}]")
    return errors


def _health(condition: Object, path: str) -> Errors:
    errors: Errors = []
    status, reason = condition.get("status", ""), condition.get("reason", "")
    states = ("StorageDegraded", "StorageUnreachable")
    if status not in states:
        errors.append(checks.unsupported(f"{path}.status", status, states))
    errors += condition_reason(reason, f"{path}.reason", HEALTH_REASON_MAX)
    if len(condition.get("message", "")) > HEALTH_MESSAGE_MAX:
        errors.append(too_long(f"{path}.message", HEALTH_MESSAGE_MAX))
    if condition.get("accessMode", ACCESS_MODES[0]) not in ACCESS_MODES:
        errors.append(checks.unsupported(f"{path}.accessMode", condition["accessMode"], ACCESS_MODES))
    if condition.get("volumeMode", "Block") not in ("Filesystem", "Block"):
        errors.append(checks.unsupported(f"{path}.volumeMode", condition["volumeMode"], ("Filesystem", "Block"), True))
    return errors


BEHAVIOURS = {
    "csidrivers.storage.k8s.io": Behaviour(
        default=default_driver,
        prepare=prepare_driver,
        validate=validate_driver,
        warnings=driver_warnings,
        unconditional_update=False,
    ),
    "csinodes.storage.k8s.io": Behaviour(
        prepare=checks.preparing({}),
        validate=validate_node,
        prepare_status=checks.status_alone,
        validate_status=validate_node_status,
        unconditional_update=False,
    ),
}
