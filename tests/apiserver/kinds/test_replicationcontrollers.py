"""ReplicationControllers and PodTemplates."""

from tests.apiserver.kinds import play

NAME = "replicationcontrollers"
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}


def test_labels_and_selector_come_from_the_template():
    made, errors = play.create(NAME, {"spec": {"template": TEMPLATE}})
    assert errors == [] and made["spec"]["selector"] == made["metadata"]["labels"] == {"a": "b"}
    assert made["spec"]["replicas"] == 1 and made["status"] == {"replicas": 0} and made["metadata"]["generation"] == 1


def test_what_is_refused():
    assert play.refused(NAME, {"spec": {}}) == ["spec.selector: Required value", "spec.template: Required value"]
    assert play.refused(NAME, {"spec": {"template": TEMPLATE, "selector": {"x": "y"}, "replicas": -1}}) == [
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
    ]


def test_a_status_adds_up():
    made, _ = play.create(NAME, {"spec": {"template": TEMPLATE}})
    assert play.status(NAME, made, {"replicas": 1, "availableReplicas": 1})[1] == [
        "status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas"
    ]


def test_a_template_of_its_own_counts_generations():
    made, errors = play.create("podtemplates", {"template": TEMPLATE})
    assert errors == [] and made["metadata"]["generation"] == 1
    new, errors = play.update("podtemplates", made, {"template": {"spec": {"hostNetwork": True}}})
    assert errors == [] and new["metadata"]["generation"] == 2
