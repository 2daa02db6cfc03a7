"""storagemigration.k8s.io: migrations."""

from tests.apiserver.kinds import play

NAME = "storageversionmigrations.storagemigration.k8s.io"


def test_a_migration_names_a_resource_for_good():
    assert play.refused(NAME, {"spec": {}}) == [
        "spec.resource.resource: Required value: resource is required to be set"
    ]
    made, errors = play.create(NAME, {"spec": {"resource": {"resource": "pods"}}})
    assert not errors
    assert len(play.update(NAME, made, {"spec": {"resource": {"resource": "nodes"}}})[1]) == 1


def test_success_stays():
    made, _ = play.create(NAME, {"spec": {"resource": {"resource": "pods"}}})
    true = {"type": "Succeeded", "status": "True", "reason": "R", "message": "", "lastTransitionTime": play.BORN}
    done, errors = play.status(NAME, made, {"conditions": [true]})
    assert not errors
    assert play.status(NAME, done, {"conditions": []})[1] == [
        "status.conditions: Invalid value: []: Success condition cannot be set to false once it is true"
    ]
