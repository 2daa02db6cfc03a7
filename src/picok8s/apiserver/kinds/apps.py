"""apps: Deployment, ReplicaSet, StatefulSet, DaemonSet, ControllerRevision."""

from collections.abc import Callable
from typing import Any

from picok8s.api import names
from picok8s.api.errors import (
    FieldError,
    forbidden_field,
    invalid_value,
    required,
)
from picok8s.api.resource import Behaviour, Scale
from picok8s.apiserver.kinds import checks, pods

Object = dict[str, Any]
Errors = list[FieldError]

TEMPLATE = "spec.template"
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
HISTORY_WARNING = (
    "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
)
MORE_THAN_REPLICAS = "cannot be greater than status.replicas"


# Defaults.


def default_deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    pods.default_template(spec.setdefault("template", {}))


def default_replica_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    pods.default_template(spec.setdefault("template", {}))


def default_stateful_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    if "type" not in strategy:
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and "rollingUpdate" in strategy:
        strategy["rollingUpdate"].setdefault("partition", 0)
        strategy["rollingUpdate"].setdefault("maxUnavailable", 1)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    pods.default_template(spec.setdefault("template", {}))
    for claim in spec.get("volumeClaimTemplates") or []:
        claim.update(apiVersion="v1", kind="PersistentVolumeClaim")
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim.setdefault("status", {}).setdefault("phase", "Pending")


def default_daemon_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    pods.default_template(spec.setdefault("template", {}))


# What is the server's.


def prepare_deployment(new: Object, old: Object | None) -> None:
    checks.preparing({})(new, old)
    annotated = old is not None and new["metadata"].get("annotations") != old["metadata"].get("annotations")
    checks.next_generation(new, old, old is not None and (annotated or new["spec"] != old["spec"]))


def prepare_deployment_status(new: Object, old: Object) -> None:
    checks.keep(new, old, "spec")
    checks.keep(new["metadata"], old["metadata"], "labels")


