"""Which endpoints count."""

from picok8s.network.endpoints import Endpoint, near, of_port
from picok8s.network.family import IPV4
from tests.network.things import endpoint, slice_of


def hinted(address, zone="", node=""):
    hints = {"forZones": [{"name": zone}]} if zone else {"forNodes": [{"name": node}]} if node else {}
    return Endpoint(
        address,
        80,
        zones=tuple(one["name"] for one in hints.get("forZones", ())),
        nodes=tuple(one["name"] for one in hints.get("forNodes", ())),
    )


def test_hints_count_when_all_have_them():
    east, west = hinted("10.1.0.2", "east"), hinted("10.1.0.3", "west")
    assert near([east, west], "one", "west") == [west]
    assert near([east, west], "one", "north") == [east, west]
    assert near([east, west], "one", "") == [east, west]
    assert near([east, west, hinted("10.1.0.4")], "one", "west") == [east, west, hinted("10.1.0.4")]


def test_the_node_comes_before_the_zone():
    here, there = hinted("10.1.0.2", node="one"), hinted("10.1.0.3", node="two")
    assert near([here, there], "one", "west") == [here]


def test_one_endpoint_in_two_slices_is_one():
    old = slice_of("web", endpoint("10.1.0.2", conditions={"ready": False}))
    new = slice_of("web", endpoint("10.1.0.2"), name="web-2")
    for slices in ([old, new], [new, old]):
        (found,) = of_port(slices, "http", "TCP", IPV4, "one")
        assert found.ready and found.local


def test_unknown_conditions_mean_ready():
    (found,) = of_port([slice_of("web", endpoint("10.1.0.2", conditions={}))], "http", "TCP", IPV4, "one")
    assert found.ready and found.serving and not found.terminating


def test_what_is_no_address_is_left_out():
    assert of_port([slice_of("web", endpoint("example.com"))], "http", "TCP", IPV4, "one") == []
