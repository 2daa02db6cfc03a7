"""autoscaling/v1: an autoscaler as the old version shows it. What v1 has no field for travels in annotations, as JSON.

`encode` makes the stored (v2) object of a v1 one, `decode` the v1 object of a stored one.
"""

from typing import Any

import orjson

Object = dict[str, Any]

PREFIX = "autoscaling.alpha.kubernetes.io/"
METRICS = f"{PREFIX}metrics"
CURRENT = f"{PREFIX}current-metrics"
CONDITIONS = f"{PREFIX}conditions"
BEHAVIOR = f"{PREFIX}behavior"
SOURCES = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _drop_empty(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if value is not None}


def _is_cpu(metric: Object) -> bool:
    return metric.get("type") == "Resource" and (metric.get("resource") or {}).get("name") == "cpu"


def _cpu_target(metric: Object) -> int | None:
    if not _is_cpu(metric):
        return None
    return (metric["resource"].get("target") or {}).get("averageUtilization")


# From v2 to v1.


def decode(obj: Object) -> Object:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    metrics = spec.get("metrics") or []
    notes = {k: v for k, v in (obj["metadata"].get("annotations") or {}).items() if not k.startswith(PREFIX)}
    others = [_old_metric(metric, "target") for metric in metrics if _cpu_target(metric) is None]
    current = [_old_metric(metric, "current") for metric in status.get("currentMetrics") or []]
    for key, value in (
        (METRICS, others),
        (CURRENT, current),
        (BEHAVIOR, _spelled_behavior(spec.get("behavior"))),
        (CONDITIONS, [_condition(condition) for condition in status.get("conditions") or []]),
    ):
        if value:
            notes[key] = orjson.dumps(value).decode()
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    if notes:
        metadata["annotations"] = notes
    target = next((value for metric in metrics if (value := _cpu_target(metric)) is not None), None)
    return {
        **obj,
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": _drop_empty(
            {
                "scaleTargetRef": spec.get("scaleTargetRef"),
                "minReplicas": spec.get("minReplicas"),
                "maxReplicas": spec.get("maxReplicas", 0),
                "targetCPUUtilizationPercentage": target,
            }
        ),
        "status": _old_status(status),
    }


def _old_status(status: Object) -> Object:
    cpu = None
    for metric in status.get("currentMetrics") or []:
        if _is_cpu(metric):
            cpu = (metric["resource"].get("current") or {}).get("averageUtilization", cpu)
    return _drop_empty(
        {
            "observedGeneration": status.get("observedGeneration"),
            "lastScaleTime": status.get("lastScaleTime"),
            "currentReplicas": status.get("currentReplicas", 0),
            "desiredReplicas": status.get("desiredReplicas", 0),
            "currentCPUUtilizationPercentage": cpu,
        }
    )


def _condition(condition: Object) -> Object:
    return {
        "type": condition.get("type", ""),
        "status": condition.get("status", ""),
        "lastTransitionTime": condition.get("lastTransitionTime"),
        **{key: condition[key] for key in ("reason", "message", "observedGeneration") if key in condition},
    }


def _old_metric(metric: Object, side: str) -> Object:
    """One metric's target, or (`current`) its present value, in v1's flat fields."""
    kind = metric.get("type", "")
    key = SOURCES.get(kind, "")
    source = metric.get(key) or {}
    value = source.get(side) or {}
    name, selector = (source.get("metric") or {}).get("name"), (source.get("metric") or {}).get("selector")
    raw, average = value.get("value"), value.get("averageValue")
    if kind == "Object":
        given = {"target": source.get("describedObject"), "metricName": name}
        given[f"{side}Value" if side == "current" else "targetValue"] = raw if raw is not None else "0"
        old = {**given, "selector": selector, "averageValue": average}
    elif kind == "Pods":
        old = {"metricName": name, f"{side}AverageValue": average, "selector": selector}
    elif kind == "External":
        old = {"metricName": name, "metricSelector": selector, f"{side}Value": raw, f"{side}AverageValue": average}
    else:
        old = {
            "name": source.get("name"),
            f"{side}AverageUtilization": value.get("averageUtilization"),
            f"{side}AverageValue": average,
            "container": source.get("container"),
        }
    return {"type": kind, key: _drop_empty(old)} if key and key in metric else {"type": kind}


def _spelled_behavior(behavior: Object | None) -> Object | None:
    """Behavior is written by its internal names."""
    if behavior is None:
        return None
    return {"ScaleUp": _spelled_rules(behavior.get("scaleUp")), "ScaleDown": _spelled_rules(behavior.get("scaleDown"))}


