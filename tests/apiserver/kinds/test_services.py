"""Services as far as they tell themselves."""

import pytest

from tests.apiserver.kinds import play

PORTS = [{"port": 80}]


def made(**spec):
    service, errors = play.create("services", {"spec": spec})
    assert errors == []
    return service


def test_a_minimal_service():
    assert made(ports=PORTS)["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "sessionAffinity": "None",
        "type": "ClusterIP",
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
    }


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({}, "spec.ports: Required value"),
        ({"type": "ExternalName"}, "spec.externalName: Required value"),
        (
            {"ports": PORTS, "externalTrafficPolicy": "Local"},
            'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
        ),
        (
            {"ports": PORTS, "loadBalancerClass": "x"},
            "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
        (
            {"ports": PORTS, "type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0"]},
            'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": '
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        ),
        (
            {
                "ports": PORTS,
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}},
            },
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: "
            "must be greater than 0 and less than 86400",
        ),
        (
            {"ports": PORTS, "healthCheckNodePort": 30000},
            "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and "
            "`externalTrafficPolicy` is 'Local'",
        ),
    ],
)
def test_one_thing_wrong(spec, error):
    assert play.refused("services", {"spec": spec}) == [error]


def test_a_change_of_type_takes_what_it_has_no_use_for():
    old = made(ports=PORTS, type="LoadBalancer", loadBalancerClass="a.b/c")
    new, errors = play.update("services", old, {"spec": {"type": "ClusterIP"}})
    assert errors == []
    assert not new["spec"].keys() & {"loadBalancerClass", "allocateLoadBalancerNodePorts", "externalTrafficPolicy"}


def test_a_class_is_for_life():
    old = made(ports=PORTS, type="LoadBalancer")
    assert play.update("services", old, {"spec": {"loadBalancerClass": "a.b/c"}})[1] == [
        'spec.loadBalancerClass: Invalid value: "a.b/c": may not change once set'
    ]


def test_only_balancers_have_ingresses():
    ingress = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "VIP"}]}}
    assert play.status("services", made(ports=PORTS, type="LoadBalancer"), ingress)[1] == []
    assert play.status("services", made(ports=PORTS), ingress)[1] == [
        "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"
    ]


def test_warnings():
    warn = play.kind("services").behaviour.warnings
    assert warn(made(ports=PORTS), None) == []
    assert warn(made(ports=PORTS, externalIPs=["1.2.3.4"], externalName="a.b"), None) == [
        "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
        'spec.externalName is ignored when spec.type is not "ExternalName"',
    ]
