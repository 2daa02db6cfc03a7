"""What `inspect` finds: each known trouble by the fact that shows it."""

import pytest

from picok8s.cli.troubles import Facts, look

GOOD = {"server": {"state": "ready", "restarts": 0}, "node": {"state": "ready", "restarts": 0}}


def test_a_good_node_has_no_trouble():
    assert look(Facts(components=GOOD, nodes=[{"name": "a", "ready": True}])) == []


@pytest.mark.parametrize(
    "facts, words",
    [
        pytest.param({"running": False}, "not running", id="stopped"),
        pytest.param({"config_problem": "there is no setting 'x'"}, "there is no setting 'x'", id="config"),
        pytest.param({"missing_packages": ["runc"]}, "runc", id="packages"),
        pytest.param({"disk_free": 1000}, "disk", id="disk-full"),
        pytest.param({"inodes_free": 5}, "inodes", id="inodes"),
        pytest.param({"memory_free_kib": 1000}, "memory", id="memory"),
        pytest.param({"forwarding": False}, "forwards no packets", id="forwarding"),
        pytest.param({"nameservers": []}, "no name server", id="no-dns"),
        pytest.param({"nameservers": ["127.0.0.53"]}, "loopback", id="loopback-dns"),
        pytest.param({"clock": 0.0}, "clock", id="clock"),
        pytest.param({"certificates": {"server": -1.0}}, "has expired", id="expired"),
        pytest.param({"certificates": {"server": 3.0}}, "ends in 3 days", id="expiring"),
        pytest.param({"nodes": [{"name": "a", "ready": False}]}, "not Ready", id="not-ready"),
        pytest.param({"components": {"node": {"state": "failed"}}, "log_tails": {"node": "why\n"}}, "why", id="failed"),
        pytest.param({"log_tails": {"server": "OSError: address already in use"}}, "port", id="port"),
        pytest.param({"log_tails": {"server": "No space left on device"}}, "disk was full", id="no-space"),
        pytest.param({"cgroup_memory": False}, "cgroup", id="cgroup"),
        pytest.param({"other_cni": ["/etc/cni/net.d/1.conf"]}, "another cluster", id="cni"),
        pytest.param({"datastore": 3 * 2**30}, "datastore", id="datastore"),
        pytest.param({"inotify": 10}, "inotify", id="inotify"),
    ],
)
def test_troubles(facts, words):
    found = look(Facts(**facts))
    assert any(words in trouble.what for trouble in found)
    assert all(trouble.cure for trouble in found)
