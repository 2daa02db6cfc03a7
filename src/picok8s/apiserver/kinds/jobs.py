"""batch: Job. Its spec's rules are here (a CronJob's template obeys them too), its status's in job_status.py."""

from typing import Any

from picok8s.api import names, selectors
from picok8s.api.errors import (
    FieldError,
    duplicate,
    invalid_value,
    invalid_whole,
    required,
    too_long,
    too_many,
)
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import apps, checks, job_status, pods

Object = dict[str, Any]
Errors = list[FieldError]

UNLIMITED = 2**31 - 1
RULES_MAX = 20
EXIT_CODES_MAX = 255
CONDITIONS_MAX = 20
MANAGED_BY_MAX = 63
INDEXES_BYTES_MAX = 64 * 1024
INDEXED_PARALLELISM_MAX = 100_000
INDEXED_FAILURES_MAX = 100_000
MANY_COMPLETIONS = 100_000
MANY_COMPLETIONS_PARALLELISM_MAX = 10_000
MANY_COMPLETIONS_FAILURES_MAX = 10_000

NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")
UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
STATUSES = ("False", "True", "Unknown")
INDEXED_ONLY = "requires indexed completion mode"
MANY_INDEXES_WARNING = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
    "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
)


def default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", UNLIMITED if "backoffLimitPerIndex" in spec else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)
    pods.default_template(spec.setdefault("template", {}))
    default_failure_policy(spec)
    _take_labels(obj)


def default_failure_policy(spec: Object) -> None:
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or []:
        for pattern in rule.get("onPodConditions") or []:
            pattern["status"] = pattern.get("status") or "True"


def _take_labels(obj: Object) -> None:
    """A Job without labels has those of its template, unless they are no labels, which is for the template to tell."""
    labels = (obj["spec"]["template"].get("metadata") or {}).get("labels")
    if labels and not obj["metadata"].get("labels") and not selectors.validate_labels(labels, ""):
        obj["metadata"]["labels"] = dict(labels)


def prepare(new: Object, old: Object | None) -> None:
    checks.preparing({}, "spec")(new, old)
    if old is None and not new["spec"]["manualSelector"]:
        _generate_selector(new)
    _take_labels(new)


def _generate_selector(job: Object) -> None:
    """Pods are told apart by the Job's UID."""
    name, uid = job["metadata"].get("name", ""), job["metadata"].get("uid", "")
    metadata = job["spec"]["template"].setdefault("metadata", {})
    labels = metadata.setdefault("labels", {})
    for keys, value in ((NAME_LABELS, name), (UID_LABELS, uid)):
        for key in keys:
            labels.setdefault(key, value)
    selector = job["spec"].setdefault("selector", {})
    selector.setdefault("matchLabels", {}).setdefault(UID_LABELS[1], uid)


# The whole object.


