"""A pod's cgroup."""

from picok8s.node import cgroups
from tests.node.test_pods import needs
from tests.node.test_step import pod

LIMITED = needs({"cpu": "500m", "memory": "64Mi"})


def test_where_it_is():
    assert cgroups.parent(pod(), "/kubepods") == "/kubepods/besteffort/podu1"
    assert cgroups.parent(pod(LIMITED), "/kubepods") == "/kubepods/podu1"


def test_the_pod_is_limited_when_all_its_containers_are():
    limit = cgroups.limits(pod(LIMITED))
    assert limit["quota"] == 50_000 and limit["memory"] == 64 << 20
    assert cgroups.limits(pod(LIMITED, {"name": "free"}))["quota"] == 0


def test_files_of_both_versions():
    limit = {"shares": 512, "quota": 0, "memory": 1 << 20}
    assert cgroups.files("/k/podu", limit, v2=False)["cpu/k/podu/cpu.cfs_quota_us"] == "-1"
    assert cgroups.files("/k/podu", limit, v2=True) == {
        "/k/podu/cpu.weight": "20",
        "/k/podu/cpu.max": "max 100000",
        "/k/podu/memory.max": "1048576",
    }


def test_a_cgroup_is_made_and_removed_in_every_hierarchy(tmp_path):
    for name in ("cpu", "memory", "freezer"):
        (tmp_path / name).mkdir()
    cgroups.make("/k/podu", cgroups.limits(pod()), str(tmp_path))
    (tmp_path / "freezer" / "k" / "podu" / "container").mkdir(parents=True)
    cgroups.remove("/k/podu", str(tmp_path))
    assert not list(tmp_path.glob("*/k/podu"))
