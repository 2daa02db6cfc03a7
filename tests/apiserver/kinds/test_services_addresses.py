"""Addresses and families of a service."""

from picok8s.apiserver.kinds import services_addresses as addresses


def told(spec, old=None):
    return [str(error) for error in addresses.validate({"type": "ClusterIP", **spec}, old)]


def followed(spec, old):
    spec = {"type": "ClusterIP", **spec}
    addresses.follow(spec, {"type": "ClusterIP", **old})
    return spec.get("clusterIP"), spec.get("clusterIPs")


OLD = {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}


def test_what_is_left_out_is_kept():
    assert followed({}, OLD) == ("10.0.0.1", ["10.0.0.1"])
    assert followed({"clusterIP": "10.0.0.1"}, OLD) == ("10.0.0.1", ["10.0.0.1"])
    assert followed({"clusterIP": "10.0.0.2", "clusterIPs": ["10.0.0.1"]}, OLD) == ("10.0.0.2", ["10.0.0.2"])


def test_the_one_and_the_list_agree():
    assert told({"clusterIP": "None", "clusterIPs": ["10.0.0.1"]}) == [
        'spec.clusterIPs: Invalid value: ["10.0.0.1"]: first value must match `clusterIP`'
    ]
    assert told({"clusterIPs": ["10.0.0.1"]}) == [
        'spec.clusterIPs: Invalid value: ["10.0.0.1"]: must be empty when `clusterIP` is not specified'
    ]


def test_an_address_is_for_life():
    old = {"type": "ClusterIP", "ipFamilies": ["IPv4"], **OLD}
    assert told({**old, "clusterIP": "10.0.0.2", "clusterIPs": ["10.0.0.2"]}, old) == [
        'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'
    ]


def test_one_family_only():
    assert told({"clusterIP": "fd00::1", "clusterIPs": ["fd00::1"], "ipFamilies": ["IPv6"]}) == [
        'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster'
    ]
    assert told({"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4"]}) == [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'
    ]


def test_without_address_and_selector_any_family_may_come():
    spec = {"type": "ClusterIP", "clusterIP": "None"}
    addresses.complete(spec, None)
    assert spec["clusterIPs"] == ["None"] and spec["ipFamilies"] == ["IPv4", "IPv6"]
    assert spec["ipFamilyPolicy"] == "RequireDualStack" and told(spec) == []
