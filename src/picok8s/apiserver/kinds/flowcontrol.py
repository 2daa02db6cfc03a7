"""flowcontrol.apiserver.k8s.io: FlowSchema and PriorityLevelConfiguration.

Those that a server cannot do without never change.
"""

from math import ceil, log2
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]

GROUP = "flowcontrol.apiserver.k8s.io"
PRECEDENCE_MAX = 10000
QUEUES_MAX = 10_000_000
HASH_BITS_MAX = 60
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
SUBJECTS = {"User": "user", "Group": "group", "ServiceAccount": "serviceAccount"}
EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
EVERY_URL = {"verbs": ["*"], "nonResourceURLs": ["*"]}


def _for_groups(level: str, precedence: int, *groups: str) -> Object:
    subjects = [{"kind": "Group", "group": {"name": group}} for group in groups]
    rule = {"subjects": subjects, "resourceRules": [EVERYTHING], "nonResourceRules": [EVERY_URL]}
    return {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence, "rules": [rule]}


MANDATORY_SCHEMAS: dict[str, Object] = {
    "exempt": _for_groups("exempt", 1, "system:masters"),
    "catch-all": {
        **_for_groups("catch-all", PRECEDENCE_MAX, "system:unauthenticated", "system:authenticated"),
        "distinguisherMethod": {"type": "ByUser"},
    },
}
CATCH_ALL_LEVEL = {
    "type": "Limited",
    "limited": {"nominalConcurrencyShares": 5, "limitResponse": {"type": "Reject"}, "lendablePercent": 0},
}


# FlowSchema.


