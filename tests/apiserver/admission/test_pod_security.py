"""Pod Security: labels, levels, and what they say of pods."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import pod_security
from tests.apiserver.shelf import Cluster, Shelf, call, named, pod

LABEL = "pod-security.kubernetes.io/"


def namespace(name="x", **labels) -> dict:
    found = named(name)
    found["metadata"]["labels"] = {LABEL + key.replace("_", "-"): value for key, value in labels.items()}
    return found


def cluster(**labels) -> Cluster:
    return Cluster(Shelf(namespaces=[namespace(**labels)]))


def test_a_namespace_without_labels_takes_all():
    pod_security.judge_pod(cluster(), call("pods"), pod(hostPID=True), None)


def test_enforcing_refuses():
    with pytest.raises(ApiError) as refused:
        pod_security.judge_pod(cluster(enforce="baseline"), call("pods"), pod(hostPID=True), None)
    told = 'pods "a" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)'
    assert refused.value.message == told


def test_warning_lets_in():
    asked = call("pods")
    pod_security.judge_pod(cluster(warn="baseline", warn_version="v1.20"), asked, pod(hostPID=True), None)
    assert asked.warnings == ['would violate PodSecurity "baseline:v1.20": host namespaces (hostPID=true)']


def test_workloads_are_warned_about_and_never_refused():
    asked, new = call("deployments.apps"), named("d", "x", spec={"template": {"spec": pod(hostPID=True)["spec"]}})
    pod_security.judge_workload(cluster(enforce="baseline"), asked, new, None)
    assert asked.warnings == ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']


def test_a_change_of_labels_is_not_judged_but_a_new_image_is():
    old = pod(hostPID=True)
    pod_security.judge_pod(cluster(enforce="baseline"), call("pods"), pod(hostPID=True), old)
    with pytest.raises(ApiError):
        new = pod(hostPID=True, containers=[{"name": "c", "image": "new"}])
        pod_security.judge_pod(cluster(enforce="baseline"), call("pods"), new, old)


def test_bad_labels_are_refused():
    with pytest.raises(ApiError) as refused:
        pod_security.judge_namespace(
            cluster(), call("namespaces"), namespace(enforce="strict", audit="Baseline", warn_version="1.2"), None
        )
    assert [cause["field"] for cause in refused.value.details["causes"]] == [
        f"metadata.labels[{LABEL}{key}]" for key in ("enforce", "audit", "warn-version")
    ]


def test_stricter_labels_warn_of_the_pods_there():
    bad = [pod(name, hostPID=True) for name in ("b", "a")]
    shelf = Shelf(pods=[*bad, pod("good")])
    asked = call("namespaces", "update")
    pod_security.judge_namespace(Cluster(shelf), asked, namespace(enforce="baseline"), namespace())
    assert asked.warnings == [
        'existing pods in namespace "x" violate the new PodSecurity enforce level "baseline:latest"',
        "a (and 1 other pod): host namespaces",
    ]
