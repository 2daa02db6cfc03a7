"""The status of a Job: index lists and what may follow what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver.kinds.job_status import intervals
from tests.apiserver.kinds import play

JOB = {
    "spec": {
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}},
        "completionMode": "Indexed",
        "completions": 5,
        "backoffLimitPerIndex": 1,
    }
}


@pytest.mark.parametrize(
    "text, words",
    [
        ("0,3-1", "non-increasing order, previous: 3, current: 1"),
        ("1-9", 'too large index: "9"'),
        ("a", 'cannot convert string to integer for index: "a"'),
        ("2,1", "non-increasing order, previous: 2, current: 1"),
    ],
)
def test_index_lists_that_do_not_parse(text, words):
    with pytest.raises(ValueError) as error:
        intervals(text, 5)
    assert str(error.value) == words


@given(st.sets(st.integers(0, 99)))
def test_every_set_of_indexes_can_be_written(indexes):
    text = ",".join(str(index) for index in sorted(indexes))
    assert {low for low, _ in intervals(text, 100)} == indexes


@given(st.text(alphabet="0123456789-,a", max_size=12))
def test_any_text_is_read_or_refused_by_words(text):
    try:
        assert all(low <= high for low, high in intervals(text, 50))
    except ValueError as error:
        assert str(error)


def test_counters_do_not_go_down():
    made, _ = play.create("jobs.batch", JOB)
    done, errors = play.status("jobs.batch", made, {"succeeded": 2, "failed": 1, "completedIndexes": "0,1"})
    assert not errors
    assert play.status("jobs.batch", done, {"succeeded": 1})[1] == [
        "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter"
    ]


def test_an_index_is_not_both_failed_and_completed():
    made, _ = play.create("jobs.batch", JOB)
    assert play.status("jobs.batch", made, {"completedIndexes": "0-3", "failedIndexes": "3"})[1] == [
        'status.failedIndexes: Invalid value: "3": failedIndexes and completedIndexes overlap at index: 3'
    ]


def test_a_finished_job_has_met_its_criteria_and_started():
    made, _ = play.create("jobs.batch", JOB)
    _, errors = play.status("jobs.batch", made, {"conditions": [{"type": "Complete", "status": "True"}]})
    assert errors == [
        "status.completionTime: Required value: completionTime is required for Complete jobs",
        "status.conditions: Invalid value: cannot set Complete=True condition without the "
        "SuccessCriteriaMet=true condition",
        "status.startTime: Required value: startTime is required for finished job",
    ]
