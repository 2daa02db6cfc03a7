"""Cells of what makes pods: deployments, sets, jobs, autoscalers, disruption budgets."""

from typing import Any

from picok8s.api import duration, moment
from picok8s.wire.cells import words
from picok8s.wire.cells.words import NONE, UNKNOWN, UNSET, Cells, Object

METRICS_MAX = 2

# Conditions of a job in the order in which they decide what it is called.
JOB_STATES = (
    ("Complete", "Complete"),
    ("Failed", "Failed"),
    ("", "Terminating"),
    ("Suspended", "Suspended"),
    ("FailureTarget", "FailureTarget"),
    ("SuccessCriteriaMet", "SuccessCriteriaMet"),
)


def deployment(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    return [
        words.name(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        words.age(obj, now),
        *words.containers(spec.get("template")),
        words.selector(spec.get("selector")),
    ]


def replica_set(obj: Object, now: float) -> Cells:
    return [*_replicas(obj, now), words.selector(words.spec(obj).get("selector"))]


def replication_controller(obj: Object, now: float) -> Cells:
    return [*_replicas(obj, now), words.labels(words.spec(obj).get("selector"))]


def _replicas(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    return [
        words.name(obj),
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        words.age(obj, now),
        *words.containers(spec.get("template")),
    ]


def stateful_set(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [words.name(obj), ready, words.age(obj, now), *words.containers(spec.get("template"))]


def daemon_set(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    return [
        words.name(obj),
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        words.labels(((spec.get("template") or {}).get("spec") or {}).get("nodeSelector")),
        words.age(obj, now),
        *words.containers(spec.get("template")),
        words.selector(spec.get("selector")),
    ]


def controller_revision(obj: Object, now: float) -> Cells:
    owner = next((o for o in obj["metadata"].get("ownerReferences") or () if o.get("controller")), None)
    shown = NONE
    if owner is not None:
        group = owner["apiVersion"].rpartition("/")[0]
        kind = owner["kind"].lower()
        shown = f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"
    return [words.name(obj), shown, obj.get("revision", 0), words.age(obj, now)]


def job(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    done = status.get("succeeded", 0)
    if spec.get("completions") is not None:
        completions = f"{done}/{spec['completions']}"
    else:
        parallelism = spec.get("parallelism") or 0
        completions = f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"
    return [
        words.name(obj),
        _job_state(obj),
        completions,
        _job_duration(status, now),
        words.age(obj, now),
        *words.containers(spec.get("template")),
        words.selector(spec.get("selector")),
    ]


def _job_state(obj: Object) -> str:
    true = {type for type, condition in words.conditions(obj).items() if condition.get("status") == "True"}
    if words.is_deleted(obj):
        true.add("")
    return next((word for type, word in JOB_STATES if type in true), "Running")


def _job_duration(status: Object, now: float) -> str:
    if not status.get("startTime"):
        return ""
    end = moment.seconds(status["completionTime"]) if status.get("completionTime") else now
    return duration.short(end - moment.seconds(status["startTime"]))


def cron_job(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    template = (spec.get("jobTemplate") or {}).get("spec") or {}
    last = status.get("lastScheduleTime")
    return [
        words.name(obj),
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        words.truth(spec.get("suspend")),
        len(status.get("active") or ()),
        duration.since(last, now) if last else NONE,
        words.age(obj, now),
        *words.containers(template.get("template")),
        words.selector(template.get("selector")),
    ]


def disruption_budget(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    bounds = [str(spec[key]) if spec.get(key) is not None else "N/A" for key in ("minAvailable", "maxUnavailable")]
    return [words.name(obj), *bounds, words.status(obj).get("disruptionsAllowed", 0), words.age(obj, now)]


# Autoscalers


def autoscaler(obj: Object, now: float) -> Cells:
    spec, status = words.spec(obj), words.status(obj)
    current = status.get("currentMetrics") or []
    targets = [
        _metric(metric, current[index] if index < len(current) else {})
        for index, metric in enumerate(spec.get("metrics") or ())
    ]
    return _autoscaler(obj, now, words.some(targets, METRICS_MAX).replace(",", ", ") if targets else NONE)


def autoscaler_v1(obj: Object, now: float) -> Cells:
    """The first version knows the share of a processor alone."""
    target = words.spec(obj).get("targetCPUUtilizationPercentage")
    if target is None:
        return _autoscaler(obj, now, NONE)
    current = words.status(obj).get("currentCPUUtilizationPercentage")
    share = f"{current}%" if current is not None else UNKNOWN
    return _autoscaler(obj, now, f"cpu: {share}/{target}%")


def _autoscaler(obj: Object, now: float, targets: str) -> Cells:
    spec = words.spec(obj)
    reference = spec.get("scaleTargetRef") or {}
    least = spec.get("minReplicas")
    return [
        words.name(obj),
        f"{reference.get('kind', '')}/{reference.get('name', '')}",
        targets,
        UNSET if least is None else str(least),
        spec.get("maxReplicas", 0),
        words.status(obj).get("currentReplicas", 0),
        words.age(obj, now),
    ]


SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _metric(metric: Object, current: Object) -> str:
    """`what is/what should be` of one metric."""
    kind = metric.get("type", "")
    key = SOURCES.get(kind)
    if key is None:
        return "<unknown type>"
    source: Object = metric.get(key) or {}
    target: Object = source.get("target") or {}
    found: Object = (current.get(key) or {}).get("current") or {}
    if kind in ("Resource", "ContainerResource"):
        return f"{source.get('name', '')}: {_resource(target, found)}"
    if kind == "Pods":
        return f"{found.get('averageValue') or UNKNOWN}/{target.get('averageValue', '')}"
    if target.get("averageValue") is not None:
        return f"{found.get('averageValue') or UNKNOWN}/{target['averageValue']} (avg)"
    return f"{found.get('value') or UNKNOWN}/{target.get('value', '')}"


def _resource(target: Object, found: Object) -> str:
    if target.get("averageValue") is not None:
        return f"{found.get('averageValue') or UNKNOWN}/{target['averageValue']}"
    share: Any = found.get("averageUtilization")
    wanted: Any = target.get("averageUtilization")
    shown = UNKNOWN if share is None else f"{share}%"
    return f"{shown}/{'<auto>' if wanted is None else f'{wanted}%'}"
