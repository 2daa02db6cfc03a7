"""Jobs: what the ends of pods mean."""

import pytest

from picok8s.controllers import job_rules
from tests.make import of, pod


def job(status=None, **spec):
    return of("batch/v1", "Job", "j", {"template": {"spec": {"restartPolicy": "Never"}}, **spec}, status or {})


@pytest.mark.parametrize("text, numbers", [("", set()), ("1,3-5,7", {1, 3, 4, 5, 7}), ("0,1", {0, 1})])
def test_indexes_are_written_as_they_are_read(text, numbers):
    assert job_rules.parse_indexes(text) == numbers
    assert job_rules.show_indexes(numbers) == text


@pytest.mark.parametrize(
    "spec, status, reason",
    [
        ({"completions": 2}, {"succeeded": 1}, ""),
        ({"completions": 2}, {"succeeded": 2}, "CompletionsReached"),
        ({"backoffLimit": 1}, {"failed": 1}, ""),
        ({"backoffLimit": 1}, {"failed": 2}, "BackoffLimitExceeded"),
        ({"activeDeadlineSeconds": 5}, {"startTime": "1970-01-01T00:00:10Z"}, "DeadlineExceeded"),
        ({"completionMode": "Indexed", "completions": 2}, {"completedIndexes": "0,1"}, "CompletionsReached"),
        (
            {"completionMode": "Indexed", "completions": 2},
            {"completedIndexes": "0", "failedIndexes": "1"},
            "FailedIndexes",
        ),
    ],
)
def test_verdicts(spec, status, reason):
    assert job_rules.judge(job(status, **spec), [], now=1000).reason == reason


def test_a_work_queue_is_done_when_one_succeeded_and_none_runs():
    assert not job_rules.judge(job({"succeeded": 1}), [pod("p", phase="Running")], 0).over
    assert job_rules.judge(job({"succeeded": 1}), [], 0).type == "Complete"


def test_an_exit_code_may_fail_the_job_or_count_for_nothing():
    rules = [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
    ]
    strict = job(podFailurePolicy={"rules": rules})
    broken = pod("p", phase="Failed")
    broken["status"]["containerStatuses"] = [{"name": "c", "state": {"terminated": {"exitCode": 42}}}]
    verdict = job_rules.judge(strict, [broken], 0)
    assert verdict.reason == "PodFailurePolicy"
    assert verdict.message == "Container c for pod default/p failed with exit code 42 matching FailJob rule at index 1"
    evicted = pod("q", phase="Failed")
    evicted["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
    assert job_rules.is_ignored(strict, evicted)


def test_the_last_word_waits_until_no_pod_runs():
    over = job_rules.Verdict(True, "Complete", "CompletionsReached", "m")
    assert [c["type"] for c in job_rules.conditions(job(), over, 1, 0)] == ["SuccessCriteriaMet"]
    assert [c["type"] for c in job_rules.conditions(job(), over, 0, 0)] == ["SuccessCriteriaMet", "Complete"]
