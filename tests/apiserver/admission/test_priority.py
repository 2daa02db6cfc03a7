"""Priority classes become numbers."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import priority
from tests.apiserver.shelf import Cluster, Shelf, call, named, pod

HIGH = named("high", value=10, preemptionPolicy="Never")
DEFAULT = named("usual", value=5, globalDefault=True)


def resolved(*classes, old=None, **spec) -> dict:
    new = pod(**spec)
    priority.resolve(Cluster(Shelf().put(priority.CLASSES, *classes)), call("pods"), new, old)
    return {key: new["spec"].get(key) for key in ("priorityClassName", "priority", "preemptionPolicy")}


@pytest.mark.parametrize(
    "classes, spec, found",
    [
        ((), {}, (None, 0, "PreemptLowerPriority")),
        ((HIGH,), {"priorityClassName": "high"}, ("high", 10, "Never")),
        ((HIGH, DEFAULT), {}, ("usual", 5, "PreemptLowerPriority")),
    ],
)
def test_a_pod_gets_its_number(classes, spec, found):
    assert tuple(resolved(*classes, **spec).values()) == found


@pytest.mark.parametrize(
    "spec, told",
    [
        ({"priorityClassName": "zz"}, "no PriorityClass with name zz was found"),
        ({"priority": 7}, r"the integer value of priority \(7\) must not be provided in pod spec"),
        (
            {"priorityClassName": "high", "preemptionPolicy": "PreemptLowerPriority"},
            "the string value of PreemptionPolicy",
        ),
    ],
)
def test_what_is_refused(spec, told):
    with pytest.raises(ApiError, match=told):
        resolved(HIGH, **spec)


def test_an_update_keeps_what_was_worked_out():
    assert resolved(old=pod(priority=3))["priority"] == 3


def test_only_one_class_is_the_default():
    cluster = Cluster(Shelf().put(priority.CLASSES, DEFAULT))
    priority.judge_class(cluster, call(priority.CLASSES), DEFAULT, DEFAULT)
    with pytest.raises(ApiError, match="PriorityClass usual is already marked as default"):
        priority.judge_class(cluster, call(priority.CLASSES), named("b", globalDefault=True), None)


def test_the_system_classes_stay():
    with pytest.raises(ApiError, match="this is a system priority class and cannot be deleted"):
        priority.keep_system_classes(Cluster(Shelf()), call(priority.CLASSES), None, named("system-node-critical"))
    priority.keep_system_classes(Cluster(Shelf()), call(priority.CLASSES), None, HIGH)
