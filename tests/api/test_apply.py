"""Ownership: who owns what after updates and applies, what conflicts, and what an apply removes."""

from typing import Any

import pytest

from picok8s.api.apply import Writer, after_write, apply, unreached
from picok8s.api.errors import ApiError
from picok8s.api.resource import preferred
from picok8s.api.schema import schema_of

CONFIG_MAP = schema_of(preferred("configmaps"))
DEPLOYMENT = schema_of(preferred("deployments.apps"))
NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def config_map(**data: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def deployment(*containers: dict, **spec: Any) -> dict:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": list(containers)}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a"},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template, **spec},
    }


def updated(manager: str, old: dict | None, new: dict, schema: Any = CONFIG_MAP, now: str = NOW) -> dict:
    entries = after_write(old, new, schema, Writer(manager, new["apiVersion"], new["kind"], now=now))
    return {**new, "metadata": {**new["metadata"], "managedFields": entries}}


def applied(manager: str, live: dict | None, config: dict, schema: Any = CONFIG_MAP, **more: Any) -> dict:
    writer = Writer(manager, config["apiVersion"], config["kind"], now=more.pop("now", NOW))
    return apply(live, config, schema, writer, **more)


def owned(obj: dict) -> dict[str, Any]:
    return {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"]["managedFields"]}


def test_a_create_owns_all_and_the_maps_that_it_made() -> None:
    obj = updated("up", None, config_map(x="1"))
    assert obj["metadata"]["managedFields"] == [
        {
            "manager": "up",
            "operation": "Update",
            "apiVersion": "v1",
            "time": NOW,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {".": {}, "f:x": {}}},
        }
    ]


def test_structs_that_are_always_there_are_not_owned() -> None:
    fields = owned(updated("up", None, deployment({"name": "c", "resources": {}}), DEPLOYMENT))["up"]["f:spec"]
    assert fields == {
        "f:selector": {},
        "f:template": {
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}, "f:name": {}, "f:resources": {}}}},
        },
    }


def test_an_update_takes_what_it_changes_and_drops_what_it_removes() -> None:
    live = applied("m1", None, config_map(x="1", y="1", z="1"))
    new = updated("up", live, {**live, "data": {"x": "2", "y": "1"}}, now=LATER)
    assert owned(new) == {"m1": {"f:data": {"f:y": {}}}, "up": {"f:data": {"f:x": {}}}}


def test_an_update_that_only_removes_keeps_its_time() -> None:
    live = updated("up", None, config_map(x="1", y="1"))
    new = updated("up", live, {**live, "data": {"x": "1"}}, now=LATER)
    assert [entry["time"] for entry in new["metadata"]["managedFields"]] == [NOW]


@pytest.mark.parametrize("sent", [[], [{}], [{"operation": "Frob"}], [{"operation": "Update", "fieldsType": "V9"}]])
def test_entries_are_forgotten_on_request_and_when_they_mean_nothing(sent: list) -> None:
    live = applied("m1", None, config_map(x="1"))
    new = config_map(x="1")
    assert (
        updated("up", live, {**new, "metadata": {"name": "a", "managedFields": sent}})["metadata"]["managedFields"]
        == []
    )


def test_what_was_not_tracked_is_owned_at_the_first_apply() -> None:
    untracked = config_map(x="1")
    assert owned(updated("up", untracked, config_map(x="2"))) == {}
    assert owned(applied("m2", untracked, config_map(y="1"))) == {
        "m2": {"f:data": {"f:y": {}}},
        "before-first-apply": {"f:data": {".": {}, "f:x": {}}},
    }


def test_the_oldest_updaters_become_one() -> None:
    obj = updated("m0", None, config_map(k0="1"), now="2026-01-01T00:00:00Z")
    for i in range(1, 13):
        data = {**obj["data"], f"k{i}": "1"}
        obj = updated(f"m{i}", obj, {**obj, "data": data}, now=f"2026-01-{i + 1:02}T00:00:00Z")
    assert sorted(owned(obj)) == sorted(["ancient-changes", *(f"m{i}" for i in range(4, 13))])


# Apply


def conflict(manager: str, live: dict, config: dict, schema: Any = CONFIG_MAP) -> str:
    with pytest.raises(ApiError) as refused:
        applied(manager, live, config, schema)
    assert refused.value.code == 409
    return refused.value.message


def test_another_value_is_a_conflict() -> None:
    live = applied("m1", None, config_map(x="1"))
    assert conflict("m2", live, config_map(x="2")) == 'Apply failed with 1 conflict: conflict with "m1": .data.x'


def test_conflicts_are_told_by_manager() -> None:
    live = applied("m2", applied("m1", None, config_map(x="1")), config_map(y="1"))
    words = 'Apply failed with 2 conflicts: conflicts with "m1":\n- .data.x\nconflicts with "m2":\n- .data.y'
    assert conflict("m3", live, config_map(x="2", y="2")) == words


