"""The network on a real kernel: services, node ports, host ports, affinity, refusals, and that nothing is left.

Needs root, nft, ip and conntrack. Each test runs in namespaces that it makes and removes.
"""

import asyncio
import subprocess
from collections import Counter

import pytest

from picok8s.network import cni, run
from tests.live.node_namespace import Node, sh
from tests.network.things import endpoint, node, pod, port, service, slice_of

ALL = [port(), port(53, "dns", protocol="UDP")]
SLICE_PORTS = [
    {"name": "http", "port": 8080, "protocol": "TCP"},
    {"name": "dns", "port": 9090, "protocol": "UDP"},
]
A, B = "10.1.0.102", "10.1.0.103"
WEB = "10.152.183.5"


def web(**spec):
    return service(**{"ports": ALL, **spec})


def behind(*endpoints, name="web"):
    return slice_of(name, *endpoints, ports=SLICE_PORTS)


@pytest.fixture
def place(tmp_path):
    with Node(tmp_path) as one:
        one.view.replace("nodes", [node(podCIDR="10.1.0.0/24")], "1")
        one.start()
        one.pod("a", A)
        one.pod("b", B)
        yield one


def servers(place, source, address, number, times=12, kind="tcp"):
    return Counter(place.ask(source, address, number, kind).split()[0] for _ in range(times))


def test_a_cluster_ip_spreads_over_its_endpoints(place):
    place.show("services", web())
    place.show(run.SLICES, behind(endpoint(A), endpoint(B)))
    for source in ("a", "b", "", "outside"):
        assert set(servers(place, source, WEB, 80)) == {"a", "b"}, source
    assert set(servers(place, "a", WEB, 53, kind="udp")) == {"a", "b"}


def test_pods_are_seen_by_their_address_and_reach_themselves(place):
    place.show("services", web())
    place.show(run.SLICES, behind(endpoint(A)))
    assert place.ask("b", WEB, 80) == f"a {B}"
    assert place.ask("a", WEB, 80) == "a 10.1.0.1"  # Its own address would never leave the pod.


def test_a_change_of_endpoints_is_followed(place):
    place.show("services", web())
    place.show(run.SLICES, behind(endpoint(A), endpoint(B)))
    place.show(run.SLICES, behind(endpoint(B)))
    assert set(servers(place, "outside", WEB, 80)) == {"b"}
    place.show(run.SLICES, behind(endpoint(A), endpoint(B)))
    assert set(servers(place, "outside", WEB, 80)) == {"a", "b"}
    assert not place.health.problems


def test_a_service_without_endpoints_refuses_at_once(place):
    place.show("services", web(type="NodePort", ports=[port(nodePort=30080), *ALL[1:]]))
    for source in ("a", "", "outside"):
        assert place.ask(source, WEB, 80) == "ConnectionRefusedError", source
        refusal = "ConnectionRefusedError" if source else "PermissionError"  # The node itself cannot even send.
        assert place.ask(source, WEB, 53, "udp") == refusal
    assert place.ask("outside", "198.18.0.1", 30080) == "ConnectionRefusedError"
    assert place.ask("a", "10.152.183.77", 80) == "ConnectionRefusedError"  # An address of no service.
    assert place.ask("", "10.152.183.77", 80) == "ConnectionRefusedError"


def test_a_node_port_on_every_address(place):
    place.show("services", web(type="NodePort", ports=[port(nodePort=30080)]))
    place.show(run.SLICES, behind(endpoint(A), endpoint(B)))
    for source, address in (("outside", "198.18.0.1"), ("", "127.0.0.1"), ("", "10.1.0.1"), ("a", "10.1.0.1")):
        assert set(servers(place, source, address, 30080)) == {"a", "b"}, (source, address)
    assert place.ask("outside", "198.18.0.1", 30080).split()[1] == "10.1.0.1"


def test_an_external_policy_of_local_keeps_the_clients_address(place):
    place.show("services", web(type="NodePort", externalTrafficPolicy="Local", ports=[port(nodePort=30080)]))
    place.show(run.SLICES, behind(endpoint(A), endpoint(B, node="two")))
    assert set(servers(place, "outside", "198.18.0.1", 30080)) == {"a"}
    assert place.ask("outside", "198.18.0.1", 30080) == "a 198.18.0.2"
    assert set(servers(place, "a", "198.18.0.1", 30080)) == {"a", "b"}  # A pod is inside.
    place.show(run.SLICES, behind(endpoint(B, node="two")))
    assert place.ask("outside", "198.18.0.1", 30080) == "TimeoutError"


