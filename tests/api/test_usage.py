"""What pods and others use of a quota."""

import pytest

from picok8s.api import usage

NOW = 1_700_000_000.0


def container(cpu: str = "", **more) -> dict:
    return {"name": "c", "resources": {"requests": {"cpu": cpu}} if cpu else {}, **more}


def pod(*containers: dict, **spec) -> dict:
    return {"metadata": {"name": "a"}, "spec": {"containers": list(containers), **spec}}


@pytest.mark.parametrize(
    "found, cpu",
    [
        (pod(container("1"), container("500m")), "1500m"),
        (pod(container("1"), initContainers=[container("3")]), "3"),
        (pod(container("1"), initContainers=[container("500m", restartPolicy="Always"), container("2")]), "2500m"),
        (pod(container("1"), resources={"requests": {"cpu": "7"}}), "7"),
    ],
)
def test_a_pod_adds_up(found, cpu):
    assert usage.pod_resources(found, "requests")["cpu"] == cpu


def test_requests_and_limits_have_names_of_their_own():
    found = pod(
        {"name": "c", "resources": {"requests": {"cpu": "1", "example.com/gpu": "2"}, "limits": {"memory": "1Gi"}}}
    )
    assert usage.of("pods", found, NOW) == {
        "count/pods": "1",
        "pods": "1",
        "cpu": "1",
        "requests.cpu": "1",
        "limits.memory": "1Gi",
        "requests.example.com/gpu": "2",
    }


def test_a_finished_pod_is_only_there():
    assert usage.of("pods", {**pod(container("1")), "status": {"phase": "Failed"}}, NOW) == {"count/pods": "1"}


def test_a_claim_counts_for_its_class():
    claim = {"metadata": {}, "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}}
    assert usage.of("persistentvolumeclaims", claim, NOW)["fast.storageclass.storage.k8s.io/requests.storage"] == "1Gi"


def test_plain_kinds_are_counted():
    assert usage.of("secrets", {}, NOW) == {"count/secrets": "1", "secrets": "1"}
    assert usage.of("deployments.apps", {}, NOW) == {"count/deployments.apps": "1"}


@pytest.mark.parametrize(
    "scope, found, holds",
    [
        ({"scopes": ["BestEffort"]}, pod(container()), True),
        ({"scopes": ["NotBestEffort"]}, pod(container()), False),
        ({"scopes": ["Terminating"]}, pod(container(), activeDeadlineSeconds=0), True),
        ({"scopes": ["PriorityClass"]}, pod(container(), priorityClassName="high"), True),
    ],
)
def test_scopes(scope, found, holds):
    assert usage.in_scope({"spec": scope}, "pods", found) is holds


@pytest.mark.parametrize(
    "operator, values, holds", [("In", ["high"], True), ("NotIn", ["high"], False), ("DoesNotExist", [], False)]
)
def test_a_scope_by_priority_class(operator, values, holds):
    requirement = {"scopeName": "PriorityClass", "operator": operator, "values": values}
    spec = {"scopeSelector": {"matchExpressions": [requirement]}}
    assert usage.in_scope({"spec": spec}, "pods", pod(priorityClassName="high")) is holds
