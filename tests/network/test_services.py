"""What a service becomes: entries, refusals, policies."""

from picok8s.network import services
from picok8s.network.family import IPV4, IPV6
from picok8s.network.skeleton import Here
from picok8s.network.table import EMPTY
from tests.network.things import endpoint, port, service, slice_of

HERE = Here("one", ("10.1.0.0/16", "fd01::/64"), ("10.152.183.0/24",), answered=frozenset({"10.152.183.10"}))
ENTRY = "10.152.183.5 . tcp . 80"


def piece(made, *slices, family=IPV4):
    return services.piece(made, slices, family, HERE)


def entries(found, name="services"):
    return {key: value for (where, key), value in found.elements.items() if where == name}


def test_two_endpoints():
    found = piece(service(), slice_of("web", endpoint("10.1.0.2"), endpoint("10.1.1.2", node="two")))
    assert entries(found) == {ENTRY: "goto any-2"}
    assert entries(found, "endpoints-0") == {ENTRY: "10.1.0.2 . 8080"}
    assert entries(found, "endpoints-1") == {ENTRY: "10.1.1.2 . 8080"}
    assert entries(found, "hairpin") == {"10.1.0.2 . 10.1.0.2": ""}  # Only of this node.


def test_none():
    found = piece(service(ports=[port(nodePort=30080)]))
    assert entries(found) == {ENTRY: "goto refused"} and entries(found, "node-ports") == {"tcp . 30080": "goto refused"}


def test_an_address_that_this_node_answers_is_not_refused():
    assert piece(service("kube-dns", "10.152.183.10")) == EMPTY


def test_services_that_are_not_ours():
    for made in (
        service(clusterIP="None", clusterIPs=["None"]),
        service(type="ExternalName", clusterIP="", clusterIPs=[]),
        service(labels={"service.kubernetes.io/service-proxy-name": "other"}),
    ):
        assert piece(made, slice_of("web", endpoint("10.1.0.2"))) == EMPTY


def test_ports_meet_by_name_and_protocol():
    made = service(ports=[port(80, "http"), port(53, "dns", protocol="UDP")])
    ports = [
        {"name": "dns", "port": 5353, "protocol": "UDP"},
        {"name": "dns", "port": 5354, "protocol": "TCP"},
        {"name": "http", "port": 8080, "protocol": "TCP"},
    ]
    found = piece(made, slice_of("web", endpoint("10.1.0.2"), ports=ports))
    assert entries(found, "endpoints-0") == {ENTRY: "10.1.0.2 . 8080", "10.152.183.5 . udp . 53": "10.1.0.2 . 5353"}
    assert found.flows == {("10.152.183.5", 53, "10.1.0.2")}


def test_local_traffic_without_a_local_endpoint_is_dropped():
    found = piece(service(internalTrafficPolicy="Local"), slice_of("web", endpoint("10.1.1.2", node="two")))
    assert entries(found) == {ENTRY: "goto dropped"}


def test_external_policy_local():
    made = service(externalTrafficPolicy="Local", ports=[port(nodePort=30080)])
    found = piece(made, slice_of("web", endpoint("10.1.0.2"), endpoint("10.1.1.2", node="two")))
    assert entries(found, "node-ports") == {"tcp . 30080": "goto node-port-split-2-1"}
    assert found.chains["node-port-split-2-1"] == (
        "ip saddr 10.1.0.0/16 goto node-port-any-2",
        "fib saddr type local goto node-port-any-2",
        "goto node-port-local-1",
    )


def test_terminating_endpoints_serve_when_nothing_else_does():
    leaving = {"conditions": {"ready": False, "serving": True, "terminating": True}}
    gone = {"conditions": {"ready": False, "serving": False, "terminating": True}}
    slices = slice_of("web", endpoint("10.1.0.2", **leaving), endpoint("10.1.0.3", **gone))
    assert entries(piece(service(), slices), "endpoints-0") == {ENTRY: "10.1.0.2 . 8080"}
    more = slice_of("web", endpoint("10.1.0.9"), name="web-2")
    assert entries(piece(service(), slices, more), "endpoints-0") == {ENTRY: "10.1.0.9 . 8080"}


def test_the_other_family():
    made = service(clusterIPs=["10.152.183.5", "fd02::5"])
    slices = [slice_of("web", endpoint("10.1.0.2")), slice_of("web", endpoint("fd01::2"), kind="IPv6", name="six")]
    found = piece(made, *slices, family=IPV6)
    assert entries(found, "endpoints-0") == {"fd02::5 . tcp . 80": "fd01::2 . 8080"}


def test_a_balancer_that_wants_to_be_passed_itself():
    ingress = [{"ip": "203.0.113.1", "ipMode": "Proxy"}, {"ip": "203.0.113.2", "ipMode": "VIP"}, {"hostname": "x"}]
    made = service(type="LoadBalancer", status={"loadBalancer": {"ingress": ingress}})
    found = piece(made, slice_of("web", endpoint("10.1.0.2")))
    assert set(entries(found)) == {ENTRY, "203.0.113.2 . tcp . 80"}
