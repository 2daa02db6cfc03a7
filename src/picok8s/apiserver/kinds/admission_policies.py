"""admissionregistration.k8s.io: ValidatingAdmissionPolicy, MutatingAdmissionPolicy and their bindings.

Expressions are only asked to be there; whether they compile is for who evaluates them.
"""

import re
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import admission_rules, checks, policy
from picok8s.apiserver.kinds.admissionregistration import FAILURE_POLICIES, GROUP, REINVOCATIONS

Object = dict[str, Any]
Errors = list[FieldError]

REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
ACTIONS = ("Audit", "Deny", "Warn")
MUTATING_OPERATIONS = ("*", "CONNECT", "CREATE", "UPDATE")
ANNOTATIONS_MAX = 20
ANNOTATION_BYTES_MAX = 5 * 1024
IDENTIFIER = re.compile("[_a-zA-Z][_a-zA-Z0-9]*")
RESERVED = frozenset(
    (
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"),
        *("import", "let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)
NOTHING_TO_DO = "validations or auditAnnotations must contain at least one item"
BOTH = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response "
    "and headers serves no purpose)"
)


# Defaults.


def default_policy(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    admission_rules.default_matching(spec.get("matchConstraints"))


def default_binding(obj: Object) -> None:
    admission_rules.default_matching(obj.setdefault("spec", {}).get("matchResources"))


# What the policies have in common.


def _policy(spec: Object, old: Object | None) -> Errors:
    errors: Errors = []
    if spec["failurePolicy"] not in FAILURE_POLICIES:
        errors.append(checks.unsupported("spec.failurePolicy", spec["failurePolicy"], FAILURE_POLICIES))
    if "paramKind" in spec:
        errors += _param_kind(spec["paramKind"], "spec.paramKind")
    matching, path = spec.get("matchConstraints"), "spec.matchConstraints"
    if matching is None:
        errors.append(required(path))
    else:
        errors += admission_rules.validate_matching(matching, path)
        if not matching.get("resourceRules"):
            errors.append(required(f"{path}.resourceRules"))
    return errors


def _conditions_and_variables(spec: Object, old: Object | None) -> Errors:
    before = (old or {}).get("spec") or {}
    same = old is not None and all(spec.get(key) == before.get(key) for key in ("paramKind", "matchConditions"))
    errors: Errors = []
    if not same:
        errors += admission_rules.validate_conditions(spec.get("matchConditions") or [], "spec.matchConditions")
    for index, variable in enumerate(spec.get("variables") or []):
        path, name = f"spec.variables[{index}]", variable.get("name", "")
        if not name.strip():
            errors.append(required(f"{path}.name", "name is not specified"))
        elif not IDENTIFIER.fullmatch(name) or name in RESERVED:
            errors.append(invalid_value(f"{path}.name", name, "must be a valid CEL identifier"))
        if not variable.get("expression", "").strip():
            errors.append(required(f"{path}.expression", "expression is not specified"))
    return errors


def _param_kind(kind: Object, path: str) -> Errors:
    version, word = kind.get("apiVersion", ""), kind.get("kind", "")
    errors: Errors = []
    if not version:
        errors.append(required(f"{path}.apiVersion"))
    elif version.count("/") > 1:
        words = f"unexpected GroupVersion string: {version}"
        errors.append(invalid_value(f"{path}.apiVersion", version, words))
    else:
        group, _, number = version.rpartition("/")
        if group and (texts := names.dns_subdomain(group)):
            errors.append(invalid_value(f"{path}.apiVersion", group, ",".join(texts)))
        if not number:
            errors.append(invalid_value(f"{path}.apiVersion", version, "version must be specified"))
        elif texts := names.dns_1035_label(number):
            errors.append(invalid_value(f"{path}.apiVersion", number, ",".join(texts)))
    if not word:
        errors.append(required(f"{path}.kind"))
    elif texts := names.dns_1035_label(word.lower()):
        words = f"may have mixed case, but should otherwise match: {','.join(texts)}"
        errors.append(invalid_value(f"{path}.kind", word, words))
    return errors


# ValidatingAdmissionPolicy.


def validate_validating(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
    errors = _policy(spec, old) + _conditions_and_variables(spec, old)
    if not validations and not annotations:
        return errors + [required(f"spec.{key}", NOTHING_TO_DO) for key in ("validations", "auditAnnotations")]
    for index, validation in enumerate(validations):
        errors += _validation(validation, f"spec.validations[{index}]")
    return errors + _annotations(annotations, new["metadata"].get("name", ""))


def _validation(validation: Object, path: str) -> Errors:
    errors: Errors = []
    message, expression = validation.get("message", ""), validation.get("messageExpression", "")
    if not validation.get("expression", "").strip():
        errors.append(required(f"{path}.expression", "expression is not specified"))
    if expression and not expression.strip():
        errors.append(invalid_value(f"{path}.messageExpression", expression, "must be non-empty if specified"))
    if message and not message.strip():
        errors.append(invalid_value(f"{path}.message", message, "must be non-empty if specified"))
    elif "\n" in message.strip() or "\r" in message.strip():
        errors.append(invalid_value(f"{path}.message", message, "must not contain line breaks"))
    reason = validation.get("reason")
    if reason is not None and reason not in REASONS:
        errors.append(checks.unsupported(f"{path}.reason", reason, REASONS))
    return errors


def _annotations(annotations: list[Object], policy_name: str) -> Errors:
    errors: Errors = []
    if len(annotations) > ANNOTATIONS_MAX:
        words = f"must not have more than {ANNOTATIONS_MAX} auditAnnotations"
        errors.append(invalid_value("spec.auditAnnotations", annotations, words))
    seen: set[str] = set()
    for index, annotation in enumerate(annotations):
        path, key = f"spec.auditAnnotations[{index}]", annotation.get("key", "")
        errors += checks.qualified(f"{policy_name}/{key}", f"{path}.key")
        value = annotation.get("valueExpression", "").strip()
        if not value:
            errors.append(required(f"{path}.valueExpression", "valueExpression is not specified"))
        elif len(value) > ANNOTATION_BYTES_MAX:
            words = f"must not exceed {ANNOTATION_BYTES_MAX} bytes in length"
            errors.append(required(f"{path}.valueExpression", words))
        if key in seen:
            errors.append(duplicate(f"{path}.key", key))
        seen.add(key)
    return errors


def validate_status(new: Object, old: Object) -> Errors:
    status = new.get("status") or {}
    errors: Errors = []
    for index, warning in enumerate((status.get("typeChecking") or {}).get("expressionWarnings") or []):
        path = f"status.typeChecking.expressionWarnings[{index}]"
        if not warning.get("warning"):
            errors.append(required(f"{path}.warning"))
        if not warning.get("fieldRef", "").strip():
            errors.append(required(f"{path}.fieldRef"))
    return errors + policy.conditions(status.get("conditions") or [], "status.conditions")


# MutatingAdmissionPolicy.


def validate_mutating(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    errors = _policy(spec, old)
    for rule in (spec.get("matchConstraints") or {}).get("resourceRules") or []:
        errors += [
            checks.unsupported("spec.matchConstraints.resourceRules.operations", operation, MUTATING_OPERATIONS)
            for operation in rule.get("operations") or []
            if operation not in MUTATING_OPERATIONS
        ]
    errors += _conditions_and_variables(spec, old)
    if not spec.get("mutations"):
        errors.append(required("spec.mutations", "mutations must contain at least one item"))
    for index, mutation in enumerate(spec.get("mutations") or []):
        errors += _mutation(mutation, f"spec.mutations[{index}]")
    again = spec.get("reinvocationPolicy", "")
    return errors + checks.one_of(again, "spec.reinvocationPolicy", REINVOCATIONS)


MUTATIONS = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}


def _mutation(mutation: Object, path: str) -> Errors:
    kind = mutation.get("patchType", "")
    errors = checks.one_of(kind, f"{path}.patchType", MUTATIONS)
    if errors:
        return errors
    for word, key in sorted(MUTATIONS.items(), key=lambda item: item[0] != kind):
        given = mutation.get(key)
        if word != kind and given is not None:
            words = f"must not be specified when patchType is {kind}"
            errors.append(invalid_value(f"{path}.{key}", f"{{{key}}}", words))
        elif word == kind and given is None:
            errors.append(required(f"{path}.{key}", f"must be specified when patchType is {kind}"))
        elif word == kind and not (given or {}).get("expression", "").strip():
            errors.append(required(f"{path}.{key}.expression"))
    return errors


# Bindings.


def _binding(spec: Object) -> Errors:
    name = spec.get("policyName", "")
    errors = checks.subdomain(name, "spec.policyName") if name else []
    errors += _param_ref(spec["paramRef"], "spec.paramRef") if "paramRef" in spec else []
    return errors + admission_rules.validate_matching(spec.get("matchResources"), "spec.matchResources")


def _param_ref(reference: Object, path: str) -> Errors:
    name, selector = reference.get("name", ""), reference.get("selector")
    errors: Errors = []
    exclusive = "name and selector are mutually exclusive"
    if name:
        errors += checks.path_segment(name, f"{path}.name")
        errors += [forbidden_field(f"{path}.name", exclusive)] if selector is not None else []
    if selector is not None:
        errors += checks.label_selector(selector, f"{path}.selector")
        errors += [forbidden_field(f"{path}.selector", exclusive)] if name else []
    if not name and selector is None:
        errors.append(required(path, "one of name or selector must be specified"))
    action, at = reference.get("parameterNotFoundAction", ""), f"{path}.parameterNotFoundAction"
    if not action:
        errors.append(required(at))
    elif action not in ("Deny", "Allow"):
        errors.append(checks.unsupported(at, action, ("Deny", "Allow"), as_listed=True))
    return errors


def _unnamed(spec: Object) -> Errors:
    return [] if spec.get("policyName") else [required("spec.policyName")]


def validate_mutating_binding(new: Object, old: Object | None) -> Errors:
    return _binding(new["spec"]) + _unnamed(new["spec"])


def validate_validating_binding(new: Object, old: Object | None) -> Errors:
    spec, path = new["spec"], "spec.validationActions"
    actions = spec.get("validationActions") or []
    errors = _binding(spec)
    for index, action in enumerate(actions):
        if action not in ACTIONS:
            errors.append(checks.unsupported(f"{path}[{index}]", action, ACTIONS))
        if action in actions[:index]:
            errors.append(duplicate(f"{path}[{index}]", action))
    if "Deny" in actions and "Warn" in actions:
        errors.append(invalid_value(path, actions, BOTH))
    return errors + _unnamed(spec) + ([] if actions else [required(path)])


BEHAVIOURS = {
    f"validatingadmissionpolicies.{GROUP}": Behaviour(
        default=default_policy,
        prepare=checks.preparing({}, "spec"),
        validate=validate_validating,
        prepare_status=checks.status_alone,
        validate_status=validate_status,
        unconditional_update=False,
    ),
    f"validatingadmissionpolicybindings.{GROUP}": Behaviour(
        default=default_binding,
        prepare=checks.preparing(None, "spec"),
        validate=validate_validating_binding,
        unconditional_update=False,
    ),
    f"mutatingadmissionpolicies.{GROUP}": Behaviour(
        default=default_policy,
        prepare=checks.preparing(None, "spec"),
        validate=validate_mutating,
        unconditional_update=False,
    ),
    f"mutatingadmissionpolicybindings.{GROUP}": Behaviour(
        default=default_binding,
        prepare=checks.preparing(None, "spec"),
        validate=validate_mutating_binding,
        unconditional_update=False,
    ),
}
