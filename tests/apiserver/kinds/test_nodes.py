"""Nodes."""

from tests.apiserver.kinds import play


def test_ranges_are_given_once():
    made, errors = play.create("nodes", {"spec": {"podCIDR": "10.1.0.0/24"}})
    assert errors == [] and made["spec"]["podCIDRs"] == ["10.1.0.0/24"]
    assert play.update("nodes", made, {"spec": {"podCIDR": "10.2.0.0/24", "podCIDRs": ["10.2.0.0/24"]}})[1] == [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'
    ]


def test_taints():
    taints = [{"key": "a", "effect": "NoExecute"}, {"key": "a", "value": "1", "effect": "NoExecute"}, {"key": "b"}]
    assert play.refused("nodes", {"spec": {"taints": taints}}) == [
        'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"1","Effect":"NoExecute","TimeAdded":null}: '
        "taints must be unique by key and effect pair",
        "metadata.taints[2].effect: Required value",
    ]


def test_all_capacity_is_allocatable_unless_said():
    made, _ = play.create("nodes", {})
    node = {**made, "status": {"capacity": {"cpu": "4"}}}
    play.kind("nodes").behaviour.default(node)
    assert node["status"]["allocatable"] == {"cpu": "4"}
    assert play.status("nodes", made, {"capacity": {"pods": "1500m"}})[1] == [
        'status.capacity[pods]: Invalid value: "1500m": must be an integer'
    ]


def test_a_provider_is_named_once():
    made, _ = play.create("nodes", {"spec": {"providerID": "a://1"}})
    assert play.update("nodes", made, {"spec": {"providerID": None}})[1] == [
        "spec.providerID: Invalid value: null: field cannot be cleared once set"
    ]
