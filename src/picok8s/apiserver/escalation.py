"""Nobody gives away rights that they lack: the checks before a role or a binding is written.

Called by the verbs before a create and an update is stored. A user in system:masters, or with the verb `escalate`
on roles or `bind` on the role referred to, passes.
"""

from itertools import product
from typing import Any

import orjson

from picok8s.api.errors import forbidden, not_found
from picok8s.apiserver import rbac
from picok8s.apiserver.authorize import Authorizer
from picok8s.apiserver.rbac import GROUP, Attributes
from picok8s.apiserver.users import User

Object = dict[str, Any]

FULL_AUTHORITY: list[Object] = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]
# Fields that the garbage collector must be able to change whatever rights it has.
COLLECTED = ("ownerReferences", "finalizers")


def check(authorizer: Authorizer, user: User, plural: str, new: Object, old: Object | None) -> None:
    """Refuses a role or binding (`plural` says which of the four kinds) beyond the user's own rights."""
    if user.is_master or (old is not None and _only_collected(new, old)):
        return
    namespace = new["metadata"].get("namespace", "")
    name = new["metadata"].get("name", "")
    if plural in ("roles", "clusterroles"):
        _check_role(authorizer, user, plural, new, old)
    elif plural in ("rolebindings", "clusterrolebindings"):
        reference = new["roleRef"]
        if _may_bind(authorizer, user, reference, namespace):
            return
        rules = rbac.role_rules(authorizer.lookup, reference, namespace)
        if rules is None:
            raise not_found(GROUP, plural, reference["name"])
        why = _lacking(authorizer, user, namespace, rules)
        if why:
            raise forbidden(GROUP, plural, name, why)


def _check_role(authorizer: Authorizer, user: User, plural: str, new: Object, old: Object | None) -> None:
    namespace = new["metadata"].get("namespace", "")
    name = new["metadata"].get("name", "")
    # The name of a role is not known yet when it is created.
    wanted = Attributes(user, "escalate", GROUP, "*", plural, "", namespace, name if old is not None else "")
    if authorizer.decide(wanted)[0]:
        return
    why = _lacking(authorizer, user, namespace, new.get("rules") or [])
    if why:
        raise forbidden(GROUP, plural, name, why)
    if _aggregates(new) or (old is not None and _aggregates(old)):
        if missing(authorizer.rbac.rights(user, namespace).rules, FULL_AUTHORITY):
            raise forbidden(GROUP, plural, name, "must have cluster-admin privileges to use the aggregationRule")


def _may_bind(authorizer: Authorizer, user: User, reference: Object, namespace: str) -> bool:
    resource = "clusterroles" if reference["kind"] == "ClusterRole" else "roles"
    group = reference.get("apiGroup", GROUP)
    return authorizer.decide(Attributes(user, "bind", group, "*", resource, "", namespace, reference["name"]))[0]


def _lacking(authorizer: Authorizer, user: User, namespace: str, rules: list[Object]) -> str:
    """What the user would give away without having it, in words; "" when he has all."""
    rights = authorizer.rbac.rights(user, namespace)
    lacking = missing(rights.rules, rules)
    if not lacking:
        return ""
    groups = " ".join(_quoted(group) for group in user.groups)
    lines = "\n".join(sorted({shown(rule) for rule in compact(lacking)}))
    why = f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{lines}'
    return f"{why}; resolution errors: [{rbac.aggregate(rights.errors)}]" if rights.errors else why


def missing(owned: list[tuple[Object, str]], wanted: list[Object]) -> list[Object]:
    """The smallest rules of `wanted` that no owned rule covers."""
    owners = [rule for rule, _ in owned]
    return [part for rule in wanted for part in atoms(rule) if not any(covers(owner, part) for owner in owners)]


def atoms(rule: Object) -> list[Object]:
    """A rule as rules of one verb on one resource and name, or one path."""
    verbs = rule.get("verbs") or []
    out: list[Object] = []
    for group, resource, verb in product(rule.get("apiGroups") or [], rule.get("resources") or [], verbs):
        part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        names = rule.get("resourceNames") or []
        out += [{**part, "resourceNames": [name]} for name in names] if names else [part]
    out += [
        {"nonResourceURLs": [path], "verbs": [verb]} for path in rule.get("nonResourceURLs") or [] for verb in verbs
    ]
    return out


def covers(owner: Object, part: Object) -> bool:
    """Whether an owned rule covers one smallest rule."""
    verbs = owner.get("verbs") or []
    if "*" not in verbs and part["verbs"][0] not in verbs:
        return False
    if "nonResourceURLs" in part:
        path = part["nonResourceURLs"][0]
        return any(rbac.path_matches(pattern, path) for pattern in owner.get("nonResourceURLs") or [])
    groups = owner.get("apiGroups") or []
    if "*" not in groups and part["apiGroups"][0] not in groups:
        return False
    resources, resource = owner.get("resources") or [], part["resources"][0]
    starred = f"*/{resource.split('/', 1)[1]}" if "/" in resource else None
    if "*" not in resources and resource not in resources and starred not in resources:
        return False
    names = owner.get("resourceNames") or []
    return not names or ("resourceNames" in part and part["resourceNames"][0] in names)


def compact(parts: list[Object]) -> list[Object]:
    """Smallest rules that differ by verb only, joined."""
    joined: dict[bytes, Object] = {}
    for part in parts:
        if "nonResourceURLs" in part:
            joined[orjson.dumps(part)] = part
            continue
        key = orjson.dumps([part["apiGroups"], part["resources"], part.get("resourceNames")])
        known = joined.get(key)
        joined[key] = {**part, "verbs": [*known["verbs"], *part["verbs"]]} if known else part
    return list(joined.values())


SHOWN = (
    ("APIGroups", "apiGroups"),
    ("Resources", "resources"),
    ("NonResourceURLs", "nonResourceURLs"),
    ("ResourceNames", "resourceNames"),
    ("Verbs", "verbs"),
)


def shown(rule: Object) -> str:
    """A rule in one line, as the refusal lists it."""
    parts = [f"{word}:[{' '.join(_quoted(v) for v in rule[key])}]" for word, key in SHOWN if rule.get(key)]
    return "{" + ", ".join(parts) + "}"


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _aggregates(role: Object) -> bool:
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def _only_collected(new: Object, old: Object) -> bool:
    """Whether an update changes nothing but owners and finalizers."""
    return _without_collected(new) == _without_collected(old)


def _without_collected(obj: Object) -> Object:
    ignored = {*COLLECTED, "managedFields", "resourceVersion", "selfLink"}
    meta = {key: value for key, value in obj["metadata"].items() if key not in ignored}
    return {**obj, "metadata": meta}
