"""Runtime classes: overhead, node selector, tolerations."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import runtime_class
from tests.apiserver.shelf import Cluster, Shelf, call, named, pod

KATA = named(
    "kata",
    overhead={"podFixed": {"cpu": "250m"}},
    scheduling={"nodeSelector": {"kata": "yes"}, "tolerations": [{"key": "kata", "operator": "Exists"}]},
)


def complete(**spec) -> dict:
    new, cluster = pod(**spec), Cluster(Shelf().put(runtime_class.CLASSES, KATA, named("plain")))
    runtime_class.complete(cluster, call("pods"), new, None)
    runtime_class.judge(cluster, call("pods"), new, None)
    return new["spec"]


def test_a_pod_takes_what_its_class_says():
    spec = complete(runtimeClassName="kata", nodeSelector={"a": "b"})
    assert spec["overhead"] == {"cpu": "250m"}
    assert spec["nodeSelector"] == {"a": "b", "kata": "yes"}
    assert spec["tolerations"] == [{"key": "kata", "operator": "Exists"}]


@pytest.mark.parametrize(
    "spec, told",
    [
        ({"runtimeClassName": "zz"}, 'pod rejected: RuntimeClass "zz" not found'),
        ({"overhead": {"cpu": "1"}}, "Pod Overhead set without corresponding RuntimeClass defined Overhead"),
        ({"overhead": {"cpu": "1"}, "runtimeClassName": "plain"}, "Pod Overhead set without corresponding"),
        ({"overhead": {"cpu": "1"}, "runtimeClassName": "kata"}, "Pod's Overhead doesn't match"),
        (
            {"nodeSelector": {"kata": "no"}, "runtimeClassName": "kata"},
            "conflict: runtimeClass.scheduling.nodeSelector",
        ),
    ],
)
def test_what_is_refused(spec, told):
    with pytest.raises(ApiError, match=told):
        complete(**spec)
