"""Namespaces."""

from tests.apiserver.kinds import play


def test_a_new_namespace():
    made, errors = play.create("namespaces", {"spec": {"finalizers": ["example.com/x"]}})
    assert errors == [] and made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "a"}
    assert made["spec"]["finalizers"] == ["example.com/x", "kubernetes"] and made["status"] == {"phase": "Active"}


def test_finalizers_are_taken_through_their_own_door():
    made, _ = play.create("namespaces", {})
    assert play.update("namespaces", made, {"spec": {"finalizers": []}})[0]["spec"] == {"finalizers": ["kubernetes"]}
    prepare, validate = play.kind("namespaces").behaviour.subresources["finalize"]
    new = {**made, "spec": {"finalizers": ["odd"]}}
    prepare(new, made)
    assert [str(error) for error in validate(new, made)] == [
        'spec.finalizers: Invalid value: "odd": name is neither a standard finalizer name nor is it fully qualified'
    ]


def test_the_phase_follows_the_deletion():
    made, _ = play.create("namespaces", {})
    assert play.status("namespaces", made, {"phase": "Terminating"})[1] == [
        "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"
    ]
