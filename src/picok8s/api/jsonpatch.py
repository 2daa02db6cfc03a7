"""JSON patch (RFC 6902) as Kubernetes applies it, which is looser than the RFC:

`replace` of a missing member of a map adds it, `copy` of one copies null, `test` of one against null holds, and a
negative index counts from the end of a list. The library `jsonpatch` is stricter in each, so these rules are ours.
"""

import re
from collections.abc import Callable
from typing import Any

import orjson

from picok8s.api import objects
from picok8s.api.errors import ApiError, bad_request

Object = dict[str, Any]
Container = dict[str, Any] | list[Any]

OPERATIONS_MAX = 10_000
MEMBERS = frozenset(("op", "path", "from", "value"))

_INDEX = re.compile(r"[+-]?[0-9]+", re.ASCII)
_MISSING = object()


class PatchFailed(Exception):
    """Why an operation does not apply, in words for logs: clients are told only that it failed."""


def json_patch(obj: Object, operations: Any) -> Any:
    """`obj` with `operations` applied. Raises ApiError: 400 for no patch, 413 for too many, 422 if one fails."""
    check(operations)
    document = objects.copy(obj)
    try:
        for operation in operations or ():
            document = _apply(document, operation)
    except PatchFailed as error:
        raise failed() from error
    return document


def check(operations: Any) -> None:
    """Refuses what is no list of operations."""
    if operations is None:
        return
    if not isinstance(operations, list):
        raise not_decoded(operations, "[]handlers.jsonPatchOp")
    for operation in operations:
        if not isinstance(operation, dict) and operation is not None:
            raise not_decoded(operation, "handlers.jsonPatchOp")
    if len(operations) > OPERATIONS_MAX:
        words = f"The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {len(operations)}"
        raise ApiError("RequestEntityTooLarge", f"Request entity too large: {words}")


def unknown_members(operations: list[Object]) -> list[str]:
    """Members of operations that mean nothing, in the words of strict decoding."""
    return [
        f'json patch unknown field "[{index}].{key}"'
        for index, operation in enumerate(operations)
        for key in operation
        if key not in MEMBERS
    ]


def failed() -> ApiError:
    """What a client is told of a patch that does not apply."""
    return ApiError("Invalid", "the server rejected our request due to an error in our request", {})


def not_decoded(value: Any, wanted: str) -> ApiError:
    """A patch that is JSON of the wrong kind."""
    return bad_request(f"error decoding patch: json: cannot unmarshal {_go_kind(value)} into Go value of type {wanted}")


def _go_kind(value: Any) -> str:
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) else "number"


def _apply(document: Any, operation: Object | None) -> Any:
    if not isinstance(operation, dict):
        raise PatchFailed("no operation")
    kind, path = operation.get("op"), operation.get("path")
    if not isinstance(path, str):
        raise PatchFailed(f"{kind} operation without a path")
    if path == "" and kind == "replace":
        if not isinstance(operation.get("value"), dict | list):
            raise PatchFailed("replace operation value must be object or array")
        return operation["value"]
    if path == "" and kind == "test":
        if not same(document, operation.get("value")):
            raise PatchFailed("testing the whole failed")
        return document
    action = _ACTIONS.get(kind) if isinstance(kind, str) else None
    if action is None:
        raise PatchFailed(f"unexpected kind: {kind}")
    action(document, operation, path)
    return document


def _add(document: Any, operation: Object, path: str) -> None:
    container, key = _find(document, path)
    _insert(container, key, operation.get("value"))


def _remove(document: Any, operation: Object, path: str) -> None:
    container, key = _find(document, path)
    _take(container, key)


def _replace(document: Any, operation: Object, path: str) -> None:
    container, key = _find(document, path)
    if isinstance(container, dict):
        container[key] = operation.get("value")
    else:
        container[_index(key, len(container))] = operation.get("value")


def _move(document: Any, operation: Object, path: str) -> None:
    container, key = _find(document, _source(operation))
    value = _take(container, key)
    _insert(*_find(document, path), value)


def _copy(document: Any, operation: Object, path: str) -> None:
    value = _get(*_find(document, _source(operation)))
    _insert(*_find(document, path), objects.copy(value))


def _test(document: Any, operation: Object, path: str) -> None:
    if not same(_get(*_find(document, path)), operation.get("value")):
        raise PatchFailed(f"testing value {path} failed")


_ACTIONS: dict[str, Callable[[Any, Object, str], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values, which tells 1 from 1.0 and from true."""
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)


def _source(operation: Object) -> str:
    path = operation.get("from")
    if not isinstance(path, str):
        raise PatchFailed("operation without a source")
    return path


def _find(document: Any, path: str) -> tuple[Container, str]:
    """What holds the last member of a path, and the name of that member."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]
    if len(parts) < 2:
        raise PatchFailed(f"missing path: {path}")
    here = document
    for part in parts[1:-1]:
        here = _get(here, part)
        if not isinstance(here, dict | list):
            raise PatchFailed(f"missing path: {path}")
    return here, parts[-1]


def _get(container: Container, key: str) -> Any:
    if isinstance(container, dict):
        return container.get(key)
    return container[_index(key, len(container))]


def _insert(container: Container, key: str, value: Any) -> None:
    if isinstance(container, dict):
        container[key] = value
    elif key == "-":
        container.append(value)
    else:
        container.insert(_index(key, len(container) + 1), value)


def _take(container: Container, key: str) -> Any:
    if isinstance(container, list):
        return container.pop(_index(key, len(container)))
    value = container.pop(key, _MISSING)
    if value is _MISSING:
        raise PatchFailed(f"nonexistent key: {key}")
    return value


def _index(key: str, length: int) -> int:
    """A place in a list of `length`."""
    if not _INDEX.fullmatch(key):
        raise PatchFailed(f"no index: {key}")
    index = int(key)
    if not -length <= index < length:
        raise PatchFailed(f"invalid index: {index}")
    return index % length
