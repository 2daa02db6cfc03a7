"""autoscaling: HorizontalPodAutoscaler. Stored as v2; how v1 shows it is in autoscaling_v1.py."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import autoscaling_v1, checks

Object = dict[str, Any]
Errors = list[FieldError]

WINDOW_MAX = 3600
PERIOD_MAX = 1800
# In the order in which Kubernetes looks for them: the source of a type, and what its target must say.
SOURCES = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
EMPTY_STATUS = {"desiredReplicas": 0, "currentMetrics": None}
CPU_METRIC = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
SCALE_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
SCALE_DOWN = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
RAW_OR_UTILIZATION = "must set either a target raw value or a target utilization"
BOTH_RAW_AND_UTILIZATION = "may not set both a target raw value and a target utilization"


def default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [deepcopy(CPU_METRIC)]
    behavior = spec.get("behavior")
    if behavior is not None:
        for key, rules in (("scaleUp", SCALE_UP), ("scaleDown", SCALE_DOWN)):
            behavior[key] = deepcopy(rules) | (behavior.get(key) or {})


def validate(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    least, most = spec["minReplicas"], spec.get("maxReplicas", 0)
    errors: Errors = []
    if most < least:
        errors.append(invalid_value("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    target = spec.get("scaleTargetRef") or {}
    before = (old["spec"].get("scaleTargetRef") or {}) if old else None
    same = before is not None and all(before.get(k) == target.get(k) for k in ("apiVersion", "kind"))
    core = target.get("kind") == "ReplicationController"
    errors += _reference(target, "spec.scaleTargetRef", core, not same)
    errors += _metrics(spec["metrics"], least)
    behavior = spec.get("behavior") or {}
    for key in ("scaleUp", "scaleDown"):
        if key in behavior:
            errors += _rules(behavior[key], f"spec.behavior.{key}")
    errors += checks.not_negative(spec, "spec", "minReplicas")
    if most == 0:
        errors.append(required("spec.maxReplicas"))
    elif most < 0:
        errors.append(invalid_value("spec.maxReplicas", most, "must be greater than or equal to 1"))
    return errors


def _reference(target: Object, path: str, core_allowed: bool, checked: bool) -> Errors:
    errors = [
        error
        for key in ("kind", "name")
        for error in checks.needed(target.get(key), f"{path}.{key}", checks.path_segment)
    ]
    version = target.get("apiVersion", "")
    if checked and version.count("/") > 1:
        words = f"unexpected GroupVersion string: {version}"
        errors.append(invalid_value(f"{path}.apiVersion", version, words))
    elif checked and not core_allowed and not version.rpartition("/")[0]:
        errors.append(invalid_value(f"{path}.apiVersion", version, "apiVersion must specify API group"))
    return errors


def _metrics(metrics: list[Object], least: int) -> Errors:
    errors: Errors = []
    for index, metric in enumerate(metrics):
        errors += _metric(metric, f"spec.metrics[{index}]")
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        words = "must specify at least one Object or External metric to support scaling to zero replicas"
        errors.append(forbidden_field("spec.metrics", words))
    return errors


def _metric(metric: Object, path: str) -> Errors:
    kind = metric.get("type", "")
    errors = [] if kind else [required(f"{path}.type", "must specify a metric source type")]
    if kind not in SOURCES:
        errors.append(checks.unsupported(f"{path}.type", kind, SOURCES))
    present = [key for key in SOURCES.values() if key in metric]
    for key in present[:1]:
        errors += CHECKS[key](metric[key], f"{path}.{key}")
    expected = SOURCES.get(kind)
    if expected and expected not in metric:
        errors.append(required(f"{path}.{expected}", "must populate information for the given metric source"))
    if len(present) != 1:
        errors += [
            forbidden_field(f"{path}.{key}", "must populate the given metric source only")
            for key in present
            if key != expected
        ]
    return errors


def _identifier(source: Object, path: str) -> Errors:
    name = (source.get("metric") or {}).get("name", "")
    if not name:
        return [required(f"{path}.metric.name", "must specify a metric name")]
    return checks.path_segment(name, f"{path}.metric.name")


def _target(source: Object, path: str) -> Errors:
    target, at = source.get("target") or {}, f"{path}.target"
    kind = target.get("type", "")
    errors = [] if kind else [required(f"{at}.type", "must specify a metric target type")]
    if kind not in ("Utilization", "Value", "AverageValue"):
        errors.append(invalid_value(f"{at}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for key in ("value", "averageValue"):
        amount = target.get(key)
        if amount is not None and (str(amount).startswith("-") or str(amount) == "0"):
            errors.append(invalid_value(f"{at}.{key}", amount, "must be positive"))
    if target.get("averageUtilization", 1) < 1:
        errors.append(invalid_value(f"{at}.averageUtilization", target["averageUtilization"], "must be greater than 0"))
    return errors


def _object_source(source: Object, path: str) -> Errors:
    target = source.get("target") or {}
    errors = _reference(source.get("describedObject") or {}, f"{path}.describedObject", True, True)
    errors += [*_identifier(source, path), *_target(source, path)]
    if "value" not in target and "averageValue" not in target:
        errors.append(required(f"{path}.target.averageValue", "must set either a target value or averageValue"))
    return errors


def _external_source(source: Object, path: str) -> Errors:
    target = source.get("target") or {}
    errors = [*_identifier(source, path), *_target(source, path)]
    given = [key for key in ("value", "averageValue") if key in target]
    if not given:
        words = "must set either a target value for metric or a per-pod target"
        errors.append(required(f"{path}.target.averageValue", words))
    if len(given) == 2:
        words = "may not set both a target value for metric and a per-pod target"
        errors.append(forbidden_field(f"{path}.target.value", words))
    return errors


def _pods_source(source: Object, path: str) -> Errors:
    errors = [*_identifier(source, path), *_target(source, path)]
    if "averageValue" not in (source.get("target") or {}):
        errors.append(required(f"{path}.target.averageValue", "must specify a positive target averageValue"))
    return errors


def _resource_source(source: Object, path: str) -> Errors:
    errors = [] if source.get("name") else [required(f"{path}.name", "must specify a resource name")]
    return errors + _raw_or_utilization(source, path)


def _raw_or_utilization(source: Object, path: str) -> Errors:
    target = source.get("target") or {}
    errors = _target(source, path)
    given = [key for key in ("averageUtilization", "averageValue") if key in target]
    if not given:
        errors.append(required(f"{path}.target.averageUtilization", RAW_OR_UTILIZATION))
    if len(given) == 2:
        errors.append(forbidden_field(f"{path}.target.averageValue", BOTH_RAW_AND_UTILIZATION))
    return errors


def _container_source(source: Object, path: str) -> Errors:
    name, container = source.get("name", ""), source.get("container", "")
    errors = (
        checks.qualified(name, f"{path}.name") if name else [required(f"{path}.name", "must specify a resource name")]
    )
    if not container:
        errors.append(required(f"{path}.container", "must specify a container"))
    else:
        errors += checks.label(container, f"{path}.container")
    return errors + _raw_or_utilization(source, path)


CHECKS = {
    "object": _object_source,
    "external": _external_source,
    "pods": _pods_source,
    "resource": _resource_source,
    "containerResource": _container_source,
}


def _rules(rules: Object, path: str) -> Errors:
    errors: Errors = []
    window, choice = rules.get("stabilizationWindowSeconds", 0), rules.get("selectPolicy")
    if window < 0:
        words = "must be greater than or equal to zero"
        errors.append(invalid_value(f"{path}.stabilizationWindowSeconds", window, words))
    if window > WINDOW_MAX:
        words = f"must be less than or equal to {WINDOW_MAX}"
        errors.append(invalid_value(f"{path}.stabilizationWindowSeconds", window, words))
    if choice is not None and choice not in ("Max", "Min", "Disabled"):
        errors.append(checks.unsupported(f"{path}.selectPolicy", choice, ("Max", "Min", "Disabled")))
    if not rules.get("policies"):
        errors.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(rules.get("policies") or []):
        errors += _policy(policy, f"{path}.policies[{index}]")
    if str(rules.get("tolerance", "")).startswith("-"):
        errors.append(invalid_value(f"{path}.tolerance", rules["tolerance"], checks.NOT_NEGATIVE))
    return errors


def _policy(policy: Object, path: str) -> Errors:
    kind, period = policy.get("type", ""), policy.get("periodSeconds", 0)
    errors = [] if kind in ("Pods", "Percent") else [checks.unsupported(f"{path}.type", kind, ("Pods", "Percent"))]
    for key in ("value", "periodSeconds"):
        if policy.get(key, 0) <= 0:
            errors.append(invalid_value(f"{path}.{key}", policy.get(key, 0), "must be greater than zero"))
    if period > PERIOD_MAX:
        errors.append(invalid_value(f"{path}.periodSeconds", period, f"must be less than or equal to {PERIOD_MAX}"))
    return errors


def validate_status(new: Object, old: Object) -> Errors:
    status = new.get("status") or {}
    errors: Errors = []
    for index, condition in enumerate(status.get("conditions") or []):
        errors += checks.not_negative(condition, f"status.conditions[{index}]", "observedGeneration")
    return errors + checks.not_negative(status, "status", "currentReplicas", "desiredReplicas")


AUTOSCALER = Behaviour(
    default=default,
    prepare=checks.preparing(EMPTY_STATUS, "spec"),
    validate=validate,
    prepare_status=checks.status_only(),
    validate_status=validate_status,
)


def _as_v2(hook: Callable[[Object, Object | None], Any]) -> Callable[[Object, Object | None], Any]:
    """A hook of v2 for v1 objects: what it changes is changed back into v1's form."""

    def run(new: Object, old: Object | None = None) -> Any:
        stored = autoscaling_v1.encode(deepcopy(new))
        result = hook(stored, autoscaling_v1.encode(old)) if old is not None else hook(stored, None)
        changed = autoscaling_v1.decode(stored)
        new.clear()
        new.update(changed)
        return result

    return run


BEHAVIOURS = {
    "horizontalpodautoscalers.autoscaling": AUTOSCALER,
    "horizontalpodautoscalers.autoscaling/v1": Behaviour(
        default=_as_v2(lambda new, old: default(new)),
        prepare=_as_v2(AUTOSCALER.prepare),
        validate=_as_v2(validate),
        prepare_status=_as_v2(checks.status_only()),
        validate_status=_as_v2(validate_status),
        encode=autoscaling_v1.encode,
        decode=autoscaling_v1.decode,
    ),
}
