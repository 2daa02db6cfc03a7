"""Cells of who may do what and when: roles, certificates, admission, priorities, leases, devices, extensions."""

from picok8s.api import duration
from picok8s.wire.cells import words
from picok8s.wire.cells.words import NONE, UNKNOWN, UNSET, Cells, Object


def binding(obj: Object, now: float) -> Cells:
    role = obj.get("roleRef") or {}
    users: list[str] = []
    groups: list[str] = []
    accounts: list[str] = []
    for subject in obj.get("subjects") or ():
        if subject.get("kind") == "ServiceAccount":
            accounts.append(f"{subject.get('namespace', '')}/{subject.get('name', '')}")
        else:
            (groups if subject.get("kind") == "Group" else users).append(subject.get("name", ""))
    shown = f"{role.get('kind', '')}/{role.get('name', '')}"
    return [words.name(obj), shown, words.age(obj, now), ", ".join(users), ", ".join(groups), ", ".join(accounts)]


# Certificates


def signing_request(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    types = words.conditions(obj).keys()
    state = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    if "Failed" in types:
        state += ",Failed"
    if status.get("certificate"):
        state += ",Issued"
    seconds = spec.get("expirationSeconds")
    return [
        words.name(obj),
        words.age(obj, now),
        spec.get("signerName") or NONE,
        spec.get("username", ""),
        NONE if seconds is None else duration.short(seconds),
        state,
    ]


def trust_bundle(obj: Object, now: float) -> Cells:
    return [words.name(obj), words.spec(obj).get("signerName") or NONE]


def pod_certificate(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    types = words.conditions(obj).keys()
    state = next((word for word in ("Denied", "Failed", "Issued") if word in types), "Pending")
    return [
        words.name(obj),
        spec.get("podName", ""),
        spec.get("serviceAccountName", ""),
        spec.get("nodeName", ""),
        spec.get("signerName", ""),
        state,
        words.labels(spec.get("unverifiedUserAnnotations")),
    ]


# Admission


def webhooks(obj: Object, now: float) -> Cells:
    return [words.name(obj), len(obj.get("webhooks") or ()), words.age(obj, now)]


def validating_policy(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    return [words.name(obj), len(spec.get("validations") or ()), _kind(spec.get("paramKind")), words.age(obj, now)]


def mutating_policy(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    return [words.name(obj), len(spec.get("mutations") or ()), _kind(spec.get("paramKind")), words.age(obj, now)]


def _kind(kind: Object | None) -> str:
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else UNSET


def policy_binding(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    shown = UNSET
    if parameter := spec.get("paramRef"):
        shown = f"{parameter.get('namespace') or '*'}/{parameter.get('name', '')}"
        if not parameter.get("name"):
            shown = words.selector(parameter.get("selector"))
    return [words.name(obj), spec.get("policyName", ""), shown, words.age(obj, now)]


# Priorities


def priority_class(obj: Object, now: float) -> Cells:
    return [
        words.name(obj),
        obj.get("value", 0),
        bool(obj.get("globalDefault")),
        words.age(obj, now),
        obj.get("preemptionPolicy") or "PreemptLowerPriority",
    ]


def flow_schema(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    method = (spec.get("distinguisherMethod") or {}).get("type")
    dangling = words.conditions(obj).get("Dangling")
    return [
        words.name(obj),
        (spec.get("priorityLevelConfiguration") or {}).get("name", ""),
        spec.get("matchingPrecedence", 0),
        method or NONE,
        words.age(obj, now),
        dangling.get("status", "?") if dangling else "?",
    ]


def priority_level(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    limited = spec.get("limited") or {}
    shares = (limited or spec.get("exempt") or {}).get("nominalConcurrencyShares")
    queuing = (limited.get("limitResponse") or {}).get("queuing") or {}
    return [
        words.name(obj),
        spec.get("type", ""),
        NONE if shares is None else shares,
        *(queuing.get(key, NONE) for key in ("queues", "handSize", "queueLengthLimit")),
        words.age(obj, now),
    ]


# Small kinds


def lease(obj: Object, now: float) -> Cells:
    return [words.name(obj), words.spec(obj).get("holderIdentity") or "", words.age(obj, now)]


def runtime_class(obj: Object, now: float) -> Cells:
    return [words.name(obj), obj.get("handler", ""), words.age(obj, now)]


def device_taint(obj: Object, now: float) -> Cells:
    taint = words.spec(obj).get("taint") or {}
    return [
        words.name(obj),
        taint.get("key", ""),
        taint.get("value", ""),
        taint.get("effect", ""),
        duration.since(taint.get("timeAdded"), now),
        words.age(obj, now),
    ]


def resource_claim(obj: Object, now: float) -> Cells:
    status = words.status(obj)
    states = ["deleted"] if words.is_deleted(obj) else []
    states.append("allocated" if status.get("allocation") else "pending")
    if status.get("reservedFor"):
        states.append("reserved")
    return [words.name(obj), ",".join(states), words.age(obj, now)]


def resource_slice(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    pool = (spec.get("pool") or {}).get("name", "")
    return [words.name(obj), spec.get("nodeName") or "", spec.get("driver", ""), pool, words.age(obj, now)]


def migration(obj: Object, now: float) -> Cells:
    resource = words.spec(obj).get("resource") or {}
    shown = (
        f"{resource.get('resource', '')}.{resource['group']}" if resource.get("group") else resource.get("resource", "")
    )
    true = [type for type, condition in words.conditions(obj).items() if condition.get("status") == "True"]
    return [words.name(obj), shown, true[-1] if true else ""]


def api_service(obj: Object, now: float) -> Cells:
    reference = words.spec(obj).get("service")
    shown = f"{reference.get('namespace', '')}/{reference.get('name', '')}" if reference else "Local"
    available = words.conditions(obj).get("Available")
    state = "Unknown"
    if available is not None:
        state = available.get("status", "")
        if state != "True":
            state = f"{state} ({available.get('reason', '')})"
    return [words.name(obj), shown, state, words.age(obj, now)]


def definition(obj: Object, now: float) -> Cells:
    """A CustomResourceDefinition."""
    spec = words.spec(obj)
    names = words.status(obj).get("acceptedNames") or spec.get("names") or {}
    versions = [
        version["name"] + ("(storage)" if version.get("storage") else "")
        for version in spec.get("versions") or ()
        if version.get("served")
    ]
    return [
        words.name(obj),
        spec.get("scope", ""),
        ",".join(versions),
        obj["metadata"].get("creationTimestamp", UNKNOWN),
        spec.get("group", ""),
        names.get("kind", ""),
        ",".join(names.get("shortNames") or ()),
        words.conditions(obj).get("Established", {}).get("status") == "True",
    ]
