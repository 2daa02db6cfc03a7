"""Ports of a service."""

from picok8s.apiserver.kinds.services_ports import follow, validate, validate_together


def port(**fields):
    return {"port": 80, "protocol": "TCP", "targetPort": 80, **fields}


def test_several_need_names():
    assert [str(e) for e in validate({"ports": [port(), port(name="a"), port(name="a")]})] == [
        "spec.ports[0].name: Required value",
        'spec.ports[2].name: Duplicate value: "a"',
    ]


def test_one_number_a_protocol():
    assert validate_together({"type": "ClusterIP", "ports": [port(), port(protocol="UDP")]}) == []
    assert [str(e) for e in validate_together({"type": "ClusterIP", "ports": [port(nodePort=1), port()]})] == [
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        "spec.ports[1]: Duplicate value: "
        '{"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ]


def test_node_ports_are_kept_by_name_and_dropped_with_the_type():
    old = {"type": "NodePort", "ports": [port(name="a", nodePort=30001), port(name="b", nodePort=30002)]}
    new = {"type": "NodePort", "ports": [port(name="b"), port(name="c")]}
    follow(new, old, lambda spec: False)
    assert [p.get("nodePort") for p in new["ports"]] == [30002, None]
    new = {"type": "ClusterIP", "ports": [port(name="a", nodePort=30001)]}
    follow(new, old, lambda spec: False)
    assert "nodePort" not in new["ports"][0]
