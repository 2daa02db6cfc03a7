"""node.k8s.io: runtime classes."""

from tests.apiserver.kinds import play

NAME = "runtimeclasses.node.k8s.io"


def test_a_handler_is_required_and_fixed():
    assert play.refused(NAME, {}) == ["handler: Required value"]
    made, errors = play.create(NAME, {"handler": "runc"})
    assert not errors
    assert play.update(NAME, made, {"handler": "kata"})[1] == ["handler: Invalid value: null: field is immutable"]


def test_tolerations_are_different():
    twice = [{"key": "x", "operator": "Exists"}] * 2
    assert play.refused(NAME, {"handler": "runc", "scheduling": {"tolerations": twice}}) == [
        'scheduling.tolerations[1]: Duplicate value: {"Key":"x","Operator":"Exists","Value":"","Effect":"",'
        '"TolerationSeconds":null}'
    ]
