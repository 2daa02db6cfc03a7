"""What selects what: label selectors (text and object), field selectors, and the terms that choose nodes.

A label selector of either form becomes `Requirements`, a tuple that must hold as a whole; the empty one selects all.
A LabelSelector that is missing selects nothing, which `requirements` tells by None.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, bad_request, forbidden_field, invalid_value, required

Object = dict[str, Any]

IN, NOT_IN, EXISTS, MISSING = "in", "notin", "exists", "!"
EQUALS, DOUBLE_EQUALS, NOT_EQUALS, GREATER, LESS = "=", "==", "!=", "gt", "lt"

# Operators of LabelSelector objects, and of node selector terms, which have two more.
OBJECT_OPERATORS = {"In": IN, "NotIn": NOT_IN, "Exists": EXISTS, "DoesNotExist": MISSING}
NODE_OPERATORS = {**OBJECT_OPERATORS, "Gt": GREATER, "Lt": LESS}

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label; `values` are sorted and without doubles."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: dict[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "in" | "=" | "==":
                return value is not None and value in self.values
            case "notin" | "!=":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
            case _:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        if value is None or len(self.values) != 1:
            return False
        left, right = integer(value), integer(self.values[0])
        if left is None or right is None:
            return False
        return left > right if self.operator == GREATER else left < right

    def __str__(self) -> str:
        joined = ",".join(self.values)
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({joined})"
            case "gt" | "lt":
                return f"{self.key}{'>' if self.operator == GREATER else '<'}{joined}"
            case _:
                return f"{self.key}{self.operator}{joined}"


Requirements = tuple[Requirement, ...]


def integer(text: str) -> int | None:
    """A 64-bit decimal number as Kubernetes reads it from a label."""
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def matches(selector: Requirements | None, labels: dict[str, str]) -> bool:
    return selector is not None and all(requirement.holds(labels) for requirement in selector)


def text(selector: Requirements | None) -> str:
    """The text form, as the scale subresource shows it."""
    return ",".join(map(str, selector or ()))


# Objects


def requirements(selector: Object | None) -> Requirements | None:
    """A LabelSelector as requirements in order of their keys; None for one that is missing, which selects nothing."""
    if selector is None:
        return None
    found = [Requirement(key, EQUALS, (value,)) for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or ():
        operator = OBJECT_OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            raise bad_request(f'"{expression.get("operator", "")}" is not a valid label selector operator')
        found.append(Requirement(expression["key"], operator, tuple(sorted(set(expression.get("values") or ())))))
    return tuple(sorted(found, key=lambda requirement: requirement.key))


def selects(selector: Object | None, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector selects these labels. Who asks for many labels keeps `requirements` instead."""
    return matches(requirements(selector), labels)


def from_map(labels: dict[str, str] | None) -> Requirements:
    """A selector that is a plain map (services, replication controllers)."""
    return tuple(Requirement(key, EQUALS, (value,)) for key, value in sorted((labels or {}).items()))


def validate(selector: Object | None, path: str, invalid_values: bool = False) -> list[FieldError]:
    """What is wrong with a LabelSelector at `path`. `invalid_values` lets bad values pass, as old objects may have."""
    if selector is None:
        return []
    errors = validate_labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        errors += _validate_expression(expression, f"{path}.matchExpressions[{index}]", invalid_values)
    return errors


def validate_labels(labels: dict[str, str] | None, path: str) -> list[FieldError]:
    """Keys and values of a map of labels."""
    errors = []
    for key, value in (labels or {}).items():
        errors += validate_key(key, path)
        errors += [invalid_value(path, value, word) for word in names.label_value(value)]
    return errors


def validate_key(key: str, path: str) -> list[FieldError]:
    return [invalid_value(path, key, word) for word in names.qualified_name(key)]


OF_SETS = ("In", "NotIn", "Exists", "DoesNotExist")


