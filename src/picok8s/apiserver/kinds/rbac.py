"""rbac.authorization.k8s.io: Role, ClusterRole, RoleBinding, ClusterRoleBinding.

Who may grant what is apiserver/escalation.py's.
"""

from collections.abc import Callable
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]
Validate = Callable[[Object, Object | None], Errors]

GROUP = "rbac.authorization.k8s.io"
SUBJECTS = ("ServiceAccount", "User", "Group")
ROLE_FIELDS = (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))


# Roles.


def _role(namespaced: bool) -> Validate:
    def validate(new: Object, old: Object | None) -> Errors:
        rules = new.get("rules") or []
        errors: Errors = []
        for index, rule in enumerate(rules):
            errors += _rule(rule, f"rules[{index}]", namespaced)
        if "aggregationRule" in new:
            errors += _aggregation(new["aggregationRule"])
        return errors + [required(f"rules[{i}].verbs") for i, rule in enumerate(rules) if not rule.get("verbs")]

    return validate


def _rule(rule: Object, path: str, namespaced: bool) -> Errors:
    errors: Errors = []
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            words = "namespaced rules cannot apply to non-resource URLs"
            errors.append(invalid_value(f"{path}.nonResourceURLs", urls, words))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            words = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(invalid_value(f"{path}.nonResourceURLs", urls, words))
        return errors
    if not rule.get("apiGroups"):
        errors.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        errors.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return errors


def _aggregation(rule: Object) -> Errors:
    path, selectors = "aggregationRule.clusterRoleSelectors", rule.get("clusterRoleSelectors") or []
    if not selectors:
        return [required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")]
    errors: Errors = []
    for index, selector in enumerate(selectors):
        errors += checks.label_selector(selector, f"{path}[{index}]")
    return errors


# Bindings.


def default_binding(obj: Object) -> None:
    reference = obj.setdefault("roleRef", {})
    if not reference.get("apiGroup"):
        reference["apiGroup"] = GROUP
    for subject in obj.get("subjects") or []:
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = GROUP


def _binding(kinds: tuple[str, ...], namespaced: bool) -> Validate:
    def validate(new: Object, old: Object | None) -> Errors:
        reference, subjects = new["roleRef"], new.get("subjects") or []
        group, kind, name = (reference.get(key, "") for key in ("apiGroup", "kind", "name"))
        errors: Errors = []
        if group != GROUP:
            errors.append(checks.unsupported("roleRef.apiGroup", group, (GROUP,)))
        if kind not in kinds:
            errors.append(checks.unsupported("roleRef.kind", kind, kinds, as_listed=True))
        errors += checks.path_segment(name, "roleRef.name") if name else []
        for index, subject in enumerate(subjects):
            errors += _subject(subject, f"subjects[{index}]", namespaced)
        # What follows the schema alone says comes last.
        errors += [] if name else [required("roleRef.name")]
        errors += [required(f"subjects[{i}].name") for i, subject in enumerate(subjects) if not subject.get("name")]
        if old is not None and reference != old["roleRef"]:
            errors.append(invalid_value("roleRef", checks.spelled(reference, ROLE_FIELDS), checks.IMMUTABLE))
        return errors

    return validate


def _subject(subject: Object, path: str, namespaced: bool) -> Errors:
    kind, group, name = (subject.get(key, "") for key in ("kind", "apiGroup", "name"))
    if kind not in SUBJECTS:
        return [checks.unsupported(f"{path}.kind", kind, SUBJECTS, as_listed=True)]
    if kind != "ServiceAccount":
        return [] if group == GROUP else [checks.unsupported(f"{path}.apiGroup", group, (GROUP,))]
    errors = checks.subdomain(name, f"{path}.name") if name else []
    if group:
        errors.append(checks.unsupported(f"{path}.apiGroup", group, ("",)))
    if not namespaced and not subject.get("namespace"):
        errors.append(required(f"{path}.namespace"))
    return errors


BEHAVIOURS = {
    f"roles.{GROUP}": Behaviour(validate=_role(True), name=names.path_segment, create_on_update=True),
    f"clusterroles.{GROUP}": Behaviour(validate=_role(False), name=names.path_segment, create_on_update=True),
    f"rolebindings.{GROUP}": Behaviour(
        default=default_binding,
        validate=_binding(("Role", "ClusterRole"), True),
        name=names.path_segment,
        create_on_update=True,
    ),
    f"clusterrolebindings.{GROUP}": Behaviour(
        default=default_binding,
        validate=_binding(("ClusterRole",), False),
        name=names.path_segment,
        create_on_update=True,
    ),
}
