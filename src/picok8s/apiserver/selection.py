"""Which objects a list, watch or deletion of many means: the selectors of the query as one predicate over stored objects."""

from collections.abc import Callable
from typing import Any

from picok8s.api import selectors
from picok8s.api.resource import Resource
from picok8s.apiserver.messages import Call

Object = dict[str, Any]
Predicate = Callable[[Object], bool]

NAME, NAMESPACE = "metadata.name", "metadata.namespace"


def predicate(call: Call) -> Predicate | None:
    """What the query selects; None when it selects everything. Raises ApiError for selectors that do not parse."""
    tests: list[Predicate] = []
    if text := call.request.one("labelSelector"):
        tests.append(_labels(text))
    if text := call.request.one("fieldSelector"):
        tests.append(_fields(text, call.of))
    if call.name:  # A watch of one object by its path.
        name = call.name
        tests.append(lambda obj: obj["metadata"]["name"] == name)
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda obj: all(test(obj) for test in tests)


def _labels(text: str) -> Predicate:
    selector = selectors.parse(text)
    return lambda obj: selectors.matches(selector, obj["metadata"].get("labels") or {})


def _fields(text: str, resource: Resource) -> Predicate:
    readers: dict[str, Callable[[Object], str]] = {
        NAME: lambda obj: str(obj["metadata"]["name"]),
        NAMESPACE: lambda obj: str(obj["metadata"].get("namespace", "")),
        **resource.behaviour.fields,
    }
    terms = selectors.parse_fields(text)
    selectors.check_fields(terms, resource.behaviour.fields, resource.namespaced, resource.name)
    return lambda obj: selectors.matches_fields(terms, lambda path: readers[path](obj))
