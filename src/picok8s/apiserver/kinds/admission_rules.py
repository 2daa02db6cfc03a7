"""Which requests an admission webhook or policy looks at: operations, groups, versions, resources, conditions.

Whether an expression compiles is not asked here: only that there is one.
"""

from typing import Any

from picok8s.api.errors import FieldError, duplicate, invalid_value, required, too_many
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]

OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
SCOPES = ("*", "Cluster", "Namespaced")
MATCH_POLICIES = ("Equivalent", "Exact")
CONDITIONS_MAX = 64


def default_rules(rules: list[Object] | None) -> None:
    for rule in rules or []:
        rule.setdefault("scope", "*")


def default_matching(matching: Object | None) -> None:
    """The constraints of a policy or of its binding."""
    if matching is None:
        return
    matching.setdefault("matchPolicy", "Equivalent")
    matching.setdefault("namespaceSelector", {})
    matching.setdefault("objectSelector", {})
    default_rules(matching.get("resourceRules"))
    default_rules(matching.get("excludeResourceRules"))


def validate_rule(rule: Object, path: str) -> Errors:
    operations = rule.get("operations") or []
    errors = [] if operations else [required(f"{path}.operations")]
    errors += _alone(operations, f"{path}.operations", "operations")
    errors += [
        checks.unsupported(f"{path}.operations[{index}]", operation, OPERATIONS)
        for index, operation in enumerate(operations)
        if operation not in OPERATIONS
    ]
    for key, word in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        items = rule.get(key) or []
        if not items:
            errors.append(required(f"{path}.{key}"))
        errors += _alone(items, f"{path}.{key}", word)
    versions = rule.get("apiVersions") or []
    errors += [required(f"{path}.apiVersions[{index}]") for index, version in enumerate(versions) if not version]
    errors += _resources(rule.get("resources") or [], f"{path}.resources")
    scope = rule.get("scope", "*")
    return errors if scope in SCOPES else [*errors, checks.unsupported(f"{path}.scope", scope, SCOPES)]


def _alone(items: list[str], path: str, word: str) -> Errors:
    lonely = len(items) <= 1 or "*" not in items
    return [] if lonely else [invalid_value(path, items, f"if '*' is present, must not specify other {word}")]


def _resources(resources: list[str], path: str) -> Errors:
    errors = [] if resources else [required(path)]
    whole_resources: set[str] = set()
    whole_subresources: set[str] = set()
    plain = False
    for index, text in enumerate(resources):
        at = f"{path}[{index}]"
        if not text:
            errors.append(required(at))
            continue
        resource, slash, sub = text.partition("/")
        if not slash:
            plain = text != "*"
            continue
        if resource in whole_resources:
            errors.append(invalid_value(at, text, f"if '{resource}/*' is present, must not specify {text}"))
        if sub in whole_subresources:
            errors.append(invalid_value(at, text, f"if '*/{sub}' is present, must not specify {text}"))
        if sub == "*":
            whole_resources.add(resource)
        if resource == "*":
            whole_subresources.add(sub)
    if len(resources) > 1 and "*/*" in resources:
        errors.append(invalid_value(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and plain:
        words = "if '*' is present, must not specify other resources without subresources"
        errors.append(invalid_value(path, resources, words))
    return errors


def validate_matching(matching: Object | None, path: str) -> Errors:
    if matching is None:
        return []
    errors: Errors = []
    if matching["matchPolicy"] not in MATCH_POLICIES:
        errors.append(checks.unsupported(f"{path}.matchPolicy", matching["matchPolicy"], MATCH_POLICIES))
    for key in ("namespaceSelector", "objectSelector"):
        errors += checks.label_selector(matching[key], f"{path}.{key}")
    for key in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(matching.get(key) or []):
            errors += _named_rule(rule, f"{path}.{key}[{index}]")
    return errors


def _named_rule(rule: Object, path: str) -> Errors:
    errors: Errors = []
    found = rule.get("resourceNames") or []
    for index, name in enumerate(found):
        at = f"{path}.resourceNames[{index}]"
        errors += checks.path_segment(name, at)
        if name in found[:index]:
            errors.append(duplicate(at, name))
    return errors + validate_rule(rule, path)


def validate_conditions(conditions: list[Object], path: str) -> Errors:
    errors = [too_many(path, len(conditions), CONDITIONS_MAX)] if len(conditions) > CONDITIONS_MAX else []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        at, name = f"{path}[{index}]", condition.get("name", "")
        if not condition.get("expression", "").strip():
            errors.append(required(f"{at}.expression"))
        errors += checks.needed(name, f"{at}.name", checks.qualified)
        if name and name in seen:
            errors.append(duplicate(f"{at}.name", name))
        seen.add(name)
    return errors
