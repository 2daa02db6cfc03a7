"""Garbage: who goes with its owner, who stays, who is waited for."""

from picok8s.controllers import garbage
from picok8s.reconcile.writes import Ask, Delete, Note, Patch
from tests import play
from tests.make import pod, replicaset

OWNER = ("ReplicaSet", "web", "rs-uid")


def look(at, *objects, **words):
    """Let the controller hear of all objects, then run the key of the first."""
    controller = garbage.controller()
    lists = {}
    for obj in objects:
        resource = "pods" if obj["kind"] == "Pod" else "replicasets.apps"
        list(controller.hears(resource, "ADDED", obj))
        lists.setdefault(resource, []).append(obj)
    resource = "pods" if at["kind"] == "Pod" else "replicasets.apps"
    key = garbage.Place(resource, "default", at["metadata"]["name"], at["metadata"]["uid"]).key()
    return play.run(controller, key, **{"answers": lambda ask: None, **words}, **lists)


def test_a_pod_without_its_owner_goes():
    orphan = pod("a", owner=OWNER)
    made = look(orphan, orphan)
    assert made.of(Ask)[0].name == "web"
    assert made.of(Delete)[0].options == {"propagationPolicy": "Background"}


def test_an_owner_of_the_same_name_is_another():
    orphan = pod("a", owner=OWNER)
    assert look(orphan, orphan, replicaset(uid="new-uid")).of(Delete)


def test_a_pod_with_its_owner_stays():
    child = pod("a", owner=OWNER)
    assert not look(child, child, replicaset()).writes


def test_nothing_is_deleted_on_a_guess():
    from picok8s.api.errors import ApiError

    orphan = pod("a", owner=OWNER)
    made = look(orphan, orphan, answers=lambda ask: ApiError("ServiceUnavailable", "later"))
    assert not made.of(Delete)


def test_dependents_are_looked_at_when_their_owner_is_gone():
    child = pod("a", owner=OWNER)
    made = look(replicaset(), child)
    assert [note.key[1] for note in made.of(Note)] == ["a-uid"]


def test_foreground_waits_for_those_that_block():
    owner = replicaset(deleted=True, finalizers=[garbage.FOREGROUND])
    child = pod("a", owner=OWNER)
    assert not look(owner, owner, child).of(Patch)
    assert look(child, child, owner).of(Delete)
    (patch,) = look(owner, owner).of(Patch)
    assert patch.patch["metadata"]["finalizers"] is None


def test_orphan_takes_the_reference_off():
    owner = replicaset(deleted=True, finalizers=[garbage.ORPHAN])
    made = look(owner, owner, pod("a", owner=OWNER))
    first, second = made.of(Patch)
    assert first.patch["metadata"]["ownerReferences"] is None
    assert second.patch["metadata"]["finalizers"] is None


def test_one_owner_left_is_enough():
    child = pod("a", owner=OWNER)
    lost = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "lost", "uid": "lost-uid"}
    child["metadata"]["ownerReferences"].append(lost)
    made = look(child, child, replicaset())
    assert [r["uid"] for r in made.of(Patch)[0].patch["metadata"]["ownerReferences"]] == ["rs-uid"]
