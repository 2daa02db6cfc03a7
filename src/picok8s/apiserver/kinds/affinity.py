"""Where a pod wants to run: node selectors, affinity to other pods, spreading over topologies, tolerations."""

from typing import Any

from picok8s.api import names, selectors
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required, unsupported
from picok8s.apiserver.kinds.checks import worded

Object = dict[str, Any]
Errors = list[FieldError]

REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
NOT_A_WEIGHT = "must be in the range 1-100"


def node_term(term: Object, path: str, invalid_values: bool = False) -> Errors:
    errors: Errors = []
    for i, expression in enumerate(term.get("matchExpressions") or ()):
        errors += selectors.validate_node_requirement(expression, f"{path}.matchExpressions[{i}]", invalid_values)
    for i, expression in enumerate(term.get("matchFields") or ()):
        errors += selectors.validate_node_field(expression, f"{path}.matchFields[{i}]", names.dns_subdomain)
    return errors


def node_selector(selector: Object, path: str) -> Errors:
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    errors: Errors = []
    for i, term in enumerate(terms):
        errors += node_term(term, f"{path}.nodeSelectorTerms[{i}]")
    return errors


def weight(term: Object, path: str) -> Errors:
    value = term.get("weight", 0)
    return [] if 1 <= value <= 100 else [invalid_value(f"{path}.weight", value, NOT_A_WEIGHT)]


def node_affinity(affinity: Object, path: str) -> Errors:
    errors: Errors = []
    if REQUIRED in affinity:
        errors += node_selector(affinity[REQUIRED], f"{path}.{REQUIRED}")
    for i, term in enumerate(affinity.get(PREFERRED) or ()):
        at = f"{path}.{PREFERRED}[{i}]"
        errors += weight(term, at) + node_term(term.get("preference") or {}, f"{at}.preference", invalid_values=True)
    return errors


def pod_term(term: Object, path: str) -> Errors:
    errors = selectors.validate(term.get("labelSelector"), f"{path}.labelSelector")
    errors += selectors.validate(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or ():
        errors += worded(names.dns_label, name, f"{path}.namespace")
    errors += matched_keys(term, path)
    key = term.get("topologyKey", "")
    if not key:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    return errors + selectors.validate_key(key, f"{path}.topologyKey")


def pod_affinity(affinity: Object, path: str) -> Errors:
    errors: Errors = []
    for i, term in enumerate(affinity.get(REQUIRED) or ()):
        errors += pod_term(term, f"{path}.{REQUIRED}[{i}]")
    for i, term in enumerate(affinity.get(PREFERRED) or ()):
        at = f"{path}.{PREFERRED}[{i}]"
        errors += weight(term, at) + pod_term(term.get("podAffinityTerm") or {}, f"{at}.podAffinityTerm")
    return errors


def validate_affinity(affinity: Object, path: str) -> Errors:
    errors: Errors = []
    if "nodeAffinity" in affinity:
        errors += node_affinity(affinity["nodeAffinity"], f"{path}.nodeAffinity")
    for key in ("podAffinity", "podAntiAffinity"):
        if key in affinity:
            errors += pod_affinity(affinity[key], f"{path}.{key}")
    return errors


def selector_keys(selector: Object | None) -> list[str]:
    found = list((selector or {}).get("matchLabels") or {})
    return found + [expression.get("key", "") for expression in (selector or {}).get("matchExpressions") or ()]


def matched_keys(term: Object, path: str) -> Errors:
    """Keys whose values are taken from the pod's labels. Creation adds each to the selector; twice is wrong."""
    selector = term.get("labelSelector")
    wanted, unwanted = term.get("matchLabelKeys") or [], term.get("mismatchLabelKeys") or []
    errors: Errors = []
    for key, keys in (("matchLabelKeys", wanted), ("mismatchLabelKeys", unwanted)):
        if keys and selector is None:
            errors.append(forbidden_field(f"{path}.{key}", "must not be specified when labelSelector is not set"))
            continue
        for i, label in enumerate(keys):
            errors += selectors.validate_key(label, f"{path}.{key}[{i}]")
    merged = {label: i for i, label in enumerate(wanted)}
    seen: set[str] = set()
    for label in selector_keys(selector):
        if label in merged and label in seen:
            detail = "exists in both matchLabelKeys and labelSelector"
            errors.append(invalid_value(f"{path}[{merged[label]}]", label, detail))
        seen.add(label)
    for i, label in enumerate(wanted):
        if label in unwanted:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(invalid_value(f"{path}.matchLabelKeys[{i}]", label, detail))
    return errors


def validate_spreading(constraints: list[Object], path: str) -> Errors:
    errors: Errors = []
    for i, constraint in enumerate(constraints):
        at = f"{path}[{i}]"
        skew, key = constraint.get("maxSkew", 0), constraint.get("topologyKey", "")
        when, domains = constraint.get("whenUnsatisfiable", ""), constraint.get("minDomains")
        if skew <= 0:
            errors.append(invalid_value(f"{at}.maxSkew", skew, "must be greater than zero"))
        if not key:
            errors.append(required(f"{at}.topologyKey", "can not be empty"))
        if when not in ("DoNotSchedule", "ScheduleAnyway"):
            errors.append(unsupported(f"{at}.whenUnsatisfiable", when, ("DoNotSchedule", "ScheduleAnyway")))
        if any((c.get("topologyKey", ""), c.get("whenUnsatisfiable", "")) == (key, when) for c in constraints[i + 1 :]):
            errors.append(duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {when}}}"))
        if domains is not None and domains <= 0:
            errors.append(invalid_value(f"{at}.minDomains", domains, "must be greater than zero"))
        if domains is not None and when != "DoNotSchedule":
            detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {when}"
            errors.append(invalid_value(f"{at}.minDomains", domains, detail))
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if constraint.get(policy) is not None and constraint[policy] not in ("Honor", "Ignore"):
                errors.append(unsupported(f"{at}.{policy}", constraint[policy], ("Honor", "Ignore")))
        errors += matched_keys(constraint, at)
        errors += selectors.validate(constraint.get("labelSelector"), f"{at}.labelSelector")
    return errors


def validate_effect(effect: str, path: str) -> Errors:
    return [] if effect in EFFECTS else [unsupported(path, effect, EFFECTS)]


def validate_tolerations(tolerations: list[Object], path: str) -> Errors:
    errors: Errors = []
    for i, toleration in enumerate(tolerations):
        at = f"{path}[{i}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        value, effect = toleration.get("value", ""), toleration.get("effect", "")
        if key:
            errors += selectors.validate_key(key, f"{at}.key")
        elif operator != "Exists":
            detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(invalid_value(f"{at}.operator", operator, detail))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(invalid_value(f"{at}.effect", effect, detail))
        if operator in ("", "Equal"):
            words = names.label_value(value)
            errors += [invalid_value(f"{at}.operator", value, ";".join(words))] if words else []
        elif operator == "Exists":
            if value:
                detail = "value must be empty when `operator` is 'Exists'"
                errors.append(invalid_value(f"{at}.operator", value, detail))
        else:
            known = ("Equal", "Exists", "Lt", "Gt") if operator in ("Lt", "Gt") else ("Equal", "Exists")
            errors.append(unsupported(f"{at}.operator", operator, known))
        if effect:
            errors += validate_effect(effect, f"{at}.effect")
    return errors
