"""resource.k8s.io: the small things that claims, classes and slices of devices have in common: names, taints, settings.

Rules come in two groups, as upstream's: what its code checks, and after all of that what its schema says. A `Found`
keeps both.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from picok8s.api import names, selectors
from picok8s.api.errors import FieldError, duplicate, invalid_value, required, too_long, too_many
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]

DRIVER_MAX = 63
IDENTIFIER_MAX = 32
PARAMETERS_MAX = 10 * 1024
CONDITIONS_MAX = 4
EFFECTS = ("NoExecute", "NoSchedule", "None")
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
CASELESS = names.pattern(
    "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    "Example.com",
)


@dataclass(slots=True)
class Found:
    """`code`: what rules in code found; `schema`: what the schema's rules found, told after the rest."""

    code: Errors = field(default_factory=list)
    schema: Errors = field(default_factory=list)

    def all(self) -> Errors:
        return self.code + self.schema


def many(found: Found, items: list[Any], path: str, limit: int, key: Callable[[Any], Any] | None = None) -> bool:
    """The schema's rules of a list: not too long, no item twice (by its key). False when it is too long to go on."""
    if len(items) > limit:
        found.schema.append(too_many(path, len(items), limit))
        return False
    if key is not None:
        seen: list[Any] = []
        for index, item in enumerate(items):
            if key(item) in seen:
                found.schema.append(duplicate(f"{path}[{index}]", item))
            seen.append(key(item))
    return True


# Names.


def driver(name: str, path: str) -> Errors:
    """As upstream's code checks it."""
    if not name:
        return [required(path)]
    errors = [too_long(path, DRIVER_MAX)] if len(name) > DRIVER_MAX else []
    return errors + [invalid_value(path, name, text) for text in names.dns_subdomain(name.lower())]


def marked_driver(name: str, path: str) -> Errors:
    """As the schema does, in other words."""
    if not name:
        return [required(path)]
    errors = [too_long(path, DRIVER_MAX, f"Too long: may not be more than {DRIVER_MAX} characters")]
    errors = errors if len(name) > DRIVER_MAX else []
    return errors + ([invalid_value(path, name, CASELESS)] if names.dns_subdomain(name.lower()) else [])


def pool(name: str, path: str) -> Errors:
    """Subdomains, separated by slashes."""
    if not name:
        return [required(path)]
    errors = [too_long(path, names.SUBDOMAIN_MAX)] if len(name) > names.SUBDOMAIN_MAX else []
    for part in name.split("/"):
        errors += checks.subdomain(part, path)
    return errors


def qualified(name: str, path: str) -> Errors:
    """An identifier, or one of a driver's domain. More than one slash is not looked into."""
    parts = name.split("/")
    if len(parts) == 1:
        return _identifier(name, path)
    if len(parts) > 2:
        return []
    domain, identifier = parts
    errors = driver(domain, path) if domain else [invalid_value(path, "", "the domain must not be empty")]
    if not identifier:
        return [*errors, invalid_value(path, "", "the name must not be empty")]
    return errors + _identifier(identifier, path)


def fully_qualified(name: str, path: str) -> Errors:
    errors = qualified(name, path)
    if "/" not in name:
        words = "a fully qualified name must be a domain and a name separated by a slash"
        errors.append(invalid_value(path, name, words))
    return errors


def _identifier(text: str, path: str) -> Errors:
    errors = [too_long(path, IDENTIFIER_MAX)] if len(text) > IDENTIFIER_MAX else []
    return errors + checks.worded(names.c_identifier, text, path)


# Settings and free-form data.


def settings(found: Found, config: Object, path: str) -> None:
    """The opaque configuration of a driver."""
    opaque = config.get("opaque")
    if opaque is None:
        found.code.append(required(f"{path}.opaque"))
        return
    found.code += free_form(opaque.get("parameters"), f"{path}.opaque.parameters")
    found.schema += marked_driver(opaque.get("driver", ""), f"{path}.opaque.driver")


def free_form(value: Any, path: str) -> Errors:
    if value is None:
        return [required(path)]
    if len(orjson.dumps(value)) > PARAMETERS_MAX:
        return [too_long(path, PARAMETERS_MAX)]
    return [] if isinstance(value, dict) else [invalid_value(path, "<value omitted>", "must be a valid JSON object")]


# Taints and tolerations.


def taint(found: Found, item: Object, path: str, old: Object | None = None) -> None:
    found.code += checks.qualified(item.get("key", ""), f"{path}.key")
    if item.get("value"):
        found.code += checks.label_value(item["value"], f"{path}.value")
    if old is None or old.get("effect") != item.get("effect"):
        found.schema += checks.one_of(item.get("effect"), f"{path}.effect", EFFECTS)


def toleration(found: Found, item: Object, path: str) -> None:
    key, operator, value = (item.get(word, "") for word in ("key", "operator", "value"))
    if key:
        found.schema += checks.qualified(key, f"{path}.key")
    if operator == "Exists" and value:
        found.code.append(invalid_value(f"{path}.value", value, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        found.code += checks.label_value(value, f"{path}.value")
    else:
        found.schema += [] if operator == "Exists" else checks.one_of(operator, f"{path}.operator", ("Equal", "Exists"))
    if item.get("effect") and item["effect"] not in EFFECTS:
        found.schema.append(checks.unsupported(f"{path}.effect", item["effect"], EFFECTS))


def date_taints(taints: Iterable[Object], moment: str | None) -> None:
    """A taint says since when it holds."""
    for item in taints:
        if moment and "timeAdded" not in item:
            item["timeAdded"] = moment


# What binding waits for.


def binding(found: Found, item: Object, path: str) -> None:
    wanted, failed = item.get("bindingConditions") or [], item.get("bindingFailureConditions") or []
    for key, texts in (("bindingConditions", wanted), ("bindingFailureConditions", failed)):
        if many(found, texts, f"{path}.{key}", CONDITIONS_MAX):
            for index, text in enumerate(texts):
                found.code += checks.qualified(text, f"{path}.{key}[{index}]")
    for key, texts in (("bindingConditions", wanted), ("bindingFailureConditions", failed)):
        for index, text in enumerate(texts):
            at = f"{path}.{key}[{index}]"
            if text in texts[:index]:
                found.code.append(duplicate(at, text))
            if texts is failed and text in wanted:
                words = "bindingFailureConditions must not overlap with bindingConditions"
                found.code.append(invalid_value(at, text, words))
    for one, other, items in (
        ("bindingConditions", "bindingFailureConditions", failed if not wanted else []),
        ("bindingFailureConditions", "bindingConditions", wanted if not failed else []),
    ):
        if items:
            words = f"{one} are required to use {other}"
            found.code.append(invalid_value(f"{path}.{one}", None, words))


# Which nodes.


def node_selector(selector: Object, path: str) -> Errors:
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    errors: Errors = []
    for index, term in enumerate(terms):
        for at, expression in enumerate(term.get("matchExpressions") or []):
            where = f"{path}.nodeSelectorTerms[{index}].matchExpressions[{at}]"
            errors += selectors.validate_node_requirement(expression, where)
    return errors