def default_schema(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if not spec.get("matchingPrecedence"):
        spec["matchingPrecedence"] = 1000


def validate_schema(new: Object, old: Object | None) -> Errors:
    spec, name = new["spec"], new["metadata"].get("name", "")
    precedence, path = spec["matchingPrecedence"], "spec.matchingPrecedence"
    errors: Errors = []
    if precedence <= 0:
        errors.append(invalid_value(path, precedence, "must be a positive value"))
    if precedence > PRECEDENCE_MAX:
        errors.append(invalid_value(path, precedence, f"must not be greater than {PRECEDENCE_MAX}"))
    if precedence == 1 and name != "exempt":
        words = "only the schema named 'exempt' may have matchingPrecedence 1"
        errors.append(invalid_value(path, precedence, words))
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in ("ByNamespace", "ByUser"):
        shown = checks.spelled(method, METHOD)
        errors.append(checks.unsupported("spec.distinguisherMethod.type", shown, ("ByNamespace", "ByUser")))
    level, path = (spec.get("priorityLevelConfiguration") or {}).get("name", ""), "spec.priorityLevelConfiguration.name"
    errors += checks.subdomain(level, path) if level else [required(path, "must reference a priority level")]
    for index, rule in enumerate(spec.get("rules") or []):
        errors += _rule(rule, f"spec.rules[{index}]")
    if name in MANDATORY_SCHEMAS and spec != MANDATORY_SCHEMAS[name]:
        words = f"spec of '{name}' must equal the fixed value"
        errors.append(invalid_value("spec", _shown_schema(spec), words))
    return errors


def _rule(rule: Object, path: str) -> Errors:
    subjects, resources = rule.get("subjects") or [], rule.get("resourceRules") or []
    urls = rule.get("nonResourceRules") or []
    errors = [] if subjects else [required(f"{path}.subjects", "subjects must contain at least one value")]
    for index, subject in enumerate(subjects):
        errors += _subject(subject, f"{path}.subjects[{index}]")
    if not resources and not urls:
        words = "at least one of resourceRules and nonResourceRules has to be non-empty"
        errors.append(required(path, words))
    for index, item in enumerate(resources):
        errors += _resource_rule(item, f"{path}.resourceRules[{index}]")
    for index, item in enumerate(urls):
        errors += _url_rule(item, f"{path}.nonResourceRules[{index}]")
    return errors


def _subject(subject: Object, path: str) -> Errors:
    kind = subject.get("kind", "")
    if kind not in SUBJECTS:
        return [checks.unsupported(f"{path}.kind", kind, SUBJECTS)]
    key = SUBJECTS[kind]
    who, at = subject.get(key), f"{path}.{key}"
    if who is None:
        errors = [required(at, f"{key} is required when subject kind is '{kind}'")]
    else:
        name = who.get("name", "")
        errors = [] if name else [required(f"{at}.name")]
        if kind == "ServiceAccount":
            errors += checks.subdomain(name, f"{at}.name") if name not in ("", "*") else []
            namespace, where = who.get("namespace", ""), f"{at}.namespace"
            missing = [required(where, "must specify namespace for service account")]
            errors += checks.label(namespace, where) if namespace else missing
    for other in ("ServiceAccount", "User", "Group"):
        if other != kind and subject.get(SUBJECTS[other]) is not None:
            key = SUBJECTS[other]
            words = f"{key} is forbidden when subject kind is not '{other}'"
            errors.append(forbidden_field(f"{path}.{key}", words))
    return errors


def _verbs(verbs: list[str], path: str) -> Errors:
    if not verbs:
        return [required(path, "verbs must contain at least one value")]
    if "*" in verbs:
        words = "if '*' is present, must not specify other verbs"
        return [invalid_value(path, verbs, words)] if len(verbs) > 1 else []
    return [] if set(verbs) <= set(VERBS) else [checks.unsupported(path, verbs, VERBS)]


def _alone(items: list[str], path: str, word: str) -> Errors:
    """A star stands alone."""
    lonely = len(items) <= 1 or "*" not in items
    return [] if lonely else [invalid_value(path, items, f"if '*' is present, must not specify other {word}")]


def _resource_rule(rule: Object, path: str) -> Errors:
    errors = _verbs(rule.get("verbs") or [], f"{path}.verbs")
    for key, one, many in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        items = rule.get(key) or []
        if not items:
            errors.append(required(f"{path}.{key}", f"resource rules must supply at least one {one}"))
        errors += _alone(items, f"{path}.{key}", many)
    namespaces = rule.get("namespaces") or []
    if not namespaces and not rule.get("clusterScope"):
        words = "resource rules that are not cluster scoped must supply at least one namespace"
        errors.append(required(f"{path}.namespaces", words))
    elif "*" in namespaces:
        errors += _alone(namespaces, f"{path}.namespaces", "namespaces")
    else:
        told = "each member of this list must be '*' or a DNS-1123 label; "
        for index, namespace in enumerate(namespaces):
            at = f"{path}.namespaces[{index}]"
            errors += checks.worded(lambda text: [told + word for word in names.dns_label(text)], namespace, at)
    return errors


def _url_rule(rule: Object, path: str) -> Errors:
    errors = _verbs(rule.get("verbs") or [], f"{path}.verbs")
    urls = rule.get("nonResourceURLs") or []
    if not urls:
        words = "nonResourceURLs must contain at least one value"
        errors.append(required(f"{path}.nonResourceURLs", words))
    elif "*" in urls:
        errors += _alone(urls, f"{path}.nonResourceURLs", "non-resource URLs")
    else:
        for index, url in enumerate(urls):
            if problem := _url_problem(url):
                errors.append(invalid_value(f"{path}.nonResourceURLs[{index}]", url, problem))
    return errors


def _url_problem(url: str) -> str:
    if not url:
        return "must not be empty"
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    if "*" in url and (url.count("*") > 1 or not url.endswith("/*")):
        return "wildcard can only do suffix matching"
    return ""


# PriorityLevelConfiguration.


def default_level(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    limited, exempt = spec.get("limited"), spec.get("exempt")
    if exempt is not None:
        exempt.setdefault("nominalConcurrencyShares", 0)
        exempt.setdefault("lendablePercent", 0)
    if limited is not None:
        if limited.get("nominalConcurrencyShares") is None:
            limited["nominalConcurrencyShares"] = 30
        limited.setdefault("lendablePercent", 0)
        queuing = (limited.get("limitResponse") or {}).get("queuing")
        if queuing is not None:
            for key, value in (("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)):
                queuing[key] = queuing.get(key) or value


def validate_level(new: Object, old: Object | None) -> Errors:
    spec, name = new["spec"], new["metadata"].get("name", "")
    kind, limited, exempt = spec.get("type", ""), spec.get("limited"), spec.get("exempt")
    errors: Errors = []
    late: Errors = []
    if (name == "exempt") != (kind == "Exempt"):
        errors.append(invalid_value("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'"))
    if kind == "Exempt":
        late += [forbidden_field("spec.limited", "")] if limited is not None else []
        errors += _shares(exempt, "spec.exempt") if exempt is not None else []
    elif kind == "Limited":
        late += [forbidden_field("spec.exempt", "")] if exempt is not None else []
        late += [required("spec.limited")] if limited is None else []
    elif kind:
        errors.append(checks.unsupported("spec.type", kind, ("Exempt", "Limited")))
    else:
        late.append(required("spec.type"))
    if kind == "Limited" and limited is not None:
        found, more = _limited(limited, "spec.limited")
        errors, late = errors + found, late + more
    return errors + _fixed_level(name, spec) + late


def _shares(level: Object, path: str) -> Errors:
    errors: Errors = []
    shares, percent = level.get("nominalConcurrencyShares", 0), level.get("lendablePercent", 0)
    if shares < 0:
        errors.append(invalid_value(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer"))
    if not 0 <= percent <= 100:
        errors.append(invalid_value(f"{path}.lendablePercent", percent, "must be between 0 and 100, inclusive"))
    return errors


def _limited(level: Object, path: str) -> tuple[Errors, Errors]:
    """What rules in code say, and what the schema says after them."""
    errors = _shares({**level, "lendablePercent": 0}, path)
    found, late = _response(level.get("limitResponse") or {}, f"{path}.limitResponse")
    errors += found
    errors += _shares({**level, "nominalConcurrencyShares": 0}, path)
    borrowing = level.get("borrowingLimitPercent", 0)
    if borrowing < 0:
        words = "if specified, must be a non-negative integer"
        errors.append(invalid_value(f"{path}.borrowingLimitPercent", borrowing, words))
    return errors, late


def _response(response: Object, path: str) -> tuple[Errors, Errors]:
    kind, queuing = response.get("type", ""), response.get("queuing")
    if kind == "Reject":
        return [], [forbidden_field(f"{path}.queuing", "")] if queuing is not None else []
    if kind == "Queue":
        return (
            (_queuing(queuing, f"{path}.queuing"), []) if queuing is not None else ([], [required(f"{path}.queuing")])
        )
    if kind:
        return [checks.unsupported(f"{path}.type", kind, ("Queue", "Reject"))], []
    return [], [required(f"{path}.type")]


def _queuing(queuing: Object, path: str) -> Errors:
    limit, queues, hand = (queuing.get(key, 0) for key in ("queueLengthLimit", "queues", "handSize"))
    errors: Errors = []
    if limit <= 0:
        errors.append(invalid_value(f"{path}.queueLengthLimit", limit, "must be positive"))
    if queues <= 0:
        errors.append(invalid_value(f"{path}.queues", queues, "must be positive"))
    elif queues > QUEUES_MAX:
        errors.append(invalid_value(f"{path}.queues", queues, f"must not be greater than {QUEUES_MAX}"))
    if hand <= 0:
        errors.append(invalid_value(f"{path}.handSize", hand, "must be positive"))
    elif hand > queues:
        words = f"should not be greater than queues ({queues})"
        errors.append(invalid_value(f"{path}.handSize", hand, words))
    elif ceil(log2(queues) * hand) > HASH_BITS_MAX:
        sizes = f"required entropy bits of deckSize {queues} and handSize {hand}"
        words = f"{sizes} should not be greater than {HASH_BITS_MAX}"
        errors.append(invalid_value(f"{path}.handSize", hand, words))
    return errors


def _fixed_level(name: str, spec: Object) -> Errors:
    if name == "exempt" and {key: value for key, value in spec.items() if key != "exempt"} != {"type": "Exempt"}:
        words = "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"
    elif name == "catch-all" and spec != CATCH_ALL_LEVEL:
        words = "spec of 'catch-all' must equal the fixed value"
    else:
        return []
    return [invalid_value("spec", checks.spelled(spec, LEVEL), words)]


# How a refused spec is shown.

METHOD = (("Type", "type"),)
NAMED = (("Name", "name"),)
ACCOUNT = (("Namespace", "namespace"), ("Name", "name"))
SUBJECT = (
    ("Kind", "kind"),
    ("User", ("user", NAMED)),
    ("Group", ("group", NAMED)),
    ("ServiceAccount", ("serviceAccount", ACCOUNT)),
)
RESOURCE_RULE = (
    ("Verbs", "verbs"),
    ("APIGroups", "apiGroups"),
    ("Resources", "resources"),
    ("ClusterScope", "clusterScope"),
    ("Namespaces", "namespaces"),
)
URL_RULE = (("Verbs", "verbs"), ("NonResourceURLs", "nonResourceURLs"))
SHARES = (("NominalConcurrencyShares", "nominalConcurrencyShares"), ("LendablePercent", "lendablePercent"))
QUEUING = (("Queues", "queues"), ("HandSize", "handSize"), ("QueueLengthLimit", "queueLengthLimit"))
RESPONSE = (("Type", "type"), ("Queuing", ("queuing", QUEUING)))
LIMITED = (
    ("NominalConcurrencyShares", "nominalConcurrencyShares"),
    ("LimitResponse", ("limitResponse", RESPONSE)),
    ("LendablePercent", "lendablePercent"),
    ("BorrowingLimitPercent", "borrowingLimitPercent"),
)
LEVEL = (("Type", "type"), ("Limited", ("limited", LIMITED)), ("Exempt", ("exempt", SHARES)))


def _shown_schema(spec: Object) -> Object:
    rules = []
    for rule in spec.get("rules") or []:
        resources = [
            checks.spelled({"clusterScope": False, **r}, RESOURCE_RULE) for r in rule.get("resourceRules") or []
        ]
        rules.append(
            {
                "Subjects": [checks.spelled(subject, SUBJECT) for subject in rule.get("subjects") or []] or None,
                "ResourceRules": resources or None,
                "NonResourceRules": [checks.spelled(r, URL_RULE) for r in rule.get("nonResourceRules") or []] or None,
            }
        )
    return {
        "PriorityLevelConfiguration": {"Name": (spec.get("priorityLevelConfiguration") or {}).get("name", "")},
        "MatchingPrecedence": spec["matchingPrecedence"],
        "DistinguisherMethod": checks.spelled(spec.get("distinguisherMethod"), METHOD),
        "Rules": rules or None,
    }


def validate_status(new: Object, old: Object) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, condition in enumerate((new.get("status") or {}).get("conditions") or []):
        kind, path = condition.get("type", ""), f"status.conditions[{index}].type"
        if kind in seen:
            errors.append(duplicate(path, kind))
        seen.add(kind)
        if not kind:
            errors.append(required(path))
    return errors


BEHAVIOURS = {
    f"flowschemas.{GROUP}": Behaviour(
        default=default_schema,
        prepare=checks.preparing({}, "spec"),
        validate=validate_schema,
        prepare_status=checks.status_only(),
        validate_status=validate_status,
    ),
    f"prioritylevelconfigurations.{GROUP}": Behaviour(
        default=default_level,
        prepare=checks.preparing({}, "spec"),
        validate=validate_level,
        prepare_status=checks.status_only(),
        validate_status=validate_status,
    ),
}
