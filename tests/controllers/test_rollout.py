"""The arithmetic of rollouts: how fast sets grow and shrink, and how a change of size is shared."""

import pytest

from picok8s.controllers import rollout
from tests.make import deployment, replicaset


def sized(name: str, size: int, available: int | None = None, created: int = 1, **annotations):
    status = {"replicas": size, "availableReplicas": size if available is None else available}
    return replicaset(name, replicas=size, status=status, created=created, annotations=annotations)


def strategy(surge, unavailable):
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


@pytest.mark.parametrize(
    "replicas, surge, unavailable, wanted",
    [
        (10, "25%", "25%", (3, 2)),
        (1, "25%", "25%", (1, 0)),
        (4, 0, 0, (0, 1)),
        (2, 5, 5, (5, 2)),
        (10, "30%", 1, (3, 1)),
    ],
)
def test_percentages_round_up_for_surge_and_down_for_loss(replicas, surge, unavailable, wanted):
    assert rollout.bounds(deployment(replicas=replicas, strategy=strategy(surge, unavailable))) == wanted


def test_the_new_set_grows_into_the_surge_only():
    d = deployment(replicas=10, strategy=strategy(3, 2))
    assert rollout.new_count(d, [sized("old", 10)], 0) == 3
    assert rollout.new_count(d, [sized("old", 8), sized("new", 5)], 5) == 5


def test_old_sets_lose_the_unhealthy_first():
    d = deployment(replicas=10, strategy=strategy(3, 2))
    new = sized("new", 3, 0, created=3)
    old = [sized("bad", 2, 0, created=2), sized("good", 8, created=1)]
    assert rollout.old_counts(d, new, old) == {"bad": 0, "good": 8}


def test_old_sets_shrink_as_the_new_one_becomes_available():
    d = deployment(replicas=10, strategy=strategy(3, 2))
    assert rollout.old_counts(d, sized("new", 3, 0), [sized("old", 10)]) == {"old": 8}
    assert rollout.old_counts(d, sized("new", 3, 3), [sized("old", 8)]) == {"old": 5}


def test_a_scaled_rollout_keeps_its_proportions():
    d = deployment(replicas=20, strategy=strategy(3, 2))
    words = {rollout.DESIRED: "10", rollout.MAXIMUM: "13"}
    sizes = rollout.proportions(d, [sized("new", 5, created=2, **words), sized("old", 8, created=1, **words)])
    assert sizes == {"old": 14, "new": 9}


def test_each_collision_gives_another_word():
    template = deployment()["spec"]["template"]
    assert rollout.template_hash(template, 0) != rollout.template_hash(template, 1)
    assert len(rollout.template_hash(template, 0)) == 10