def _spelled_rules(rules: Object | None) -> Object | None:
    if rules is None:
        return None
    return {
        "StabilizationWindowSeconds": rules.get("stabilizationWindowSeconds"),
        "SelectPolicy": rules.get("selectPolicy"),
        "Policies": [
            {"Type": p.get("type"), "Value": p.get("value"), "PeriodSeconds": p.get("periodSeconds")}
            for p in rules.get("policies") or []
        ],
        "Tolerance": rules.get("tolerance"),
    }


# From v1 to v2.


def encode(obj: Object) -> Object:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    given = obj["metadata"].get("annotations") or {}
    target = spec.get("targetCPUUtilizationPercentage")
    metrics = [_cpu("target", {"type": "Utilization", "averageUtilization": target})] if target is not None else []
    others = _read(given, METRICS)
    if isinstance(others, list):
        metrics = [_new_metric(metric, "target") for metric in others] + metrics
    cpu = status.get("currentCPUUtilizationPercentage")
    current = [_cpu("current", {"averageUtilization": cpu})] if cpu is not None else None
    noted = _read(given, CURRENT)
    if isinstance(noted, list):
        current = [_new_metric(metric, "current") for metric in noted]
    behavior, conditions = _read(given, BEHAVIOR), _read(given, CONDITIONS)
    notes = {key: value for key, value in given.items() if not key.startswith(PREFIX)}
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    if notes:
        metadata["annotations"] = notes
    kept = ("scaleTargetRef", "minReplicas", "maxReplicas")
    stored: Object = {key: value for key, value in spec.items() if key in kept}
    if metrics:
        stored["metrics"] = metrics
    if isinstance(behavior, dict) and any(behavior.values()):
        stored["behavior"] = _plain_behavior(behavior)
    kept = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
    shown = {key: value for key, value in status.items() if key in kept}
    if not shown.get("currentReplicas"):
        shown.pop("currentReplicas", None)
    shown.setdefault("desiredReplicas", 0)
    shown["currentMetrics"] = current
    if isinstance(conditions, list) and conditions:
        shown["conditions"] = conditions
    return {**obj, "apiVersion": "autoscaling/v2", "metadata": metadata, "spec": stored, "status": shown}


def _read(notes: dict[str, str], key: str) -> Any:
    """An annotation that does not parse is as good as none."""
    try:
        return orjson.loads(notes[key]) if key in notes else None
    except orjson.JSONDecodeError:
        return None


def _cpu(side: str, value: Object) -> Object:
    return {"type": "Resource", "resource": {"name": "cpu", side: value}}


def _new_metric(metric: Object, side: str) -> Object:
    kind = metric.get("type", "")
    key = SOURCES.get(kind, "")
    old = metric.get(key) or {}
    average, utilization = old.get(f"{side}AverageValue"), old.get(f"{side}AverageUtilization")
    raw = old.get(f"{side}Value")
    identifier = _drop_empty(
        {"name": old.get("metricName"), "selector": old.get("selector", old.get("metricSelector"))}
    )
    if kind == "Object":
        average = old.get("averageValue")
        named: Object = {"describedObject": old.get("target"), "metric": identifier}
        raw = raw if average is None else None
    elif kind in ("Pods", "External"):
        named = {"metric": identifier}
    else:
        named = {"name": old.get("name"), "container": old.get("container")}
    value = _drop_empty({"value": raw, "averageValue": average, "averageUtilization": utilization})
    if side == "target":
        words = {"averageUtilization": "Utilization", "value": "Value"}
        value = {"type": next((word for field, word in words.items() if field in value), "AverageValue"), **value}
    return {"type": kind, key: _drop_empty({**named, side: value})} if key else {"type": kind}


def _plain_behavior(behavior: Object) -> Object:
    def rules(given: Object) -> Object:
        policies = [
            {"type": p.get("Type"), "value": p.get("Value"), "periodSeconds": p.get("PeriodSeconds")}
            for p in given.get("Policies") or []
        ]
        return _drop_empty(
            {
                "stabilizationWindowSeconds": given.get("StabilizationWindowSeconds"),
                "selectPolicy": given.get("SelectPolicy"),
                "policies": policies or None,
                "tolerance": given.get("Tolerance"),
            }
        )

    keys = (("scaleUp", "ScaleUp"), ("scaleDown", "ScaleDown"))
    return {key: rules(behavior[name]) for key, name in keys if behavior.get(name)}
