"""What a namespace may use in all."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import resource_quota
from tests.apiserver.shelf import NOW, call, named, pod


def quota(hard: dict, used: dict, **spec) -> dict:
    return named("q", "x", spec={"hard": hard, **spec}, status={"hard": hard, "used": used})


def raised(found: dict, new: dict, old: dict | None = None, resource: str = "pods"):
    return resource_quota.raised(resource_quota.Request(call(resource), resource, new, old, NOW), found)


def sized(requests: dict | None = None, limits: dict | None = None) -> dict:
    return pod(containers=[{"name": "c", "resources": {"requests": requests or {}, "limits": limits or {}}}])


def test_the_count_rises():
    found = quota({"pods": "3", "requests.cpu": "1"}, {"pods": "1", "requests.cpu": "300m"})
    assert raised(found, sized({"cpu": "600m"})) == {"pods": "2", "requests.cpu": "900m"}


@pytest.mark.parametrize(
    "hard, used, new, told",
    [
        (
            {"limits.memory": "1Gi", "requests.cpu": "1"},
            {"limits.memory": "512Mi", "requests.cpu": "600m"},
            sized({"cpu": "500m"}, {"memory": "600Mi"}),
            "exceeded quota: q, requested: limits.memory=600Mi,requests.cpu=500m, "
            "used: limits.memory=512Mi,requests.cpu=600m, limited: limits.memory=1Gi,requests.cpu=1",
        ),
        (
            {"limits.memory": "1Gi", "requests.cpu": "1"},
            {},
            sized(),
            "failed quota: q: must specify limits.memory for: c; requests.cpu for: c",
        ),
        ({"pods": "1"}, {}, sized(), "status unknown for quota: q, resources: pods"),
    ],
)
def test_what_is_refused(hard, used, new, told):
    with pytest.raises(ApiError) as refused:
        raised(quota(hard, used), new)
    assert refused.value.message == f'pods "a" is forbidden: {told}'


def test_a_scope_limits_what_is_counted():
    found = quota({"pods": "1"}, {"pods": "1"}, scopes=["BestEffort"])
    assert raised(found, sized({"cpu": "1"})) is None
    with pytest.raises(ApiError):
        raised(found, sized())


def test_an_update_counts_the_difference():
    found = quota({"services.nodeports": "1"}, {"services.nodeports": "0"})
    plain = named("s", "x", spec={"type": "ClusterIP", "ports": [{"port": 1}]})
    opened = named("s", "x", spec={"type": "NodePort", "ports": [{"port": 1}]})
    assert raised(found, opened, plain, "services") == {"services.nodeports": "1"}
    assert raised(found, opened, opened, "services") is None


def test_a_quota_without_status_holds_nothing_back():
    assert raised(named("q", "x", spec={"hard": {"pods": "0"}}), sized()) is None


def test_any_kind_can_be_counted():
    found = quota({"count/deployments.apps": "1"}, {"count/deployments.apps": "1"})
    with pytest.raises(ApiError, match="exceeded quota"):
        raised(found, named("d", "x", spec={}), None, "deployments.apps")
