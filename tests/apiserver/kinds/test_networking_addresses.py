"""networking.k8s.io: network policies, addresses and ranges of services."""

import pytest

from tests.apiserver.kinds import play

POLICIES = "networkpolicies.networking.k8s.io"
ADDRESSES = "ipaddresses.networking.k8s.io"
RANGES = "servicecidrs.networking.k8s.io"


def test_a_policy_gets_its_types_and_protocols():
    made, errors = play.create(POLICIES, {"spec": {"podSelector": {}, "egress": [{"ports": [{"port": 80}]}]}})
    assert not errors
    assert made["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert made["spec"]["egress"][0]["ports"] == [{"port": 80, "protocol": "TCP"}]


@pytest.mark.parametrize(
    "port, error",
    [
        ({"port": 0}, "port: Invalid value: 0: must be between 1 and 65535, inclusive"),
        ({"port": 80, "endPort": 79}, "endPort: Invalid value: 79: must be greater than or equal to `port`"),
        ({"endPort": 5}, "endPort: Invalid value: 5: may not be specified when `port` is not specified"),
        (
            {"port": 80, "protocol": "ICMP"},
            'protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
        ),
    ],
)
def test_ports_of_a_policy(port, error):
    spec = {"podSelector": {}, "egress": [{"ports": [port]}]}
    assert play.refused(POLICIES, {"spec": spec}) == [f"spec.egress[0].ports[0].{error}"]


def test_a_range_that_was_there_is_not_looked_into_again():
    spec = {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}]}
    made, errors = play.create(POLICIES, {"spec": spec})
    assert not errors
    made["spec"]["ingress"][0]["from"][0]["ipBlock"]["cidr"] = "10.0.0.1/8"
    assert play.update(POLICIES, made, {"metadata": {"labels": {"a": "b"}}})[1] == []


@pytest.mark.parametrize(
    "name, words",
    [
        ("203.0.113.9", []),
        ("not-an-ip", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]),
        ("2001:DB8::1", ['must be in canonical form ("2001:db8::1")']),
        ("::ffff:203.0.113.1", ["must not be an IPv4-mapped IPv6 address"]),
    ],
)
def test_an_address_is_named_canonically(name, words):
    assert play.kind(ADDRESSES).behaviour.name(name) == words


def test_a_service_range_may_get_a_second_family_and_nothing_else():
    made, errors = play.create(RANGES, {"spec": {"cidrs": ["198.51.100.0/24"]}})
    assert not errors
    assert play.update(RANGES, made, {"spec": {"cidrs": ["198.51.100.0/24", "2001:db8::/64"]}})[1] == []
    assert play.update(RANGES, made, {"spec": {"cidrs": ["203.0.113.0/24"]}})[1] == [
        'spec.cidrs[0]: Invalid value: "203.0.113.0/24": field is immutable'
    ]