def _count_errors(operator: str, values: list[str], path: str) -> list[FieldError]:
    """Whether an operator of sets has the values that it needs, and none where it needs none."""
    if operator in ("In", "NotIn") and not values:
        return [required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")]
    if operator in ("Exists", "DoesNotExist") and values:
        words = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        return [forbidden_field(f"{path}.values", words)]
    return []


def _validate_expression(expression: Object, path: str, invalid_values: bool) -> list[FieldError]:
    operator, values = expression.get("operator", ""), expression.get("values") or []
    errors = _count_errors(operator, values, path)
    if operator not in OF_SETS:
        errors.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    errors += validate_key(expression.get("key", ""), f"{path}.key")
    if not invalid_values:
        for index, value in enumerate(values):
            errors += [invalid_value(f"{path}.values[{index}]", value, word) for word in names.label_value(value)]
    return errors


# Text


def parse(selector: str) -> Requirements:
    """The text form of a label selector: `a=b,c in (d,e),!f,g>1`. What cannot be read is a bad request."""
    tokens = _Tokens(selector)
    found: list[Requirement] = []
    try:
        while True:
            kind, literal = tokens.look()
            if kind == "end":
                break
            if kind not in ("word", "!"):
                raise _Unreadable(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                found.append(_requirement(tokens))
            except _Unreadable as error:
                raise _Unreadable(f"unable to parse requirement: {error}") from None
            kind, literal = tokens.take()
            if kind == "end":
                break
            if kind != ",":
                raise _Unreadable(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = tokens.look()
            if kind not in ("word", "!"):
                raise _Unreadable(f"found '{literal}', expected: identifier after ','")
    except _Unreadable as error:
        raise bad_request(str(error)) from None
    return tuple(sorted(found, key=lambda requirement: requirement.key))


class _Unreadable(Exception):
    """Why a text is no selector."""


class _Tokens:
    """The words and signs of a selector, one at a time. `in` and `notin` are operators only where one is expected."""

    PATTERN = re.compile(r"[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^=!(),<> \t\r\n]+))")

    def __init__(self, text: str) -> None:
        self.items = [
            (sign, sign) if sign else ("word", word) for sign, word in self.PATTERN.findall(text.partition("\0")[0])
        ]
        self.at = 0

    def look(self) -> tuple[str, str]:
        return self.items[self.at] if self.at < len(self.items) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.look()
        self.at += 1
        return token

    def operator(self) -> str:
        kind, literal = self.take()
        if kind in ("=", "==", "!=", "<", ">") or (kind == "word" and literal in (IN, NOT_IN)):
            return {"<": LESS, ">": GREATER}.get(literal, literal)
        raise _Unreadable(f"found '{literal}', expected: in, notin, =, ==, !=, gt, lt")


def _requirement(tokens: _Tokens) -> Requirement:
    kind, key = tokens.take()
    negated = kind == "!"
    if negated:
        kind, key = tokens.take()
    if kind != "word":
        raise _Unreadable(f"found '{key}', expected: identifier")
    if errors := names.qualified_name(key):
        raise _Unreadable(str(invalid_value("<nil>", key, "; ".join(errors))))
    if negated:
        return Requirement(key, MISSING)
    if tokens.look()[0] in ("end", ","):
        return Requirement(key, EXISTS)
    operator = tokens.operator()
    values = _value_list(tokens) if operator in (IN, NOT_IN) else {_exact_value(tokens)}
    return _checked(Requirement(key, operator, tuple(sorted(values))))


def _value_list(tokens: _Tokens) -> set[str]:
    """`(a,b)`. An empty place, as in `(a,)`, is the empty value."""
    kind, literal = tokens.take()
    if kind != "(":
        raise _Unreadable(f"found '{literal}' expected: '('")
    kind, literal = tokens.look()
    if kind == ")":
        tokens.take()
        return {""}
    if kind not in ("word", ","):
        raise _Unreadable(f"found '{literal}', expected: ',', ')' or identifier")
    values: set[str] = set()
    while True:
        kind, literal = tokens.take()
        following, ahead = tokens.look()
        if kind == "word":
            values.add(literal)
            if following == ")":
                break
            if following != ",":
                raise _Unreadable(f"found '{ahead}', expected: ',' or ')'")
        elif kind == ",":
            if not values or following in (")", ","):
                values.add("")
            if following == ")":
                break
        else:
            raise _Unreadable(f"found '{literal}', expected: ',', or identifier")
    tokens.take()
    return values


def _exact_value(tokens: _Tokens) -> str:
    if tokens.look()[0] in ("end", ","):
        return ""
    kind, literal = tokens.take()
    if kind != "word":
        raise _Unreadable(f"found '{literal}', expected: identifier")
    return literal


def _checked(requirement: Requirement) -> Requirement:
    """The requirement, when its values are what its operator can compare."""
    errors = []
    values = requirement.values
    if requirement.operator in (GREATER, LESS):
        words = "for 'Gt', 'Lt' operators, the value must be an integer"
        errors += [invalid_value(f"values[{i}]", v, words) for i, v in enumerate(values) if integer(v) is None]
    for index, value in enumerate(values):
        if words_ := names.label_value(value):
            errors.append(invalid_value(f"values[{index}][{requirement.key}]", value, "; ".join(words_)))
    if errors:
        told = [str(error) for error in errors]
        raise _Unreadable(told[0] if len(told) == 1 else f"[{', '.join(told)}]")
    return requirement


# Fields


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """`key=value`, `key==value` or `key!=value`; `key` is the path of a field."""

    key: str
    operator: str
    value: str

    @property
    def negated(self) -> bool:
        return self.operator == NOT_EQUALS


FieldTerms = tuple[FieldTerm, ...]
_ESCAPED = re.compile(r"\\(.?)|([=,])", re.DOTALL)


def parse_fields(selector: str) -> FieldTerms:
    """A field selector: `a=b,c!=d`; a backslash keeps a comma, an equals sign or itself in a value."""
    found = []
    for part in re.findall(r"(?:\\.|[^,\\]|\\$)+", selector, re.DOTALL):
        term = re.match(r"((?:\\.|[^=!\\]|!(?!=))*?)(!=|==|=)(.*)", part, re.DOTALL)
        if term is None:
            raise bad_request(f"invalid selector: '{selector}'; can't understand '{part}'")
        found.append(FieldTerm(term[1], term[2], _unescaped(term[3])))
    return tuple(found)


def _unescaped(value: str) -> str:
    def plain(found: re.Match[str]) -> str:
        if found[2]:
            raise bad_request(f"invalid field selector: unescaped character in value: {ord(found[2])}")
        if found[1] and found[1] in "\\,=":
            return found[1]
        raise bad_request(f"invalid field selector: invalid escape sequence: \\{found[1]}")

    return _ESCAPED.sub(plain, value)


# How two kinds word the refusal of a path; the others say "field label not supported: PATH".
UNSUPPORTED_FIELD = {
    "jobs.batch": 'field label "{}" not supported for Job',
    "resourceslices.resource.k8s.io": "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {}",
}


def check_fields(terms: FieldTerms, own: Iterable[str], namespaced: bool, resource: str = "") -> None:
    """Refuses paths that a kind cannot select by. `own` are those of the kind beside its name and namespace."""
    own = tuple(own)
    known = {"metadata.name", "metadata.namespace", *own}
    if own and not namespaced:
        known.discard("metadata.namespace")  # A kind with fields of its own names each; the others take both.
    for term in terms:
        if term.key not in known:
            if own:
                raise bad_request(UNSUPPORTED_FIELD.get(resource, "field label not supported: {}").format(term.key))
            words = 'only "metadata.name", "metadata.namespace"'
            raise bad_request(f'"{term.key}" is not a known field selector: {words}')


def matches_fields(terms: FieldTerms, read: Callable[[str], str]) -> bool:
    """`read` gives the value at a path, "" when there is none."""
    return all((read(term.key) == term.value) != term.negated for term in terms)


# Nodes


def selects_node(selector: Object | None, node: Object) -> bool:
    """A NodeSelector: one of its terms must hold. A missing selector holds, one without terms does not."""
    if selector is None:
        return True
    return any(term_selects_node(term, node) for term in selector.get("nodeSelectorTerms") or ())


def term_selects_node(term: Object, node: Object) -> bool:
    """A term without expressions selects no node."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    metadata = node["metadata"]
    return _all_hold(expressions, metadata.get("labels") or {}) and _all_hold(
        fields, {"metadata.name": metadata.get("name", "")}
    )


def _all_hold(expressions: Iterable[Object], values: dict[str, str]) -> bool:
    for expression in expressions:
        operator = NODE_OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            return False
        if not Requirement(expression.get("key", ""), operator, tuple(expression.get("values") or ())).holds(values):
            return False
    return True


def validate_node_requirement(expression: Object, path: str, invalid_values: bool = False) -> list[FieldError]:
    """One of `matchExpressions` of a node selector term."""
    operator, values = expression.get("operator", ""), expression.get("values") or []
    errors = _count_errors(operator, values, path)
    if operator in ("Gt", "Lt"):
        if len(values) != 1:
            words = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            errors.append(required(f"{path}.values", words))
    elif operator not in OF_SETS:
        errors.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    errors += validate_key(expression.get("key", ""), f"{path}.key")
    if not invalid_values:
        for index, value in enumerate(values):
            errors += [invalid_value(f"{path}.values[{index}]", value, word) for word in names.label_value(value)]
    return errors


def validate_node_field(expression: Object, path: str, check: Callable[[str], list[str]]) -> list[FieldError]:
    """One of `matchFields` of a node selector term; `check` complains about a node's name."""
    operator, values = expression.get("operator", ""), expression.get("values") or []
    errors = []
    if operator not in ("In", "NotIn"):
        errors.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    elif len(values) != 1:
        words = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(f"{path}.values", words))
    if expression.get("key", "") != "metadata.name":
        errors.append(invalid_value(f"{path}.key", expression.get("key", ""), "not a valid field selector key"))
        return errors
    for index, value in enumerate(values):
        errors += [invalid_value(f"{path}.values[{index}]", value, word) for word in check(value)]
    return errors