def prepare_daemon_set(new: Object, old: Object | None) -> None:
    """The generation of the template lives on in an annotation, as the field itself is gone since apps/v1."""
    checks.preparing(
        {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0}, "spec"
    )(new, old)
    if old is None:
        count = max(1, _template_generation(new))
    else:
        changed = new["spec"]["template"] != old["spec"]["template"]
        count = _template_generation(old) + changed
    new["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = str(count)


def _template_generation(obj: Object) -> int:
    text = (obj["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "0")
    return int(text) if text.lstrip("-").isdigit() else 0


# Validation of the template and the selector that a workload has in common.


def _selector(spec: Object, kind: str) -> Errors:
    selector = spec.get("selector")
    if selector is None:
        return [required("spec.selector")]
    errors = checks.label_selector(selector, "spec.selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(
            invalid_value("spec.selector", checks.in_order(selector), f"empty selector is invalid for {kind}")
        )
    return errors


def _mismatch(spec: Object) -> Errors:
    labels = (spec["template"].get("metadata") or {}).get("labels")
    if checks.selected(spec.get("selector"), labels or {}):
        return []
    return [invalid_value(f"{TEMPLATE}.metadata.labels", checks.in_order(labels, True), checks.SELECTOR_MISMATCH)]


def _matches_all(selector: Object | None) -> bool:
    return selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions")


def _always_running(template: Object, kind: str) -> Errors:
    pod = template.get("spec") or {}
    errors: Errors = []
    if pod.get("restartPolicy") != "Always":
        errors.append(checks.unsupported(f"{TEMPLATE}.spec.restartPolicy", pod.get("restartPolicy", ""), ["Always"]))
    if "activeDeadlineSeconds" in pod:
        words = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.append(forbidden_field(f"{TEMPLATE}.spec.activeDeadlineSeconds", words))
    return errors


def _template(spec: Object, template: Object, kind: str, broken: str) -> Errors:
    """A template below a selector: they must match; of a selector that cannot be read only that is said."""
    if checks.label_selector(spec.get("selector"), ""):
        return [invalid_value("spec.selector", checks.in_order(spec["selector"]), broken)]
    errors = [] if _matches_all(spec.get("selector")) else _mismatch(spec)
    return [*errors, *pods.validate_template(template, TEMPLATE), *_always_running(spec["template"], kind)]


# Deployment and ReplicaSet.


def validate_deployment(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    errors = [
        *checks.not_negative(spec, "spec", "replicas"),
        *_selector(spec, "deployment"),
        *_template(spec, spec["template"], "ReplicaSet", "invalid label selector"),
        *_deployment_strategy(spec["strategy"]),
        *checks.not_negative(spec, "spec", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"),
    ]
    deadline = spec["progressDeadlineSeconds"]
    if deadline <= spec.get("minReadySeconds", 0):
        errors.append(invalid_value("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return errors + (checks.immutable(spec, old["spec"], "spec", "selector") if old else [])


ROLLING_DEPLOYMENT = (("MaxUnavailable", "maxUnavailable"), ("MaxSurge", "maxSurge"))


def _deployment_strategy(strategy: Object) -> Errors:
    path = "spec.strategy.rollingUpdate"
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "Recreate":
        if rolling is None:
            return []
        return [forbidden_field(path, "may not be specified when strategy `type` is 'Recreate'")]
    if strategy["type"] != "RollingUpdate":
        shown = checks.spelled(strategy, (("Type", "type"), ("RollingUpdate", ("rollingUpdate", ROLLING_DEPLOYMENT))))
        return [checks.unsupported("spec.strategy", shown, ["Recreate", "RollingUpdate"])]
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    errors = [
        *checks.int_or_percent(unavailable, f"{path}.maxUnavailable"),
        *checks.int_or_percent(surge, f"{path}.maxSurge"),
    ]
    if checks.amount(unavailable) == 0 and checks.amount(surge) == 0:
        errors.append(invalid_value(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    return errors + checks.at_most_100_percent(unavailable, f"{path}.maxUnavailable")


def validate_replica_set(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    errors = [
        *checks.not_negative(spec, "spec", "replicas", "minReadySeconds"),
        *_selector(spec, "deployment"),
        *_template(spec, spec["template"], "ReplicaSet", "invalid label selector"),
    ]
    return errors + (checks.immutable(spec, old["spec"], "spec", "selector") if old else [])


def _at_most(status: Object, limit: str, words: str, *keys: str) -> Errors:
    """Counts that may not exceed another count of the status."""
    return [
        invalid_value(f"status.{key}", status[key], words) for key in keys if status.get(key, 0) > status.get(limit, 0)
    ]


def _not_decremented(new: Object, old: Object) -> Errors:
    before, now = old.get("collisionCount"), new.get("collisionCount")
    if before is None or (now is not None and now >= before):
        return []
    return [invalid_value("status.collisionCount", now or 0, "cannot be decremented")]


def validate_deployment_status(new: Object, old: Object) -> Errors:
    status = new.get("status") or {}
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
    return [
        *checks.not_negative(status, "status", "observedGeneration", *counts, "terminatingReplicas", "collisionCount"),
        *_at_most(status, "replicas", MORE_THAN_REPLICAS, "updatedReplicas", "readyReplicas", "availableReplicas"),
        *_at_most(status, "readyReplicas", "cannot be greater than readyReplicas", "availableReplicas"),
        *_not_decremented(status, old.get("status") or {}),
    ]


def validate_replica_set_status(new: Object, old: Object) -> Errors:
    status = new.get("status") or {}
    counts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    return [
        *checks.not_negative(status, "status", "replicas", *counts, "observedGeneration", "terminatingReplicas"),
        *_at_most(status, "replicas", MORE_THAN_REPLICAS, *counts),
        *_at_most(status, "readyReplicas", "cannot be greater than readyReplicas", "availableReplicas"),
    ]


# StatefulSet.


def validate_stateful_set(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    errors = [
        *_management(spec["podManagementPolicy"]),
        *_stateful_strategy(spec["updateStrategy"]),
        *_retention(spec["persistentVolumeClaimRetentionPolicy"]),
    ]
    errors += checks.not_negative(spec, "spec", "replicas", "minReadySeconds")
    errors += checks.not_negative(spec.get("ordinals") or {}, "spec.ordinals", "start")
    if spec.get("serviceName") and (old is None or old["spec"].get("serviceName") == spec["serviceName"]):
        errors += checks.label(spec["serviceName"], "spec.serviceName") if old is None else []
    errors += _selector(spec, "statefulset")
    errors += _stateful_template(spec, old)
    fixed = ("selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy")
    return errors + (checks.immutable(spec, old["spec"], "spec", *fixed) if old else [])


def _management(policy: str) -> Errors:
    if policy in ("OrderedReady", "Parallel"):
        return []
    return [invalid_value("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")]


ROLLING_STATEFUL = (("Partition", "partition"), ("MaxUnavailable", "maxUnavailable"))


def _stateful_strategy(strategy: Object) -> Errors:
    path = "spec.updateStrategy.rollingUpdate"
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "OnDelete":
        if rolling is None:
            return []
        shown = checks.spelled({"partition": 0, **rolling}, ROLLING_STATEFUL)
        return [invalid_value(path, shown, "only allowed for updateStrategy 'RollingUpdate'")]
    if strategy["type"] != "RollingUpdate":
        shown = checks.spelled(strategy, (("Type", "type"), ("RollingUpdate", ("rollingUpdate", ROLLING_STATEFUL))))
        return [invalid_value("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'")]
    errors = checks.not_negative(rolling or {}, path, "partition")
    if rolling and "maxUnavailable" in rolling:
        unavailable = rolling["maxUnavailable"]
        errors += checks.int_or_percent(unavailable, f"{path}.maxUnavailable")
        if checks.amount(unavailable) == 0:
            errors.append(invalid_value(f"{path}.maxUnavailable", unavailable, "cannot be 0"))
        errors += checks.at_most_100_percent(unavailable, f"{path}.maxUnavailable")
    return errors


def _retention(policy: Object) -> Errors:
    return [
        checks.unsupported(f"spec.persistentVolumeClaimRetentionPolicy.{key}", policy[key], ("Retain", "Delete"), True)
        for key in ("whenDeleted", "whenScaled")
        if policy[key] not in ("Retain", "Delete")
    ]


def _stateful_template(spec: Object, old: Object | None) -> Errors:
    """The template as its pods will be: with a volume for each claim, without a host name or subdomain of its own."""
    if checks.label_selector(spec.get("selector"), ""):
        return [
            invalid_value("spec.selector", checks.in_order(spec["selector"])),
            *_always_running(spec["template"], "StatefulSet"),
        ]
    errors = [] if _matches_all(spec.get("selector")) else _mismatch(spec)
    if old is None or not pods.validate_template(_with_claims(old["spec"]), TEMPLATE):
        errors += pods.validate_template(_with_claims(spec), TEMPLATE)
    return errors + _always_running(spec["template"], "StatefulSet")


def _with_claims(spec: Object) -> Object:
    template = spec["template"]
    given = {
        claim["metadata"]["name"]: {
            "name": claim["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]},
        }
        for claim in spec.get("volumeClaimTemplates") or []
        if (claim.get("metadata") or {}).get("name")
    }
    pod = {key: value for key, value in (template.get("spec") or {}).items() if key not in ("hostname", "subdomain")}
    volumes = [*given.values(), *(v for v in pod.get("volumes") or [] if v.get("name") not in given)]
    return {**template, "spec": {**pod, "volumes": volumes} if volumes else pod}


def validate_stateful_set_status(new: Object, old: Object) -> Errors:
    status = new.get("status") or {}
    counts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    return [
        *checks.not_negative(status, "status", "replicas", *counts, "observedGeneration", "collisionCount"),
        *_at_most(status, "replicas", MORE_THAN_REPLICAS, *counts),
        *_at_most(status, "readyReplicas", "cannot be greater than status.readyReplicas", "availableReplicas"),
        *_not_decremented(status, old.get("status") or {}),
    ]


def stateful_set_name(name: str) -> list[str]:
    """A pod's host name is made of it."""
    return names.dns_label(name)


# DaemonSet.


def validate_daemon_set(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    errors = checks.immutable(spec, old["spec"], "spec", "selector") if old else []
    broken = checks.label_selector(spec.get("selector"), "spec.selector")
    errors += broken
    if not broken:
        errors += _mismatch(spec)
    if _matches_all(spec.get("selector")):
        errors.append(
            invalid_value("spec.selector", checks.in_order(spec["selector"]), "empty selector is invalid for daemonset")
        )
    errors += pods.validate_template(spec["template"], TEMPLATE)
    errors += _always_running(spec["template"], "DaemonSet")
    errors += checks.not_negative(spec, "spec", "minReadySeconds")
    errors += _daemon_strategy(spec["updateStrategy"])
    errors += checks.not_negative(spec, "spec", "revisionHistoryLimit")
    return errors if spec.get("selector") is not None else [*errors, required("spec.selector")]


def _daemon_strategy(strategy: Object) -> Errors:
    path = "spec.updateStrategy.rollingUpdate"
    if strategy["type"] == "OnDelete":
        return []
    if strategy["type"] != "RollingUpdate":
        shown = checks.spelled(strategy, (("Type", "type"), ("RollingUpdate", ("rollingUpdate", ROLLING_DEPLOYMENT))))
        return [checks.unsupported("spec.updateStrategy", shown, ["RollingUpdate", "OnDelete"], as_listed=True)]
    rolling = strategy["rollingUpdate"]
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    errors = [
        *checks.int_or_percent(unavailable, f"{path}.maxUnavailable"),
        *checks.int_or_percent(surge, f"{path}.maxSurge"),
        *checks.at_most_100_percent(unavailable, f"{path}.maxUnavailable"),
        *checks.at_most_100_percent(surge, f"{path}.maxSurge"),
    ]
    if checks.amount(unavailable) and checks.amount(surge):
        errors.append(invalid_value(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
    if not checks.amount(unavailable) and not checks.amount(surge):
        errors.append(required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return errors


DAEMON_COUNTS = (
    *("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration"),
    *("updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount"),
)


def validate_daemon_set_status(new: Object, old: Object) -> Errors:
    status = new.get("status") or {}
    errors = checks.not_negative(status, "status", *DAEMON_COUNTS)
    return errors + _not_decremented(status, old.get("status") or {})


# ControllerRevision.


def validate_revision(new: Object, old: Object | None) -> Errors:
    errors = checks.not_negative(new, "", "revision")
    if old is not None:
        return errors + checks.immutable(new, old, "", "data")
    data = new.get("data")
    if data is None:
        errors.append(required("data", "data is mandatory"))
    elif not isinstance(data, dict):
        errors.append(required("data", "data must be a valid JSON object"))
    return errors


# Warnings.


def _template_warnings(new: Object, old: Object | None) -> list[str]:
    """Of a new template, or of one whose workload changed."""
    if old is not None and new["metadata"].get("generation") == old["metadata"].get("generation"):
        return []
    return pods.template_warnings(new["spec"]["template"], TEMPLATE)


def name_warnings(new: Object) -> list[str]:
    """For kinds whose name becomes part of host names."""
    texts = names.dns_label(new["metadata"].get("name", ""))
    if not texts:
        return []
    told = (
        "this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended"
    )
    return [f"metadata.name: {told}: [{' '.join(texts)}]"]


def deployment_warnings(new: Object, old: Object | None) -> list[str]:
    return [*([] if old else name_warnings(new)), *_template_warnings(new, old)]


def stateful_set_warnings(new: Object, old: Object | None) -> list[str]:
    negative = new["spec"]["revisionHistoryLimit"] < 0
    return [*_template_warnings(new, old), *([HISTORY_WARNING] if negative else [])]


def daemon_set_warnings(new: Object, old: Object | None) -> list[str]:
    if old is not None and _template_generation(new) == _template_generation(old):
        return []
    return pods.template_warnings(new["spec"]["template"], TEMPLATE)


Hook = Callable[[Object, Object | None], Any]

BEHAVIOURS = {
    "deployments.apps": Behaviour(
        default=default_deployment,
        prepare=prepare_deployment,
        validate=validate_deployment,
        warnings=deployment_warnings,
        prepare_status=prepare_deployment_status,
        validate_status=validate_deployment_status,
        scale=Scale(),
    ),
    "replicasets.apps": Behaviour(
        default=default_replica_set,
        prepare=checks.preparing({"replicas": 0}, "spec"),
        validate=validate_replica_set,
        warnings=deployment_warnings,
        prepare_status=checks.status_only(),
        validate_status=validate_replica_set_status,
        scale=Scale(),
    ),
    "statefulsets.apps": Behaviour(
        default=default_stateful_set,
        prepare=checks.preparing({"replicas": 0, "availableReplicas": 0}, "spec"),
        validate=validate_stateful_set,
        warnings=stateful_set_warnings,
        prepare_status=checks.status_only(),
        validate_status=validate_stateful_set_status,
        name=stateful_set_name,
        scale=Scale(),
    ),
    "daemonsets.apps": Behaviour(
        default=default_daemon_set,
        prepare=prepare_daemon_set,
        validate=validate_daemon_set,
        warnings=daemon_set_warnings,
        prepare_status=checks.status_only(),
        validate_status=validate_daemon_set_status,
    ),
    "controllerrevisions.apps": Behaviour(validate=validate_revision),
}