def test_a_conflict_with_an_update_names_its_version() -> None:
    live = updated("up", None, config_map(x="1"))
    words = 'Apply failed with 1 conflict: conflict with "up" using v1: .data.x'
    assert conflict("m1", live, config_map(x="2")) == words


def test_force_takes_the_field() -> None:
    live = applied("m1", None, config_map(x="1", y="1"))
    obj = applied("m2", live, config_map(x="2"), force=True)
    assert obj["data"] == {"x": "2", "y": "1"}
    assert owned(obj) == {"m1": {"f:data": {"f:y": {}}}, "m2": {"f:data": {"f:x": {}}}}


def test_the_same_value_is_shared_and_stays_when_one_gives_it_up() -> None:
    live = applied("m2", applied("m1", None, config_map(x="1", y="1")), config_map(y="1"), now=LATER)
    assert "time" not in live["metadata"]["managedFields"][0]  # It changed nothing.
    obj = applied("m1", live, config_map(x="1"))
    assert obj["data"] == {"x": "1", "y": "1"}
    assert owned(obj) == {"m1": {"f:data": {"f:x": {}}}, "m2": {"f:data": {"f:y": {}}}}


def test_what_is_no_longer_applied_goes() -> None:
    live = applied("m1", None, config_map(x="1", y="1"))
    assert applied("m1", live, config_map(y="1"))["data"] == {"y": "1"}
    gone = applied("m1", live, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    assert not gone.get("data") and owned(gone) == {}


def test_null_and_empty_maps_are_owned() -> None:
    config = config_map(x="1")
    config["metadata"].update(labels=None, annotations={})
    fields = {"f:data": {"f:x": {}}, "f:metadata": {"f:annotations": {}, "f:labels": {}}}
    assert owned(applied("m1", None, config)) == {"m1": fields}


def test_lists_by_key_sets_and_atoms() -> None:
    port = {"containerPort": 80}
    c = {"name": "c", "image": "x", "args": ["a"], "ports": [port, {**port, "protocol": "UDP"}]}
    live = applied("m1", None, deployment(c), DEPLOYMENT)
    containers = owned(live)["m1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert containers == {
        'k:{"name":"c"}': {
            ".": {},
            "f:args": {},
            "f:image": {},
            "f:name": {},
            "f:ports": {
                'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
                'k:{"containerPort":80,"protocol":"UDP"}': {".": {}, "f:containerPort": {}, "f:protocol": {}},
            },
        }
    }
    message = conflict("m2", live, deployment({"name": "c", "args": ["b"]}), DEPLOYMENT)
    assert message.endswith('"m1": .spec.template.spec.containers[name="c"].args')
    both = applied("m2", live, {**deployment({"name": "d", "image": "y"}), "metadata": {}}, DEPLOYMENT)
    assert [item["name"] for item in both["spec"]["template"]["spec"]["containers"]] == ["c", "d"]
    back = applied("m2", both, deployment(), DEPLOYMENT)
    assert [item["name"] for item in back["spec"]["template"]["spec"]["containers"]] == ["c"]


def test_a_write_through_status_owns_the_status_alone() -> None:
    live = applied("m1", None, deployment({"name": "c"}), DEPLOYMENT, ignored=unreached("", True))
    writer = Writer("m2", "apps/v1", "Deployment", "status", NOW)
    config = {**deployment(), "spec": {"replicas": 9}, "status": {"replicas": 3}}
    obj = apply(live, config, DEPLOYMENT, writer, ignored=unreached("status", True))
    assert owned(obj)["m2"] == {"f:status": {"f:replicas": {}}}
    assert owned(obj)["m1"] == owned(live)["m1"]


@pytest.mark.parametrize(
    "change, code, words",
    [
        ({"kind": "Secret"}, 400, "invalid object type: /v1, Kind=Secret"),
        ({"metadata": {"name": "a", "managedFields": []}}, 400, "metadata.managedFields must be nil"),
        (
            {"data": {"x": 1}},
            500,
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): "
            ".data.x: expected string, got &value.valueUnstructured{Value:1}",
        ),
        (
            {"metadata": {"name": "a", "finalizers": ["x", "x"]}},
            500,
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): "
            '.metadata.finalizers: duplicate entries for key [="x"]',
        ),
        (
            {"spec": 1},
            500,
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .spec: field not declared in schema",
        ),
    ],
)
def test_what_cannot_be_applied(change: dict, code: int, words: str) -> None:
    with pytest.raises(ApiError) as refused:
        apply(None, {**config_map(x="1"), **change}, CONFIG_MAP, Writer("m", "v1", "ConfigMap"))
    assert (refused.value.code, refused.value.message) == (code, words)


def test_kubectl_takes_over_what_it_applied_from_its_side() -> None:
    note = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"x":"1"}}'}
    client = config_map(x="1")
    client["metadata"]["annotations"] = note
    live = updated("kubectl-client-side-apply", None, client)
    obj = applied("kubectl", live, config_map(x="2"))
    assert obj["data"] == {"x": "2"}
    assert '"x":"2"' in obj["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert conflict("other", live, config_map(x="2")).startswith("Apply failed")
