"""batch: Jobs, their defaults, their policies, what of them may change."""

import pytest

from tests.apiserver.kinds import play

POD = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}


def job(**spec):
    return {"spec": {"template": {"spec": POD}, **spec}}


def test_a_job_selects_its_pods_by_its_uid():
    made, errors = play.create("jobs.batch", job())
    assert not errors
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": play.UID}}
    assert made["spec"]["template"]["metadata"]["labels"]["job-name"] == "a"
    assert made["metadata"]["labels"] == made["spec"]["template"]["metadata"]["labels"]


def test_a_limit_for_each_index_lifts_the_whole_limit():
    made, _ = play.create("jobs.batch", job(completionMode="Indexed", completions=5, backoffLimitPerIndex=1))
    assert made["spec"]["backoffLimit"] == 2**31 - 1


def test_a_failure_policy_changes_when_pods_are_replaced():
    policy = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}
    made, _ = play.create("jobs.batch", job(podFailurePolicy=policy))
    assert made["spec"]["podReplacementPolicy"] == "Failed"
    assert made["spec"]["podFailurePolicy"]["rules"][0]["onPodConditions"][0]["status"] == "True"


@pytest.mark.parametrize(
    "spec, errors",
    [
        ({"parallelism": -1}, ["spec.parallelism: Invalid value: -1: must be greater than or equal to 0"]),
        (
            {"backoffLimitPerIndex": 1, "maxFailedIndexes": 2},
            [
                "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
                "spec.maxFailedIndexes: Invalid value: 2: requires indexed completion mode",
            ],
        ),
        (
            {"podFailurePolicy": {"rules": [{"action": "Ignore"}]}},
            [
                "spec.podFailurePolicy.rules[0]: Invalid value: "
                "specifying one of OnExitCodes and OnPodConditions is required"
            ],
        ),
        (
            {"successPolicy": {"rules": [{"succeededCount": 1}]}},
            [
                'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: '
                "requires indexed completion mode"
            ],
        ),
        (
            {"managedBy": "plain"},
            ['spec.managedBy: Invalid value: "plain": must be a domain-prefixed path (such as "acme.io/foo")'],
        ),
    ],
)
def test_jobs_are_refused_in_upstream_words(spec, errors):
    assert play.refused("jobs.batch", job(**spec)) == errors


def test_the_template_of_a_running_job_is_fixed():
    made, _ = play.create("jobs.batch", job())
    _, errors = play.update("jobs.batch", made, {"spec": {"template": {"spec": {"nodeSelector": {"k": "v"}}}}})
    assert [error.split(":")[0] for error in errors] == ["spec.template"]


def test_a_suspended_job_may_be_placed_elsewhere_but_not_changed():
    made, _ = play.create("jobs.batch", job(suspend=True))
    placed = {"spec": {"template": {"spec": {"nodeSelector": {"k": "v"}}}}}
    assert play.update("jobs.batch", made, placed)[1] == []
    other = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "y"}]}}}}
    assert [error.split(":")[0] for error in play.update("jobs.batch", made, other)[1]] == ["spec.template.spec"]


def test_completions_of_an_indexed_job_move_with_its_parallelism():
    made, _ = play.create("jobs.batch", job(completionMode="Indexed", completions=5, parallelism=5))
    assert play.update("jobs.batch", made, {"spec": {"completions": 6, "parallelism": 6}})[1] == []
    assert play.update("jobs.batch", made, {"spec": {"completions": 6}})[1] == [
        "spec.completions: Invalid value: 6: can only be modified in tandem with spec.parallelism"
    ]


def test_jobs_are_found_by_their_success():
    made, _ = play.create("jobs.batch", job())
    assert play.kind("jobs.batch").behaviour.fields["status.successful"](made) == "0"
