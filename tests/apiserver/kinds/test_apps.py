"""apps: defaults, generations and refusals of workloads."""

import pytest

from tests.apiserver.kinds import play

LABELS = {"app": "a"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
SPEC = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


def deployment(**spec):
    return {"spec": {**SPEC, **spec}}


def test_a_deployment_gets_its_defaults():
    made, errors = play.create("deployments.apps", deployment())
    assert not errors
    assert made["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert (made["spec"]["replicas"], made["metadata"]["generation"], made["status"]) == (1, 1, {})


def test_only_the_missing_half_of_a_rolling_update_is_defaulted():
    made, _ = play.create("deployments.apps", deployment(strategy={"rollingUpdate": {"maxSurge": 2}}))
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": 2}


@pytest.mark.parametrize(
    "spec, errors",
    [
        (
            {"selector": {"matchLabels": {"app": "b"}}},
            ['spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`'],
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}},
            [
                'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
            ],
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": "25", "maxUnavailable": "150%"}}},
            [
                f'spec.strategy.rollingUpdate.maxSurge: Invalid value: "25": {PERCENT}',
                'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "150%": must not be greater than 100%',
            ],
        ),
        (
            {"strategy": {"type": "Blue"}},
            [
                'spec.strategy: Unsupported value: {"Type":"Blue","RollingUpdate":null}: '
                'supported values: "Recreate", "RollingUpdate"'
            ],
        ),
        (
            {"minReadySeconds": 600, "progressDeadlineSeconds": 600},
            ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
        ),
    ],
)
def test_deployments_are_refused_in_upstream_words(spec, errors):
    assert play.refused("deployments.apps", deployment(**spec)) == errors


def test_a_deployment_counts_annotations_and_its_spec_but_not_labels():
    made, _ = play.create("deployments.apps", deployment())
    labelled, _ = play.update("deployments.apps", made, {"metadata": {"labels": {"x": "y"}}})
    noted, _ = play.update("deployments.apps", labelled, {"metadata": {"annotations": {"k": "v"}}})
    paused, _ = play.update("deployments.apps", noted, {"spec": {"paused": True}})
    assert [o["metadata"]["generation"] for o in (made, labelled, noted, paused)] == [1, 1, 2, 3]


def test_a_status_is_not_taken_with_the_object():
    made, _ = play.create("deployments.apps", {**deployment(), "status": {"replicas": 5}})
    assert made["status"] == {}


def test_the_selector_of_a_deployment_is_immutable():
    made, _ = play.create("deployments.apps", deployment())
    _, errors = play.update("deployments.apps", made, {"spec": {"selector": {"matchLabels": {"app": "b"}}}})
    assert 'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable' in errors


def test_a_status_of_a_replica_set_fits_its_replicas():
    made, _ = play.create("replicasets.apps", deployment())
    _, errors = play.status("replicasets.apps", made, {"replicas": 1, "readyReplicas": 2})
    assert errors == ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"]


def test_a_stateful_set_gets_its_defaults_and_claims_their_kind():
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    made, _ = play.create("statefulsets.apps", deployment(volumeClaimTemplates=[claim]))
    assert made["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0, "maxUnavailable": 1}
    assert made["spec"]["volumeClaimTemplates"][0]["kind"] == "PersistentVolumeClaim"
    assert made["status"] == {"replicas": 0, "availableReplicas": 0}


def test_a_stateful_set_refuses_a_rolling_update_on_delete():
    strategy = {"type": "OnDelete", "rollingUpdate": {"partition": 1}}
    assert play.refused("statefulsets.apps", deployment(updateStrategy=strategy)) == [
        'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: '
        "only allowed for updateStrategy 'RollingUpdate'"
    ]


def test_the_name_of_a_stateful_set_has_no_dots():
    assert play.kind("statefulsets.apps").behaviour.name("a.b") == ["must not contain dots"]


def test_a_daemon_set_counts_its_templates_in_an_annotation():
    made, _ = play.create("daemonsets.apps", deployment())
    pods, _ = play.update("daemonsets.apps", made, {"spec": {"template": {"spec": {"hostNetwork": True}}}})
    other, _ = play.update("daemonsets.apps", pods, {"spec": {"minReadySeconds": 4}})
    key = "deprecated.daemonset.template.generation"
    counts = [(o["metadata"]["generation"], o["metadata"]["annotations"][key]) for o in (made, pods, other)]
    assert counts == [(1, "1"), (2, "2"), (3, "2")]


def test_a_daemon_set_surges_or_is_unavailable_not_both():
    strategy = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    assert play.refused("daemonsets.apps", deployment(updateStrategy=strategy)) == [
        "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"
    ]


def test_a_controller_revision_keeps_its_data():
    made, errors = play.create("controllerrevisions.apps", {"revision": 1, "data": {"a": 1}})
    assert not errors
    assert play.update("controllerrevisions.apps", made, {"data": {"a": 2}})[1] == [
        'data: Invalid value: {"a":2}: field is immutable'
    ]
    assert play.refused("controllerrevisions.apps", {"revision": 1}) == ["data: Required value: data is mandatory"]
