"""Cells of the core group beside pods: nodes, namespaces, configuration, volumes, events, quotas."""

from picok8s.api import duration
from picok8s.wire.cells import words
from picok8s.wire.cells.words import NONE, UNKNOWN, UNSET, Cells, Object

ROLE_LABEL, ROLE_PREFIX = "kubernetes.io/role", "node-role.kubernetes.io/"
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def node(obj: Object, now: float) -> Cells:
    status = words.status(obj)
    info = status.get("nodeInfo") or {}
    ready = words.conditions(obj).get("Ready")
    state = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    if words.spec(obj).get("unschedulable"):
        state += ",SchedulingDisabled"
    return [
        words.name(obj),
        state,
        _roles(obj),
        words.age(obj, now),
        info.get("kubeletVersion", ""),
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _roles(obj: Object) -> str:
    roles = set()
    for key, value in (obj["metadata"].get("labels") or {}).items():
        if key.startswith(ROLE_PREFIX) and key != ROLE_PREFIX:
            roles.add(key.removeprefix(ROLE_PREFIX))
        elif key == ROLE_LABEL and value:
            roles.add(value)
    return words.joined(sorted(roles)) or NONE


def _address(status: Object, type: str) -> str:
    found = (a.get("address", "") for a in status.get("addresses") or () if a.get("type") == type)
    return next(found, "") or NONE


def namespace(obj: Object, now: float) -> Cells:
    return [words.name(obj), words.status(obj).get("phase", ""), words.age(obj, now)]


def config_map(obj: Object, now: float) -> Cells:
    return [words.name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), words.age(obj, now)]


def secret(obj: Object, now: float) -> Cells:
    return [words.name(obj), obj.get("type", ""), len(obj.get("data") or ()), words.age(obj, now)]


def quota(obj: Object, now: float) -> Cells:
    status = words.status(obj)
    hard, used = status.get("hard") or {}, status.get("used") or {}
    told = {key: f"{key}: {used.get(key, '0')}/{amount}" for key, amount in sorted(hard.items())}
    requests = ", ".join(line for key, line in told.items() if not key.startswith("limits."))
    limits = ", ".join(line for key, line in told.items() if key.startswith("limits."))
    return [words.name(obj), requests, limits, words.age(obj, now)]


def component(obj: Object, now: float) -> Cells:
    state, message, error = "Unknown", "", ""
    for condition in obj.get("conditions") or ():
        if condition.get("type") == "Healthy":
            state = "Healthy" if condition.get("status") == "True" else "Unhealthy"
            message, error = condition.get("message", ""), condition.get("error", "")
            break
    return [words.name(obj), state, message, error]


# Volumes


def volume(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    claim = spec.get("claimRef")
    return [
        words.name(obj),
        (spec.get("capacity") or {}).get("storage", "0"),
        modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if words.is_deleted(obj) else status.get("phase", ""),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        _class(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        status.get("reason", ""),
        words.age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def claim(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    bound = bool(spec.get("volumeName"))
    return [
        words.name(obj),
        "Terminating" if words.is_deleted(obj) else status.get("phase", ""),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "0") if bound else "",
        modes(status.get("accessModes")) if bound else "",
        _class(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        words.age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _class(obj: Object) -> str:
    notes = obj["metadata"].get("annotations") or {}
    return notes[CLASS_ANNOTATION] if CLASS_ANNOTATION in notes else words.spec(obj).get("storageClassName") or ""


def modes(found: list[str] | None) -> str:
    """Access modes in short, each once, in the order of their freedom."""
    return ",".join(short for mode, short in MODES.items() if mode in (found or ()))


# Events


def event(obj: Object, now: float) -> Cells:
    """An event of either group: what the newer one calls by another name, it carries under its old name too."""
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or first
    count = obj.get("count") or obj.get("deprecatedCount") or 1
    if series := obj.get("series"):
        last, count = series.get("lastObservedTime"), series.get("count", 0)
    kind = about.get("kind", "").lower()
    return [
        duration.since(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{about['name']}" if about.get("name") else kind,
        about.get("fieldPath", ""),
        _source(obj),
        (obj.get("message") or obj.get("note") or "").strip(),
        duration.since(first, now),
        count,
        words.name(obj),
    ]


def _source(obj: Object) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    host = source.get("host") or obj.get("reportingInstance") or ""
    return f"{component}, {host}" if host else component
