"""Deployment: which ReplicaSets it makes, scales and forgets."""

from picok8s.api.errors import ApiError
from picok8s.controllers import rollout
from picok8s.controllers.deployment import CONTROLLER
from picok8s.reconcile.writes import Create, Delete, Patch, Status
from tests import play
from tests.make import TEMPLATE, deployment, pod, replicaset

OWNED = {"owner": ("Deployment", "web", "d-uid"), "labels": {"app": "web"}}
OTHER = {**TEMPLATE, "spec": {"containers": [{"name": "c", "image": "example.test/old"}]}}


def current(size=1, **words):
    annotations = {rollout.REVISION: "2", rollout.DESIRED: str(size), rollout.MAXIMUM: str(size + 1)}
    status = {"replicas": size, "availableReplicas": size, "readyReplicas": size, "observedGeneration": 1}
    return replicaset("web-new", **{"replicas": size, "status": status, "annotations": annotations, **OWNED, **words})


def previous(size=1, name="web-old", revision=1, **words):
    annotations = {rollout.REVISION: str(revision), rollout.DESIRED: str(size), rollout.MAXIMUM: str(size + 1)}
    status = {"replicas": size, "availableReplicas": size, "readyReplicas": size, "observedGeneration": 1}
    given = {"replicas": size, "status": status, "annotations": annotations, "uid": name, "template": OTHER, **OWNED}
    return replicaset(name, **{**given, **words})


def patched(made):
    return {p.obj["metadata"]["name"]: p.patch["spec"]["replicas"] for p in made.of(Patch) if "spec" in p.patch}


def test_makes_its_first_set():
    made = play.run(CONTROLLER, deployment(replicas=3))
    (create,) = made.of(Create)
    labels = create.obj["metadata"]["labels"]
    assert create.obj["spec"]["replicas"] == 3
    assert (
        create.obj["spec"]["selector"]["matchLabels"] == labels == create.obj["spec"]["template"]["metadata"]["labels"]
    )
    assert create.obj["metadata"]["annotations"][rollout.REVISION] == "1"
    assert made.reasons == ["ScalingReplicaSet"]
    reasons = {c["type"]: c["reason"] for c in made.status["conditions"]}
    assert reasons == {"Available": "MinimumReplicasUnavailable", "Progressing": "NewReplicaSetCreated"}


def test_another_set_of_that_name_gives_a_new_word():
    made = play.run(CONTROLLER, deployment(), refuse={Create: ApiError("AlreadyExists", "taken")})
    assert made.of(Status)[0].status["collisionCount"] == 1


def test_a_new_template_grows_a_new_set_within_the_surge():
    made = play.run(CONTROLLER, deployment(replicas=4), replicasets=[previous(4)])
    (create,) = made.of(Create)
    assert create.obj["spec"]["replicas"] == 1
    assert create.obj["metadata"]["annotations"][rollout.REVISION] == "2"


def test_recreate_waits_until_the_old_pods_are_gone():
    recreating = deployment(strategy={"type": "Recreate"})
    owner = ("ReplicaSet", "web-old", "web-old")
    made = play.run(CONTROLLER, recreating, replicasets=[previous(1)])
    assert patched(made) == {"web-old": 0} and not made.of(Create)
    made = play.run(CONTROLLER, recreating, replicasets=[previous(0)], pods=[pod("p", owner=owner)])
    assert not made.of(Create)
    made = play.run(CONTROLLER, recreating, replicasets=[previous(0)])
    assert len(made.of(Create)) == 1


def test_an_old_template_again_takes_the_next_revision():
    back = deployment(template=OTHER)
    made = play.run(CONTROLLER, back, replicasets=[current(1), previous(0)])
    annotations = made.of(Patch)[0].patch["metadata"]["annotations"]
    assert annotations[rollout.REVISION] == "3" and annotations[rollout.HISTORY] == "1"
    assert made.of(Patch)[1].patch == {"metadata": {"annotations": {rollout.REVISION: "3"}}}


def test_scaling_does_not_wait_for_a_rollout():
    made = play.run(CONTROLLER, deployment(replicas=5), replicasets=[current(2)])
    assert patched(made) == {"web-new": 5}


def test_a_paused_deployment_scales_but_does_not_roll():
    made = play.run(CONTROLLER, deployment(replicas=2, paused=True), replicasets=[previous(1)])
    assert patched(made) == {"web-old": 2} and not made.of(Create)
    assert [c["reason"] for c in made.status["conditions"] if c["type"] == "Progressing"] == ["DeploymentPaused"]


def test_the_oldest_empty_sets_beyond_the_limit_are_forgotten():
    old = [previous(0, f"old-{n}", n) for n in (1, 2, 3)]
    made = play.run(CONTROLLER, deployment(revisionHistoryLimit=1), replicasets=[current(1), *old])
    assert [d.obj["metadata"]["name"] for d in made.of(Delete)] == ["old-1", "old-2"]


def test_a_rollout_that_is_done_says_so():
    made = play.run(CONTROLLER, deployment(status={"conditions": []}), replicasets=[current(1)])
    progress = next(c for c in made.status["conditions"] if c["type"] == "Progressing")
    assert progress["reason"] == "NewReplicaSetAvailable"
    assert progress["message"] == 'ReplicaSet "web-new" has successfully progressed.'


def test_a_rollout_that_stalls_is_late():
    stuck = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": "m"}
    stuck |= {"lastUpdateTime": "1970-01-01T00:00:01Z", "lastTransitionTime": "1970-01-01T00:00:01Z"}
    status = {"replicas": 1, "updatedReplicas": 1, "conditions": [stuck]}
    waiting = current(1, status={"replicas": 1, "observedGeneration": 1})
    made = play.run(CONTROLLER, deployment(status=status), replicasets=[waiting])
    progress = next(c for c in made.status["conditions"] if c["type"] == "Progressing")
    assert (progress["status"], progress["reason"]) == ("False", "ProgressDeadlineExceeded")
