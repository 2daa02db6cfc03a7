"""Host ports of pods."""

from picok8s.network import hostports
from picok8s.network.family import IPV4, IPV6
from picok8s.network.table import EMPTY
from tests.network.things import pod

PORT = {"containerPort": 80, "hostPort": 8080}


def test_everywhere_and_at_one_address():
    found = hostports.piece(pod("a", "10.1.0.2", PORT, {**PORT, "hostIP": "192.0.2.1", "protocol": "UDP"}), IPV4)
    assert found.elements == {
        ("host-ports", "tcp . 8080"): "10.1.0.2 . 80",
        ("host-ports-at", "192.0.2.1 . udp . 8080"): "10.1.0.2 . 80",
        ("hairpin", "10.1.0.2 . 10.1.0.2"): "",
    }


def test_pods_that_have_none():
    over = pod("a", "10.1.0.2", PORT)
    over["status"]["phase"] = "Succeeded"
    for one in (over, pod("a", "10.1.0.2"), pod("a", "10.1.0.2", PORT, hostNetwork=True), pod("a", "", PORT)):
        assert hostports.piece(one, IPV4) == EMPTY
    assert hostports.piece(pod("a", "10.1.0.2", PORT), IPV6) == EMPTY


def test_sidecars_have_ports_too():
    one = pod("a", "10.1.0.2")
    one["spec"]["initContainers"] = [{"restartPolicy": "Always", "ports": [PORT]}, {"ports": [{**PORT, "hostPort": 9}]}]
    assert ("host-ports", "tcp . 8080") in hostports.piece(one, IPV4).elements
    assert ("host-ports", "tcp . 9") not in hostports.piece(one, IPV4).elements
