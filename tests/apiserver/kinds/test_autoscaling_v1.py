"""autoscaling/v1: nothing is lost on the way to v2 and back."""

import pytest

from picok8s.apiserver.kinds.autoscaling_v1 import decode, encode

TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}


def stored(metrics, **more):
    spec = {"scaleTargetRef": TARGET, "minReplicas": 1, "maxReplicas": 5, "metrics": metrics, **more}
    status = {"desiredReplicas": 0, "currentMetrics": None}
    return {"apiVersion": "autoscaling/v2", "metadata": {"name": "a"}, "spec": spec, "status": status}


@pytest.mark.parametrize(
    "obj",
    [
        stored([CPU]),
        stored(
            [
                {
                    "type": "Pods",
                    "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "2"}},
                }
            ]
        ),
        stored(
            [{"type": "External", "external": {"metric": {"name": "m"}, "target": {"type": "Value", "value": "3"}}}]
        ),
        stored(
            [CPU],
            behavior={
                "scaleDown": {"selectPolicy": "Max", "policies": [{"type": "Pods", "value": 1, "periodSeconds": 5}]}
            },
        ),
    ],
    ids=["cpu", "pods", "external", "behavior"],
)
def test_round_trip(obj):
    assert encode(decode(obj)) == obj


def test_what_v1_has_no_field_for_is_in_annotations():
    obj = stored([CPU])
    obj["status"]["conditions"] = [{"type": "AbleToScale", "status": "True", "lastTransitionTime": None, "reason": "R"}]
    shown = decode(obj)
    assert shown["spec"]["targetCPUUtilizationPercentage"] == 70
    assert shown["metadata"]["annotations"] == {
        "autoscaling.alpha.kubernetes.io/conditions": (
            '[{"type":"AbleToScale","status":"True","lastTransitionTime":null,"reason":"R"}]'
        )
    }


def test_annotations_that_do_not_parse_are_dropped():
    obj = decode(stored([CPU]))
    obj["metadata"]["annotations"] = {"autoscaling.alpha.kubernetes.io/metrics": "{", "mine": "1"}
    assert encode(obj)["metadata"]["annotations"] == {"mine": "1"}
