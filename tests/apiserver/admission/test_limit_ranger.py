"""Default resources, and limits on them."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import limit_ranger
from tests.apiserver.shelf import Cluster, Shelf, call, named, pod


def cluster(**limit) -> Cluster:
    return Cluster(Shelf(limitranges=[named("l", "x", spec={"limits": [{"type": "Container", **limit}]})]))


def container(name="c", **resources) -> dict:
    return {"name": name, "resources": resources}


def test_missing_resources_are_filled_and_told():
    new = pod(containers=[container()])
    limits = cluster(default={"cpu": "1"}, defaultRequest={"cpu": "1", "memory": "10Mi"})
    limit_ranger.complete(limits, call("pods"), new, None)
    assert new["spec"]["containers"][0]["resources"] == {
        "requests": {"cpu": "1", "memory": "10Mi"},
        "limits": {"cpu": "1"},
    }
    told = "LimitRanger plugin set: cpu, memory request for container c; cpu limit for container c"
    assert new["metadata"]["annotations"] == {"kubernetes.io/limit-ranger": told}


@pytest.mark.parametrize(
    "limit, resources, told",
    [
        ({"max": {"cpu": "1"}}, {}, "maximum cpu usage per Container is 1.  No limit is specified"),
        (
            {"max": {"cpu": "1"}},
            {"limits": {"cpu": "1200m"}},
            "maximum cpu usage per Container is 1, but limit is 1200m",
        ),
        ({"min": {"cpu": "1"}}, {"requests": {"cpu": "1m"}}, "minimum cpu usage per Container is 1, but request is 1m"),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "1"}, "limits": {"cpu": "3"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
    ],
)
def test_a_container_beyond_is_refused(limit, resources, told):
    with pytest.raises(ApiError) as refused:
        limit_ranger.judge_pod(cluster(**limit), call("pods"), pod(containers=[container(**resources)]), None)
    assert refused.value.message == f'pods "a" is forbidden: {told}'


def test_a_pod_counts_all_containers():
    both = [container("c", limits={"cpu": "600m"}), container("d", limits={"cpu": "600m"})]
    with pytest.raises(ApiError, match="maximum cpu usage per Pod is 1, but limit is 1200m"):
        limit_ranger.judge_pod(cluster(type="Pod", max={"cpu": "1"}), call("pods"), pod(containers=both), None)


def test_a_claim_has_limits_too():
    claim = named("a", "x", spec={"resources": {"requests": {"storage": "2Gi"}}})
    limits = cluster(type="PersistentVolumeClaim", max={"storage": "1Gi"})
    with pytest.raises(ApiError, match="maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi"):
        limit_ranger.judge_claim(limits, call("persistentvolumeclaims"), claim, None)