def validate(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    errors = [] if old else _generated(new)
    errors += validate_spec(spec, "spec")
    errors += _selector(spec)
    if old is not None:
        errors += _update(spec, old)
    # Two labels of one value are told once.
    return list(dict.fromkeys(errors + _hostnames(new)))


def _generated(job: Object) -> Errors:
    """The labels that name and UID give, unless the author manages the selector."""
    spec = job["spec"]
    if spec["manualSelector"] or spec.get("selector") is None:
        return []
    path = "spec.template.metadata.labels"
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    name, uid = job["metadata"].get("name", ""), job["metadata"].get("uid", "")
    expected = {UID_LABELS[0]: uid, NAME_LABELS[0]: name, UID_LABELS[1]: uid, NAME_LABELS[1]: name}
    errors = [] if uid else [required("metadata.uid")]
    for key, value in expected.items():
        if key not in labels:
            errors.append(required(f"{path}[{key}]", f"must be '{value}'"))
        elif labels[key] != value:
            errors.append(invalid_value(f"{path}[{key}]", labels[key], f"must be '{value}'"))
    if not checks.label_selector(spec["selector"], "") and not checks.selected(spec["selector"], expected):
        errors.append(invalid_value("spec.selector", spec["selector"], "`selector` not auto-generated"))
    return errors


def _selector(spec: Object) -> Errors:
    selector = spec.get("selector")
    if selector is None:
        errors = [required("spec.selector")]
    else:
        errors = checks.label_selector(selector, "spec.selector")
    labels = (spec["template"].get("metadata") or {}).get("labels")
    if (selector is None or not errors) and not checks.selected(selector, labels or {}):
        errors.append(
            invalid_value("spec.template.metadata.labels", checks.in_order(labels, True), checks.SELECTOR_MISMATCH)
        )
    return errors


def _hostnames(job: Object) -> Errors:
    """The pod of the last index must have a host name."""
    spec, name = job["spec"], job["metadata"].get("name", "")
    if spec["completionMode"] != "Indexed" or spec.get("completions", 0) <= 0:
        return []
    last = f"{name}-{spec['completions'] - 1}"
    if not names.dns_label(last):
        return []
    return [invalid_value("metadata.name", name, f"will not able to create pod with invalid DNS label: {last}")]


# The spec.


def validate_spec(spec: Object, path: str) -> Errors:
    numbers = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
    errors = checks.not_negative(spec, path, *numbers, "backoffLimitPerIndex", "maxFailedIndexes")
    if "managedBy" in spec:
        errors += checks.domain_path(spec["managedBy"], f"{path}.managedBy")
        if len(spec["managedBy"]) > MANAGED_BY_MAX:
            errors.append(too_long(f"{path}.managedBy", MANAGED_BY_MAX))
    errors += _mode(spec, path)
    if "podFailurePolicy" in spec:
        errors += _failure_policy(spec, f"{path}.podFailurePolicy")
    if "successPolicy" in spec:
        errors += _success_policy(spec, f"{path}.successPolicy")
    errors += _replacement(spec, f"{path}.podReplacementPolicy")
    errors += pods.validate_template(spec.get("template") or {}, f"{path}.template")
    errors += _restart(spec, f"{path}.template.spec.restartPolicy")
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        # Told where the number itself is not already wrong for the mode.
        errors.insert(
            _after_numbers(errors, path), required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
        )
    return errors


def _after_numbers(errors: Errors, path: str) -> int:
    return next((i for i, e in enumerate(errors) if checks.NOT_NEGATIVE not in e.body), len(errors))


def _mode(spec: Object, path: str) -> Errors:
    mode = spec.get("completionMode", "NonIndexed")
    errors: Errors = []
    if mode not in ("NonIndexed", "Indexed"):
        errors.append(checks.unsupported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed"), as_listed=True))
    if mode == "Indexed":
        errors += _indexed(spec, path)
    if mode == "NonIndexed":
        for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if key in spec:
                errors.append(invalid_value(f"{path}.{key}", spec[key], INDEXED_ONLY))
    return errors


def _indexed(spec: Object, path: str) -> Errors:
    completions, parallelism = spec.get("completions"), spec.get("parallelism", 0)
    failures = spec.get("maxFailedIndexes")
    errors: Errors = []
    if completions is None:
        errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
    if parallelism > INDEXED_PARALLELISM_MAX:
        words = f"must be less than or equal to {INDEXED_PARALLELISM_MAX} when completion mode is Indexed"
        errors.append(invalid_value(f"{path}.parallelism", parallelism, words))
    if failures is not None and completions is not None and failures > completions:
        errors.append(invalid_value(f"{path}.maxFailedIndexes", failures, "must be less than or equal to completions"))
    if failures is not None and failures > INDEXED_FAILURES_MAX:
        words = f"must be less than or equal to {INDEXED_FAILURES_MAX}"
        errors.append(invalid_value(f"{path}.maxFailedIndexes", failures, words))
    if (completions or 0) <= MANY_COMPLETIONS or "backoffLimitPerIndex" not in spec:
        return errors
    if failures is None:
        words = f"must be specified when completions is above {MANY_COMPLETIONS}"
        errors.append(required(f"{path}.maxFailedIndexes", words))
    many = f"when completions are above {MANY_COMPLETIONS} and used with backoff limit per index"
    if parallelism > MANY_COMPLETIONS_PARALLELISM_MAX:
        words = f"must be less than or equal to {MANY_COMPLETIONS_PARALLELISM_MAX} {many}"
        errors.append(invalid_value(f"{path}.parallelism", parallelism, words))
    if (failures or 0) > MANY_COMPLETIONS_FAILURES_MAX:
        words = f"must be less than or equal to {MANY_COMPLETIONS_FAILURES_MAX} {many}"
        errors.append(invalid_value(f"{path}.maxFailedIndexes", failures, words))
    return errors


def _replacement(spec: Object, path: str) -> Errors:
    policy = spec.get("podReplacementPolicy")
    allowed = ("Failed",) if "podFailurePolicy" in spec else ("Failed", "TerminatingOrFailed")
    return [] if policy is None or policy in allowed else [checks.unsupported(path, policy, allowed)]


def _restart(spec: Object, path: str) -> Errors:
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy", "")
    if policy in ("", "Always"):
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [checks.unsupported(path, policy, ("OnFailure", "Never"), as_listed=True)]
    if "podFailurePolicy" in spec and policy != "Never":
        return [invalid_value(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


# Failure and success policies.


def _failure_policy(spec: Object, path: str) -> Errors:
    rules = spec["podFailurePolicy"].get("rules") or []
    pod = (spec.get("template") or {}).get("spec") or {}
    containers = {c.get("name") for key in ("containers", "initContainers") for c in pod.get(key) or []}
    errors = [too_many(f"{path}.rules", len(rules), RULES_MAX)] if len(rules) > RULES_MAX else []
    for index, rule in enumerate(rules):
        errors += _failure_rule(rule, f"{path}.rules[{index}]", containers, "backoffLimitPerIndex" in spec)
    return errors


def _listed(words: tuple[str, ...]) -> str:
    return "valid values: [" + " ".join(f'"{word}"' for word in words) + "]"


def _failure_rule(rule: Object, path: str, containers: set[Any], per_index: bool) -> Errors:
    action = rule.get("action", "")
    errors: Errors = []
    if not action:
        errors.append(required(f"{path}.action", _listed(ACTIONS)))
    elif action == "FailIndex" and not per_index:
        errors.append(invalid_value(f"{path}.action", action, "requires the backoffLimitPerIndex to be set"))
    elif action not in ACTIONS:
        errors.append(checks.unsupported(f"{path}.action", action, ACTIONS))
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or []
    if codes is not None:
        errors += _exit_codes(codes, f"{path}.onExitCodes", containers)
    if len(conditions) > CONDITIONS_MAX:
        errors.append(too_many(f"{path}.onPodConditions", len(conditions), CONDITIONS_MAX))
    for index, pattern in enumerate(conditions):
        errors += _condition_pattern(pattern, f"{path}.onPodConditions[{index}]")
    if codes is not None and conditions:
        errors.append(invalid_whole(path, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if codes is None and not conditions:
        errors.append(invalid_whole(path, "specifying one of OnExitCodes and OnPodConditions is required"))
    return errors


def _condition_pattern(pattern: Object, path: str) -> Errors:
    errors = checks.qualified(pattern.get("type", ""), f"{path}.type")
    status = pattern.get("status", "")
    if not status:
        errors.append(required(f"{path}.status", _listed(STATUSES)))
    elif status not in STATUSES:
        errors.append(checks.unsupported(f"{path}.status", status, STATUSES))
    return errors


def _exit_codes(codes: Object, path: str, containers: set[Any]) -> Errors:
    operator, values = codes.get("operator", ""), codes.get("values") or []
    errors: Errors = []
    if not operator:
        errors.append(required(f"{path}.operator", _listed(("In", "NotIn"))))
    elif operator not in ("In", "NotIn"):
        errors.append(checks.unsupported(f"{path}.operator", operator, ("In", "NotIn")))
    if "containerName" in codes and codes["containerName"] not in containers:
        words = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid_value(f"{path}.containerName", codes["containerName"], words))
    if not values:
        errors.append(invalid_value(f"{path}.values", values, "at least one value is required"))
    elif len(values) > EXIT_CODES_MAX:
        errors.append(too_many(f"{path}.values", len(values), EXIT_CODES_MAX))
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            errors.append(invalid_value(f"{path}.values[{index}]", value, "must not be 0 for the In operator"))
        if value in values[:index]:
            errors.append(duplicate(f"{path}.values[{index}]", value))
    if values != sorted(values):
        errors.append(invalid_value(f"{path}.values", values, "must be ordered"))
    return errors


def _success_policy(spec: Object, path: str) -> Errors:
    rules = spec["successPolicy"].get("rules") or []
    if spec.get("completionMode", "NonIndexed") != "Indexed":
        table = (("SucceededIndexes", "succeededIndexes"), ("SucceededCount", "succeededCount"))
        shown = {"Rules": [checks.spelled(rule, table) for rule in rules] or None}
        return [invalid_value(path, shown, INDEXED_ONLY)]
    errors: Errors = []
    if not rules:
        words = "at least one rules must be specified when the successPolicy is specified"
        errors.append(required(f"{path}.rules", words))
    if len(rules) > RULES_MAX:
        errors.append(too_many(f"{path}.rules", len(rules), RULES_MAX))
    for index, rule in enumerate(rules):
        errors += _success_rule(rule, f"{path}.rules[{index}]", spec.get("completions", 0))
    return errors


def _success_rule(rule: Object, path: str, completions: int) -> Errors:
    indexes, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    if indexes is None and count is None:
        return [required(path, "at least one of succeededCount or succeededIndexes must be specified")]
    errors: Errors = []
    total = 0
    if indexes is not None:
        if len(indexes) > INDEXES_BYTES_MAX:
            errors.append(too_long(f"{path}.succeededIndexes", INDEXES_BYTES_MAX))
        try:
            total = sum(high - low + 1 for low, high in job_status.intervals(indexes, completions))
        except ValueError as error:
            words = f"error parsing succeededIndexes: {error}"
            errors.append(invalid_value(f"{path}.succeededIndexes", indexes, words))
    if count is not None:
        errors += checks.not_negative(rule, path, "succeededCount")
        most = "must be less than or equal to"
        if count > completions:
            words = f"{most} {completions} (the number of specified completions)"
            errors.append(invalid_value(f"{path}.succeededCount", count, words))
        if indexes is not None and count > total:
            words = f"{most} {total} (the number of indexes in the specified succeededIndexes field)"
            errors.append(invalid_value(f"{path}.succeededCount", count, words))
    return errors


# What may change.


def _update(spec: Object, old: Object) -> Errors:
    before = old["spec"]
    errors = _completions(spec, before)
    errors += checks.immutable(spec, before, "spec", "selector")
    errors += _template_update(spec, old)
    fixed = ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")
    return errors + checks.immutable(spec, before, "spec", *fixed)


def _completions(spec: Object, before: Object) -> Errors:
    """Completions of an indexed Job move together with its parallelism; others are fixed."""
    if spec["completionMode"] != "Indexed":
        return checks.immutable(spec, before, "spec", "completions")
    completions = spec.get("completions")
    if completions == before.get("completions") or completions is None or completions == spec["parallelism"]:
        return []
    return [invalid_value("spec.completions", completions, "can only be modified in tandem with spec.parallelism")]


def _template_update(spec: Object, old: Object) -> Errors:
    """A suspended Job that runs nothing may still be moved: its scheduling and its resources; nothing else."""
    template, before = spec["template"], old["spec"]["template"]
    status = old.get("status") or {}
    suspended = bool(old["spec"].get("suspend"))
    idle = "startTime" not in status or job_status.is_true(status, "Suspended")
    if not suspended or not idle or status.get("active", 0):
        return checks.immutable(spec, old["spec"], "spec", "template")
    allowed = _with_resources(_with_scheduling(before.get("spec") or {}, template.get("spec") or {}), template)
    if allowed == (template.get("spec") or {}):
        return []
    return [invalid_value("spec.template.spec", template.get("spec"), checks.IMMUTABLE)]


def _with_scheduling(before: Object, now: Object) -> Object:
    """The old pod spec with the new one's scheduling directives."""
    keys = ("nodeSelector", "tolerations", "schedulingGates")
    pod = {key: value for key, value in before.items() if key not in keys and key != "affinity"}
    pod |= {key: now[key] for key in keys if key in now}
    affinity = {k: v for k, v in (before.get("affinity") or {}).items() if k != "nodeAffinity"}
    if "nodeAffinity" in (now.get("affinity") or {}):
        affinity["nodeAffinity"] = now["affinity"]["nodeAffinity"]
    if affinity or "affinity" in now:
        pod["affinity"] = affinity
    return pod


def _with_resources(pod: Object, template: Object) -> Object:
    """`pod` with the resources of the same containers of the new template."""
    now = template.get("spec") or {}
    for key in ("containers", "initContainers"):
        mine, theirs = pod.get(key) or [], now.get(key) or []
        if mine and len(mine) == len(theirs):
            pod[key] = [
                checks.with_field(a, b, "resources") if a.get("name") == b.get("name") else a
                for a, b in zip(mine, theirs, strict=True)
            ]
    return pod


# Warnings.


def spec_warnings(spec: Object, path: str) -> list[str]:
    many = spec.get("completions", 0) > MANY_COMPLETIONS and spec.get("parallelism", 0) > 10_000
    lines = [f"{path}: {MANY_INDEXES_WARNING}"] if many and spec.get("completionMode") == "Indexed" else []
    return lines + pods.template_warnings(spec.get("template") or {}, f"{path}.template")


def warnings(new: Object, old: Object | None) -> list[str]:
    if old is None:
        return [*apps.name_warnings(new), *spec_warnings(new["spec"], "spec")]
    if new["metadata"].get("generation") == old["metadata"].get("generation"):
        return []
    return spec_warnings(new["spec"], "spec")


BEHAVIOURS = {
    "jobs.batch": Behaviour(
        default=default,
        prepare=prepare,
        validate=validate,
        warnings=warnings,
        prepare_status=checks.status_only(),
        validate_status=job_status.validate,
        fields={"status.successful": lambda job: str((job.get("status") or {}).get("succeeded", 0))},
    ),
}
