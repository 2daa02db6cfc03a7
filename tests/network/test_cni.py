"""The bridge and what the plugins are told."""

import base64
import json

from picok8s.network import cni

BRIDGE = cni.Bridge("picok8s0", ("10.1.3.0/24",), ("10.152.183.0/24",), 1450)


def test_the_configuration():
    (plugin,) = json.loads(cni.conflist(BRIDGE, "/run/x"))["plugins"]
    assert plugin["bridge"] == "picok8s0" and plugin["mtu"] == 1450 and not plugin["ipMasq"] and plugin["hairpinMode"]
    assert plugin["ipam"]["ranges"] == [[{"subnet": "10.1.3.0/24"}]] and plugin["ipam"]["dataDir"] == "/run/x"


def test_a_new_bridge():
    commands = [" ".join(command) for command in cni.make(BRIDGE, False, [])]
    assert commands[0].startswith("link add name picok8s0 address 0a:58:0a:01:03:01 mtu 1450 type bridge")
    assert commands[1:] == [
        "address replace 10.1.3.1/24 dev picok8s0",
        "link set picok8s0 up",
        "route replace 10.152.183.0/24 dev picok8s0 src 10.1.3.1",
    ]


def test_a_bridge_with_an_address_of_before():
    commands = [" ".join(command) for command in cni.make(BRIDGE, True, ["10.1.9.1/24", "10.1.3.1/24"])]
    assert commands[0].startswith("link set picok8s0 mtu 1450")
    assert "address delete 10.1.9.1/24 dev picok8s0" in commands
    assert "address delete 10.1.3.1/24 dev picok8s0" not in commands


def test_pods_that_were_left():
    config = base64.b64encode(cni.conflist(BRIDGE, "/run/x").encode()).decode()
    result = {"interfaces": [{"name": "picok8s0"}, {"name": "eth0", "sandbox": "/run/netns/cni-1"}]}
    text = json.dumps({"containerId": "abc", "config": config, "result": result})
    assert cni.left(text, "/run/x") == cni.Left("abc", "/run/netns/cni-1")
    assert cni.left(text, "/run/other") is None  # Another node's on the same machine.
    assert cni.left("not json", "/run/x") is None