def test_external_and_balancer_addresses_and_source_ranges(place):
    balanced = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    ranges = {"loadBalancerSourceRanges": ["192.0.2.0/24"]}
    spec = {"type": "LoadBalancer", "externalIPs": ["203.0.113.6"], "status": balanced}
    place.show("services", web(**spec))
    place.show(run.SLICES, behind(endpoint(A)))
    assert place.ask("outside", "203.0.113.6", 80).startswith("a ")
    assert place.ask("outside", "203.0.113.7", 80).startswith("a ")
    place.show("services", web(**spec, **ranges))
    assert place.ask("outside", "203.0.113.7", 80) == "TimeoutError"
    place.show("services", web(**spec, loadBalancerSourceRanges=["198.18.0.0/24"]))
    assert place.ask("outside", "203.0.113.7", 80).startswith("a ")


def test_affinity_holds_until_its_time_is_over(place):
    sticky = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 2}}}
    place.show("services", web(type="NodePort", ports=[port(nodePort=30080)], **sticky))
    place.show(run.SLICES, behind(endpoint(A), endpoint(B)))
    for source, address, number in (("outside", "198.18.0.1", 30080), ("a", WEB, 80), ("", WEB, 80)):
        assert len(servers(place, source, address, number)) == 1
    seen = set()
    for _ in range(12):
        seen |= set(servers(place, "outside", WEB, 80, times=1))
        if len(seen) == 2:
            break
        place.pass_time(2.2)
    assert seen == {"a", "b"}
    first = place.ask("outside", WEB, 80).split()[0]
    place.show(run.SLICES, behind(endpoint(B if first == "a" else A)))
    assert place.ask("outside", WEB, 80).split()[0] != first


def test_host_ports(place):
    everywhere = {"containerPort": 8080, "hostPort": 18080}
    at_one = {"containerPort": 8080, "hostPort": 18081, "hostIP": "127.0.0.1"}
    datagrams = {"containerPort": 8080, "hostPort": 18080, "protocol": "UDP"}
    one = pod("a", A, everywhere, at_one, datagrams)
    place.show("pods", one)
    for source, address in (("outside", "198.18.0.1"), ("", "127.0.0.1"), ("b", "10.1.0.1"), ("a", "198.18.0.1")):
        assert place.ask(source, address, 18080).startswith("a "), (source, address)
    assert place.ask("outside", "198.18.0.1", 18080, "udp") == "a 198.18.0.2"
    assert place.ask("", "127.0.0.1", 18081).startswith("a ")
    assert place.ask("outside", "198.18.0.1", 18081) == "ConnectionRefusedError"
    place.hide("pods", one)
    assert place.ask("outside", "198.18.0.1", 18080) == "ConnectionRefusedError"


def test_udp_follows_when_its_endpoint_goes(place):
    """From one port of the client, so that connection tracking would go on to the endpoint that is gone."""
    place.show("services", web(ports=[port(53, "dns", protocol="UDP")]))
    place.show(run.SLICES, behind(endpoint(A)))
    assert place.ask("outside", WEB, 53, "udp", 5555).startswith("a ")
    place.show(run.SLICES, behind(endpoint(B)))
    assert place.ask("outside", WEB, 53, "udp", 5555).startswith("b ")


def test_endpoints_of_the_host(place):
    place.serve("host")
    place.show("services", web(type="NodePort", ports=[port(nodePort=30080)]))
    place.show(run.SLICES, behind(endpoint("198.18.0.1")))
    assert place.ask("a", WEB, 80) == f"host {A}"
    for source, address, number in (("", WEB, 80), ("", "127.0.0.1", 30080), ("outside", "198.18.0.1", 30080)):
        assert place.ask(source, address, number).startswith("host "), (source, address)


def test_pods_leave_the_cluster_with_the_nodes_address(place):
    name = next(one for one in place.namespaces if one.endswith("-outside"))
    place.serve("far", name)
    assert place.ask("a", "198.18.0.2", 8080) == "far 198.18.0.1"
    assert place.ask("a", B, 8080) == f"b {A}"


def test_loopback_cannot_be_reached_from_outside(place):
    place.serve("host")
    name = next(one for one in place.namespaces if one.endswith("-outside"))
    sh(f"ip netns exec {name} sysctl -qw net.ipv4.conf.all.route_localnet=1")
    sh(f"ip netns exec {name} ip route add 127.0.0.9/32 via 198.18.0.1 src 198.18.0.2", check=False)
    assert place.ask("outside", "127.0.0.9", 8080) in ("TimeoutError", "ConnectionRefusedError")


