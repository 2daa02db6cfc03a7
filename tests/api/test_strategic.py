"""Strategic merge: lists by their keys, directives, order, and what is refused."""

from typing import Any

import pytest

from picok8s.api.errors import ApiError
from picok8s.api.resource import preferred
from picok8s.api.schema import schema_of
from picok8s.api.strategic import strategic_merge

POD = schema_of(preferred("pods"))
C, D = {"name": "c", "image": "x", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}, {"name": "d"}


def containers(patch: Any, **more: Any) -> Any:
    return strategic_merge({"spec": {"containers": [C, D]}}, {"spec": {"containers": patch, **more}}, POD)["spec"][
        "containers"
    ]


def test_items_merge_by_their_key_and_new_ones_come_first() -> None:
    assert containers([{"name": "d", "image": "y"}]) == [C, {"name": "d", "image": "y"}]
    assert containers([{"name": "e"}]) == [{"name": "e"}, C, D]


@pytest.mark.parametrize(
    "patch, expected",
    [
        ([{"name": "c", "$patch": "delete"}], [D]),
        ([{"name": "z", "$patch": "delete"}], [C, D]),
        ([{"$patch": "replace"}, {"name": "n"}], [{"name": "n"}]),
        ([{"name": "c", "env": [{"$patch": "replace"}], "image": None}], [{"name": "c", "env": []}, D]),
        (
            [{"name": "c", "env": [{"name": "B", "value": "22"}, {"name": "A", "$patch": "delete"}]}],
            [{"name": "c", "image": "x", "env": [{"name": "B", "value": "22"}]}, D],
        ),
        ([{"name": "c", "args": ["z"]}], [{**C, "args": ["z"]}, D]),
    ],
)
def test_lists(patch: Any, expected: Any) -> None:
    assert containers(patch) == expected


def test_set_element_order() -> None:
    order = {"$setElementOrder/containers": [{"name": "d"}, {"name": "n"}, {"name": "c"}]}
    assert containers([{"name": "n"}], **order) == [D, {"name": "n"}, C]


def test_order_alone_moves_items() -> None:
    patch = {"spec": {"$setElementOrder/containers": [{"name": "d"}, {"name": "c"}]}}
    assert strategic_merge({"spec": {"containers": [C, D]}}, patch, POD) == {"spec": {"containers": [D, C]}}


def test_plain_lists_merge_and_lose_values() -> None:
    obj = {"metadata": {"finalizers": ["x/y"]}}
    added = strategic_merge(obj, {"metadata": {"finalizers": ["x/z"]}}, POD)
    assert added == {"metadata": {"finalizers": ["x/z", "x/y"]}}
    directive = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/y", "x/none"]}}
    assert strategic_merge(added, directive, POD) == {"metadata": {"finalizers": ["x/z"]}}


@pytest.mark.parametrize(
    "patch, labels",
    [
        ({"c": "3", "a": None}, {"b": "2", "c": "3"}),
        ({"$patch": "replace", "c": "3"}, {"c": "3"}),
        ({"$patch": "delete", "c": "3"}, {}),
    ],
)
def test_maps(patch: Any, labels: Any) -> None:
    obj = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    assert strategic_merge(obj, {"metadata": {"labels": patch}}, POD) == {"metadata": {"labels": labels}}


def test_an_unknown_directive_in_a_new_map_is_dropped() -> None:
    assert strategic_merge({"metadata": {}}, {"metadata": {"labels": {"$patch": "frob"}}}, POD) == {"metadata": {}}


def test_retain_keys_changes_the_source_of_a_volume() -> None:
    obj = {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    patch = {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "k"}}]}}
    assert strategic_merge(obj, patch, POD) == {"spec": {"volumes": [{"name": "v", "configMap": {"name": "k"}}]}}


@pytest.mark.parametrize(
    "patch, code, words",
    [
        ({"containers": [{"image": "z"}]}, 500, "map: map[image:z] does not contain declared merge key: name"),
        ({"containers": [{"name": "c", "$patch": "merge"}]}, 500, "merging lists cannot yet be specified in the patch"),
        (
            {"containers": [{"name": "c", "$patch": "frob"}]},
            500,
            "unknown patch type: frob in map: map[$patch:frob name:c]",
        ),
        ({"$retainKeys": ["volumes"], "containers": []}, 400, "invalid patch format of retainKeys"),
        (
            {
                "$setElementOrder/containers": [{"name": "c"}, {"name": "d"}],
                "containers": [{"name": "d"}, {"name": "c"}],
            },
            500,
            "The order in patch list:\n[map[name:d] map[name:c]]\n"
            " doesn't match $setElementOrder list:\n[map[name:c] map[name:d]]\n",
        ),
    ],
)
def test_what_makes_no_sense(patch: Any, code: int, words: str) -> None:
    with pytest.raises(ApiError) as refused:
        strategic_merge({"spec": {"containers": [C, D]}}, {"spec": patch}, POD)
    assert (refused.value.code, refused.value.message) == (code, words)


def test_a_list_is_no_patch_and_null_changes_nothing() -> None:
    with pytest.raises(ApiError, match="cannot unmarshal array"):
        strategic_merge({}, [1], POD)
    assert strategic_merge({"a": 1}, None, POD) == {"a": 1}
