"""A pod's sandbox and containers in the runtime's words."""

from picok8s.node import configs
from picok8s.node.configs import Place, Prepared
from tests.node.test_step import pod

PLACE = Place(
    root="/r",
    logs="/var/log/pods",
    cgroup_root="/kubepods",
    cluster_dns=("10.152.183.10",),
    cluster_domain="cluster.local",
    machine_memory=8e9,
    resolv_conf="nameserver 9.9.9.9\nsearch lan\noptions edns0\n",
    hosts="127.0.0.1 here\n",
)


def test_names_of_the_cluster_come_first():
    made = configs.dns(pod(), PLACE)
    assert made["servers"] == ["10.152.183.10"] and made["options"] == ["ndots:5"]
    assert made["searches"] == ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "lan"]


def test_dns_policies_and_own_words():
    host = {"servers": ["9.9.9.9"], "searches": ["lan"], "options": ["edns0"]}
    assert configs.dns(pod(dnsPolicy="Default"), PLACE) == host
    assert configs.dns(pod(hostNetwork=True), PLACE) == host
    assert configs.dns(pod(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet"), PLACE)["servers"] == [
        "10.152.183.10"
    ]
    own = {
        "nameservers": ["1.1.1.1"],
        "searches": ["x"],
        "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
    }
    made = configs.dns(pod(dnsPolicy="None", dnsConfig=own), PLACE)
    assert made == {"servers": ["1.1.1.1"], "searches": ["x"], "options": ["ndots:2", "edns0"]}


def test_host_names():
    assert configs.hostname(pod(), PLACE) == "web"
    assert configs.hostname(pod(hostname="h", subdomain="s"), PLACE) == "h"
    assert configs.hostname(pod(subdomain="s", setHostnameAsFQDN=True), PLACE) == "web.s.default.svc.cluster.local"


def test_the_hosts_file():
    aliases = [{"ip": "1.2.3.4", "hostnames": ["a", "b"]}]
    text = configs.hosts_file(pod(subdomain="s", hostAliases=aliases), ("10.1.0.2",), PLACE)
    assert "10.1.0.2\tweb.s.default.svc.cluster.local\tweb\n" in text and text.endswith("1.2.3.4\ta\tb\n")
    assert "127.0.0.1 here" in configs.hosts_file(pod(hostNetwork=True), (), PLACE)


def test_a_sandbox():
    ports = [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81}]
    made = configs.sandbox(pod({"name": "c", "ports": ports}), 2, PLACE)
    assert made["metadata"] == {"name": "web", "namespace": "default", "uid": "u1", "attempt": 2}
    assert made["linux"]["cgroup_parent"] == "/kubepods/besteffort/podu1"
    assert [row["host_port"] for row in made["port_mappings"]] == [8080]
    assert "hostname" not in configs.sandbox(pod(hostNetwork=True), 0, PLACE)


def test_a_container():
    spec = {
        "name": "c",
        "image": "i",
        "command": ["echo", "$(A)"],
        "resources": {"limits": {"cpu": "500m", "memory": "1Mi"}},
    }
    made = configs.container(pod(spec), spec, 1, Prepared("sha256:1", environment={"A": "x"}), PLACE)
    assert made["command"] == ["echo", "x"] and made["log_path"] == "c/1.log"
    resources = made["linux"]["resources"]
    assert resources["cpu_quota"] == 50_000 and resources["cpu_shares"] == 512
    assert resources["memory_limit_in_bytes"] == 1 << 20 and resources["oom_score_adj"] == -997
    assert made["labels"][configs.POD_UID] == "u1"
