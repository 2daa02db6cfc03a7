"""admissionregistration.k8s.io: ValidatingWebhookConfiguration, MutatingWebhookConfiguration.

Policies are in admission_policies.py.
"""

from collections.abc import Callable
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, duplicate, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import admission_rules, checks, webhook_targets

Object = dict[str, Any]
Errors = list[FieldError]

FAILURE_POLICIES = ("Fail", "Ignore")
SIDE_EFFECTS = ("None", "NoneOnDryRun")
OLD_SIDE_EFFECTS = ("None", "NoneOnDryRun", "Some", "Unknown")
REINVOCATIONS = ("IfNeeded", "Never")
REVIEW_VERSIONS = ("v1", "v1beta1")
TIMEOUT_SECONDS_MAX = 30


def _default(mutating: bool) -> Callable[[Object], None]:
    def default(obj: Object) -> None:
        for hook in obj.get("webhooks") or []:
            hook.setdefault("failurePolicy", "Fail")
            hook.setdefault("matchPolicy", "Equivalent")
            hook.setdefault("namespaceSelector", {})
            hook.setdefault("objectSelector", {})
            hook.setdefault("timeoutSeconds", 10)
            if mutating:
                hook.setdefault("reinvocationPolicy", "Never")
            webhook_targets.default(hook.setdefault("clientConfig", {}))
            admission_rules.default_rules(hook.get("rules"))

    return default


def validate(new: Object, old: Object | None) -> Errors:
    hooks = new.get("webhooks") or []
    before = (old or {}).get("webhooks") or []
    no_effects = old is None or all(hook.get("sideEffects") in SIDE_EFFECTS for hook in before)
    recognized = old is None or all(_is_recognized(hook) for hook in before)
    unique = old is None or len({hook.get("name") for hook in before}) == len(before)
    same = len(hooks) == len(before) and all(
        a.get("matchConditions") == b.get("matchConditions") for a, b in zip(hooks, before, strict=True)
    )
    errors: Errors = []
    seen: set[str] = set()
    for index, hook in enumerate(hooks):
        path, name = f"webhooks[{index}]", hook.get("name", "")
        errors += _hook(hook, path, SIDE_EFFECTS if no_effects else OLD_SIDE_EFFECTS)
        if old is None or not same:
            errors += admission_rules.validate_conditions(hook.get("matchConditions") or [], f"{path}.matchConditions")
        errors += _versions(hook.get("admissionReviewVersions") or [], f"{path}.admissionReviewVersions", recognized)
        if unique and name and name in seen:
            errors.append(duplicate(f"{path}.name", name))
        seen.add(name)
    return errors


def _is_recognized(hook: Object) -> bool:
    versions = hook.get("admissionReviewVersions") or []
    return not versions or any(version in REVIEW_VERSIONS for version in versions)


def _hook(hook: Object, path: str, effects: tuple[str, ...]) -> Errors:
    name, effect = hook.get("name", ""), hook.get("sideEffects")
    if not name:
        errors = [required(f"{path}.name")]
    else:
        errors = checks.worded(names.fully_qualified, name, f"{path}.name")
    for index, rule in enumerate(hook.get("rules") or []):
        errors += admission_rules.validate_rule(rule, f"{path}.rules[{index}]")
    errors += _word(hook, "failurePolicy", path, FAILURE_POLICIES)
    errors += _word(hook, "matchPolicy", path, admission_rules.MATCH_POLICIES)
    if effect is None:
        errors.append(required(f"{path}.sideEffects", f"must specify one of {', '.join(effects)}"))
    elif effect not in effects:
        errors.append(checks.unsupported(f"{path}.sideEffects", effect, effects))
    seconds = hook["timeoutSeconds"]
    if not 1 <= seconds <= TIMEOUT_SECONDS_MAX:
        words = f"the timeout value must be between 1 and {TIMEOUT_SECONDS_MAX} seconds"
        errors.append(invalid_value(f"{path}.timeoutSeconds", seconds, words))
    for key in ("namespaceSelector", "objectSelector"):
        errors += checks.label_selector(hook[key], f"{path}.{key}")
    errors += _word(hook, "reinvocationPolicy", path, REINVOCATIONS)
    return errors + webhook_targets.validate(hook["clientConfig"], f"{path}.clientConfig")


def _word(hook: Object, key: str, path: str, words: tuple[str, ...]) -> Errors:
    return [] if hook.get(key, words[0]) in words else [checks.unsupported(f"{path}.{key}", hook[key], words)]


def _versions(versions: list[str], path: str, recognized: bool) -> Errors:
    told = ", ".join(REVIEW_VERSIONS)
    if not versions:
        return [required(path, f"must specify one of {told}")]
    errors: Errors = []
    for index, version in enumerate(versions):
        if version in versions[:index]:
            errors.append(invalid_value(f"{path}[{index}]", version, "duplicate version"))
        else:
            errors += checks.worded(names.dns_1035_label, version, f"{path}[{index}]")
    if recognized and not any(version in REVIEW_VERSIONS for version in versions):
        errors.append(invalid_value(path, versions, f"must include at least one of {told}"))
    return errors


GROUP = "admissionregistration.k8s.io"

BEHAVIOURS = {
    f"validatingwebhookconfigurations.{GROUP}": Behaviour(
        default=_default(mutating=False),
        prepare=checks.preparing(None, "webhooks"),
        validate=validate,
        unconditional_update=False,
    ),
    f"mutatingwebhookconfigurations.{GROUP}": Behaviour(
        default=_default(mutating=True),
        prepare=checks.preparing(None, "webhooks"),
        validate=validate,
        unconditional_update=False,
    ),
}
