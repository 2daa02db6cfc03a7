"""autoscaling: HorizontalPodAutoscalers of both versions."""

import pytest

from tests.apiserver.kinds import play

V2 = "horizontalpodautoscalers.autoscaling"
V1 = f"{V2}/v1"
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}


def scaler(**spec):
    return {"spec": {"scaleTargetRef": TARGET, "maxReplicas": 5, **spec}}


def test_v2_looks_at_cpu_by_default():
    made, errors = play.create(V2, scaler())
    assert not errors
    assert made["spec"]["metrics"] == [CPU] and made["spec"]["minReplicas"] == 1
    assert made["status"] == {"desiredReplicas": 0, "currentMetrics": None}


def test_v1_shows_the_same_by_its_own_field():
    made, errors = play.create(V1, scaler())
    assert not errors
    assert made["spec"]["targetCPUUtilizationPercentage"] == 80 and "metrics" not in made["spec"]
    assert made["status"] == {"currentReplicas": 0, "desiredReplicas": 0}
    changed, _ = play.update(V1, made, {"spec": {"maxReplicas": 9}})
    assert changed["metadata"]["generation"] == 2


def test_behavior_is_filled_up():
    made, _ = play.create(V2, scaler(behavior={"scaleDown": {"stabilizationWindowSeconds": 60}}))
    assert made["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 60
    assert [p["type"] for p in made["spec"]["behavior"]["scaleUp"]["policies"]] == ["Pods", "Percent"]


@pytest.mark.parametrize(
    "spec, errors",
    [
        (
            {"maxReplicas": 0},
            [
                "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
                "spec.maxReplicas: Required value",
            ],
        ),
        (
            {"scaleTargetRef": {}},
            [
                "spec.scaleTargetRef.kind: Required value",
                "spec.scaleTargetRef.name: Required value",
                'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
            ],
        ),
        (
            {"metrics": [{"type": "Guess"}]},
            [
                'spec.metrics[0].type: Unsupported value: "Guess": supported values: '
                '"ContainerResource", "External", "Object", "Pods", "Resource"'
            ],
        ),
        (
            {"minReplicas": 0},
            [
                "spec.metrics: Forbidden: must specify at least one Object or External metric "
                "to support scaling to zero replicas"
            ],
        ),
        (
            {"behavior": {"scaleUp": {"policies": []}}},
            ["spec.behavior.scaleUp.policies: Required value: must specify at least one Policy"],
        ),
    ],
)
def test_autoscalers_are_refused_in_upstream_words(spec, errors):
    assert play.refused(V2, scaler(**spec)) == errors