def test_the_address_of_dns_is_left_alone(place):
    place.serve("host")
    sh("ip address add 10.152.183.10/32 dev lo scope host")
    place.show("services", service("kube-dns", "10.152.183.10", ports=[port(8080)]))
    assert place.ask("a", "10.152.183.10", 8080) == f"host {A}"
    place.show("services", web())
    place.show(run.SLICES, behind(endpoint(A)))
    assert place.ask("", WEB, 80) == "a 10.1.0.1"  # It is not taken for a source.


def test_rules_come_back_when_somebody_flushes_them(place):
    place.show("services", web())
    place.show(run.SLICES, behind(endpoint(A)))
    sh("nft flush ruleset")
    place.until(lambda: "table ip picok8s" in sh("nft list tables"))
    assert place.ask("b", WEB, 80) == f"a {B}"


def test_an_object_that_the_kernel_refuses_harms_no_other(place):
    place.show("services", web(), service("bad", "10.152.183.6", ports=[port(99999)]))
    place.show(run.SLICES, behind(endpoint(A)))
    assert place.ask("b", WEB, 80) == f"a {B}"
    assert "service/default/bad" in place.health.problems["rules"]


def test_a_restart_takes_over_without_a_gap(place):
    place.show("services", web())
    place.show(run.SLICES, behind(endpoint(A)))
    place.stop()
    assert place.ask("b", WEB, 80) == f"a {B}"  # Rules outlive the process.
    place.health = run.Health()
    place.start()
    assert place.ask("b", WEB, 80) == f"a {B}"
    assert "any-1 " in sh("nft list table ip picok8s")


def test_the_plugins_take_the_configuration(place):
    """The bridge plugin itself sets up a pod from what was written."""
    import json
    import os

    config = json.loads((place.config.cni_folder / cni.FILE).read_text())
    given = {"cniVersion": config["cniVersion"], "name": config["name"], **config["plugins"][0]}
    name = f"picok8s-{os.getpid()}-c"
    sh(f"ip netns add {name}")
    place.namespaces.append(name)
    paths = {"CNI_CONTAINERID": "c", "CNI_NETNS": f"/run/netns/{name}", "CNI_IFNAME": "eth0"}
    environment = {**os.environ, **paths, "CNI_PATH": "/usr/lib/cni"}
    for command in ("ADD", "DEL"):
        done = subprocess.run(
            ["/usr/lib/cni/bridge"], input=json.dumps(given), capture_output=True, text=True,
            env={**environment, "CNI_COMMAND": command},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        if command == "ADD":
            assert json.loads(done.stdout)["ips"][0]["address"].startswith("10.1.0.")
            place.show("services", web())
            place.show(run.SLICES, behind(endpoint(A)))
            assert place.ask("c", WEB, 80).startswith("a 10.1.0.")


def test_nothing_is_left(place):
    before = sh("sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.route_localnet")
    assert before.split() == ["1", "1"]
    place.show("services", web())
    place.stop()
    asyncio.run(run.remove(place.config))
    assert sh("nft list ruleset") == ""
    assert "picok8s0" not in sh("ip link") and "10.152.183" not in sh("ip route")
    assert sh("sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.route_localnet").split() == ["0", "0"]
    assert not [one for one in place.config.cni_folder.iterdir()] and not list(place.config.state_folder.iterdir())
    assert not place.config.run_folder.exists() or not list(place.config.run_folder.iterdir())
    asyncio.run(run.remove(place.config))  # Again is no failure.


def test_an_object_that_the_kernel_refuses_at_the_start(place):
    place.stop()
    place.show("services", web(), service("bad", "10.152.183.6", ports=[port(99999)]))
    place.show(run.SLICES, behind(endpoint(A)))
    place.health = run.Health()
    place.start(healthy=False)
    assert place.ask("b", WEB, 80) == f"a {B}"
    assert "service/default/bad" in place.health.problems["rules"]


def test_a_firewall_that_drops_what_it_does_not_know(place):
    """As Docker sets it up, after the node started."""
    place.show("services", web())
    place.show(run.SLICES, behind(endpoint(A)))
    sh("iptables -P FORWARD DROP")
    place.until(lambda: sh("iptables -S FORWARD").count("picok8s") == 2)
    assert place.ask("outside", WEB, 80).startswith("a ") and place.ask("b", WEB, 80) == f"a {B}"
    place.stop()
    asyncio.run(run.remove(place.config))
    assert sh("iptables -S FORWARD") == "-P FORWARD DROP"
