"""RBAC: which rules a user has by roles and bindings, and whether they allow a request.

Reads roles and bindings through a Lookup; `Rbac` keeps what it worked out for a user until one of them changes.
The order of answers is the order of names, cluster role bindings first, as the reason names the first that allows.
"""

from dataclasses import dataclass, field
from typing import Any

from picok8s.api.errors import ApiError, forbidden
from picok8s.apiserver.lookup import Lookup
from picok8s.apiserver.users import User, account_name

Object = dict[str, Any]

GROUP = "rbac.authorization.k8s.io"
ROLES = f"roles.{GROUP}"
ROLE_BINDINGS = f"rolebindings.{GROUP}"
CLUSTER_ROLES = f"clusterroles.{GROUP}"
CLUSTER_ROLE_BINDINGS = f"clusterrolebindings.{GROUP}"
STORAGES = (ROLES, ROLE_BINDINGS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS)

KNOWN_USERS_MAX = 4096  # Users times namespaces whose rules are kept; beyond it all are forgotten and worked out again.
KNOWN_ANSWERS_MAX = 1024  # Answers kept for one of them.


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a request wants, for any authorizer. A request for no resource has `path` only.

    `fields` are the (path, value) pairs that a list's field selector demands.
    """

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def is_resource(self) -> bool:
        return not self.path

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def rule_allows(rule: Object, verb: str, group: str, resource: str, subresource: str) -> bool:
    """Whether a rule covers a resource, whatever names it is limited to."""
    verbs = rule.get("verbs") or ()
    if verb not in verbs and "*" not in verbs:
        return False
    groups = rule.get("apiGroups") or ()
    if group not in groups and "*" not in groups:
        return False
    resources = rule.get("resources") or ()
    if "*" in resources:
        return True
    if not subresource:
        return resource in resources
    return f"{resource}/{subresource}" in resources or f"*/{subresource}" in resources


def rule_allows_path(rule: Object, verb: str, path: str) -> bool:
    verbs = rule.get("verbs") or ()
    if verb not in verbs and "*" not in verbs:
        return False
    return any(path_matches(pattern, path) for pattern in rule.get("nonResourceURLs") or ())


def path_matches(pattern: str, path: str) -> bool:
    return pattern == path or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))


def rules_allow(rules: list[Object], wanted: Attributes) -> bool:
    """Whether one of `rules` allows, names counted."""
    for rule in rules:
        if wanted.path:
            if rule_allows_path(rule, wanted.verb, wanted.path):
                return True
        elif rule_allows(rule, wanted.verb, wanted.group, wanted.resource, wanted.subresource):
            names = rule.get("resourceNames") or ()
            if not names or wanted.name in names:
                return True
    return False


def subject_index(user: User, subjects: list[Object], namespace: str) -> int:
    """Which subject of a binding the user is; -1 for none."""
    for index, subject in enumerate(subjects):
        kind = subject.get("kind")
        if kind == "User":
            applies = subject.get("name") == user.name
        elif kind == "Group":
            applies = subject.get("name") in user.groups
        elif kind == "ServiceAccount":
            home = subject.get("namespace") or namespace
            applies = bool(home) and account_name(home, subject.get("name", "")) == user.name
        else:
            applies = False
        if applies:
            return index
    return -1


def described(binding: Object, subject: Object) -> str:
    """A binding as the reason of an answer names it."""
    meta, role = binding["metadata"], binding["roleRef"]
    namespace = meta.get("namespace", "")
    kind, name = ("RoleBinding", f"{meta['name']}/{namespace}") if namespace else ("ClusterRoleBinding", meta["name"])
    who = subject.get("name", "")
    if subject.get("kind") == "ServiceAccount":
        who = f"{who}/{subject.get('namespace') or namespace}"
    return f'{kind} "{name}" of {role["kind"]} "{role["name"]}" to {subject["kind"]} "{who}"'


def role_rules(lookup: Lookup, reference: Object, namespace: str) -> list[Object] | None:
    """The rules of the role that a binding refers to; None when there is no such role."""
    if reference["kind"] == "Role":
        role = lookup.get(ROLES, reference["name"], namespace)
    else:
        role = lookup.get(CLUSTER_ROLES, reference["name"])
    return None if role is None else role.get("rules") or []


@dataclass(slots=True)
class Rights:
    """The rules of one user in one namespace, each with the binding that gives it, and the roles not found."""

    rules: list[tuple[Object, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    answers: dict[tuple[str, ...], tuple[tuple[frozenset[str] | None, str], ...]] = field(default_factory=dict)

    def allowing(self, wanted: Attributes) -> str | None:
        """The binding that allows, or None."""
        if wanted.path:
            found = (source for rule, source in self.rules if rule_allows_path(rule, wanted.verb, wanted.path))
            return next(found, None)
        key = (wanted.verb, wanted.group, wanted.resource, wanted.subresource)
        candidates = self.answers.get(key)
        if candidates is None:
            if len(self.answers) >= KNOWN_ANSWERS_MAX:
                self.answers.clear()
            candidates = self.answers[key] = tuple(self._candidates(key))
        for names, source in candidates:
            if names is None or wanted.name in names:
                return source
        return None

    def _candidates(self, key: tuple[str, str, str, str]) -> list[tuple[frozenset[str] | None, str]]:
        found: list[tuple[frozenset[str] | None, str]] = []
        for rule, source in self.rules:
            if rule_allows(rule, *key):
                names = rule.get("resourceNames")
                found.append((frozenset(names) if names else None, source))
                if not names:
                    break
        return found


class Rbac:
    """Answers from roles and bindings, remembered until one of them changes."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._known: dict[tuple[User, str], Rights] = {}
        self._revisions: tuple[int, ...] = ()

    def rights(self, user: User, namespace: str) -> Rights:
        revisions = tuple(self._lookup.revision_of(storage) for storage in STORAGES)
        if revisions != self._revisions or len(self._known) >= KNOWN_USERS_MAX:
            self._known.clear()
            self._revisions = revisions
        key = (user, namespace)
        rights = self._known.get(key)
        if rights is None:
            rights = self._known[key] = self._gather(user, namespace)
        return rights

    def _gather(self, user: User, namespace: str) -> Rights:
        rights = Rights()
        bindings = [(binding, "") for binding in self._lookup.list(CLUSTER_ROLE_BINDINGS)]
        if namespace:
            bindings += [(binding, namespace) for binding in self._lookup.list(ROLE_BINDINGS, namespace)]
        for binding, home in bindings:
            subjects = binding.get("subjects") or []
            index = subject_index(user, subjects, home)
            if index < 0:
                continue
            reference = binding["roleRef"]
            rules = role_rules(self._lookup, reference, home)
            if rules is None:
                rights.errors.append(f'{reference["kind"].lower()}.{GROUP} "{reference["name"]}" not found')
                continue
            source = described(binding, subjects[index])
            rights.rules += [(rule, source) for rule in rules]
        return rights

    def decide(self, wanted: Attributes) -> tuple[bool, str]:
        """Whether the request is allowed, with the reason that reviews and refusals show."""
        rights = self.rights(wanted.user, wanted.namespace)
        source = rights.allowing(wanted)
        if source is not None:
            return True, f"RBAC: allowed by {source}"
        return False, f"RBAC: {aggregate(rights.errors)}" if rights.errors else ""


def aggregate(errors: list[str]) -> str:
    """Several errors in one line, as Go joins them."""
    unique = list(dict.fromkeys(errors))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]"


def refusal(wanted: Attributes, reason: str) -> ApiError:
    """The Forbidden error of a refused request, as upstream words it."""
    if wanted.path:
        told = f'User "{wanted.user.name}" cannot {wanted.verb} path "{wanted.path}"'
        return forbidden("", "", "", _with(told, reason))
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    told = (
        f'User "{wanted.user.name}" cannot {wanted.verb} resource "{wanted.full_resource}" '
        f'in API group "{wanted.group}" {where}'
    )
    return forbidden(wanted.group, wanted.resource, wanted.name, _with(told, reason))


def _with(told: str, reason: str) -> str:
    return f"{told}: {reason}" if reason else told
