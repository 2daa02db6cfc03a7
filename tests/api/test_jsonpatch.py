"""JSON patch: what each operation does, also where Kubernetes is looser than the RFC, and what is refused."""

from typing import Any

import pytest

from picok8s.api.errors import ApiError
from picok8s.api.jsonpatch import json_patch, unknown_members

OBJ = {"data": {"x": "1"}, "list": ["a", "b"]}


@pytest.mark.parametrize(
    "operation, expected",
    [
        ({"op": "add", "path": "/data/y", "value": "2"}, {"data": {"x": "1", "y": "2"}, "list": ["a", "b"]}),
        ({"op": "replace", "path": "/data/y", "value": "2"}, {"data": {"x": "1", "y": "2"}, "list": ["a", "b"]}),
        ({"op": "remove", "path": "/data/x"}, {"data": {}, "list": ["a", "b"]}),
        ({"op": "add", "path": "/list/-", "value": "c"}, {"data": {"x": "1"}, "list": ["a", "b", "c"]}),
        ({"op": "add", "path": "/list/0", "value": "c"}, {"data": {"x": "1"}, "list": ["c", "a", "b"]}),
        ({"op": "remove", "path": "/list/-1"}, {"data": {"x": "1"}, "list": ["a"]}),
        ({"op": "add", "path": "/list/-1", "value": "c"}, {"data": {"x": "1"}, "list": ["a", "b", "c"]}),
        ({"op": "move", "from": "/data/x", "path": "/x"}, {"data": {}, "list": ["a", "b"], "x": "1"}),
        ({"op": "copy", "from": "/no", "path": "/y"}, {**OBJ, "y": None}),
        ({"op": "test", "path": "/no", "value": None}, OBJ),
        ({"op": "add", "path": "/a~1b~0c", "value": 1}, {**OBJ, "a/b~c": 1}),
        ({"op": "replace", "path": "", "value": {}}, {}),
    ],
)
def test_operations(operation: dict, expected: Any) -> None:
    assert json_patch(OBJ, [operation]) == expected
    assert OBJ == {"data": {"x": "1"}, "list": ["a", "b"]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/no"},
        {"op": "add", "path": "/no/x", "value": 1},
        {"op": "add", "path": "/list/5", "value": 1},
        {"op": "remove", "path": "/list/-3"},
        {"op": "replace", "path": "/list/x", "value": 1},
        {"op": "move", "from": "/no", "path": "/y"},
        {"op": "test", "path": "/data/x", "value": 1},
        {"op": "frob", "path": "/data/x"},
        {"op": "add"},
        {},
        None,
    ],
)
def test_an_operation_that_fails_is_only_said_to_have_failed(operation: Any) -> None:
    with pytest.raises(ApiError) as refused:
        json_patch(OBJ, [operation])
    assert refused.value.code == 422
    assert refused.value.message == "the server rejected our request due to an error in our request"


def test_an_object_is_no_patch() -> None:
    with pytest.raises(ApiError, match="cannot unmarshal object into Go value of type"):
        json_patch(OBJ, {"op": "add"})


def test_too_many_operations() -> None:
    with pytest.raises(ApiError) as refused:
        json_patch(OBJ, [{}] * 10001)
    assert refused.value.code == 413


def test_unknown_members_are_named() -> None:
    assert unknown_members([{"op": "add"}, {"op": "add", "extra": 1}]) == ['json patch unknown field "[1].extra"']
