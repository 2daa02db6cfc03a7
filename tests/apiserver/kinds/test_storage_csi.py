"""storage.k8s.io: CSI drivers and nodes."""

from tests.apiserver.kinds import play

DRIVERS = "csidrivers.storage.k8s.io"
NODES = "csinodes.storage.k8s.io"


def test_a_driver_is_defaulted_and_counts_only_changes():
    made, errors = play.create(DRIVERS, {"spec": {}})
    assert not errors
    assert made["spec"]["attachRequired"] is True and made["spec"]["volumeLifecycleModes"] == ["Persistent"]
    assert "generation" not in made["metadata"]
    changed, _ = play.update(DRIVERS, made, {"spec": {"requiresRepublish": True}})
    assert changed["metadata"]["generation"] == 1


def test_tokens_are_for_different_audiences():
    spec = {"tokenRequests": [{"audience": "a"}, {"audience": "a"}]}
    assert play.refused(DRIVERS, {"spec": spec}) == ['spec.tokenRequests[1].audience: Duplicate value: "a"']
    made, _ = play.create(DRIVERS, {"spec": {"tokenRequests": [{"audience": ""}]}})
    assert len(play.kind(DRIVERS).behaviour.warnings(made, None)) == 1


def test_a_node_driver_keeps_its_id_and_may_change_its_count():
    driver = {"name": "d", "nodeID": "n", "topologyKeys": ["zone"], "allocatable": {"count": 5}}
    made, errors = play.create(NODES, {"spec": {"drivers": [driver]}})
    assert not errors
    more = {"spec": {"drivers": [{**driver, "allocatable": {"count": 6}}]}}
    assert play.update(NODES, made, more)[1] == []
    other = {"spec": {"drivers": [{**driver, "nodeID": "m"}]}}
    assert play.update(NODES, made, other)[1] == [
        'spec.drivers: Invalid value: {"Name":"d","NodeID":"m","TopologyKeys":["zone"],"Allocatable":null}: '
        "field is immutable"
    ]
