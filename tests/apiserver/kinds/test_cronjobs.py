"""batch: CronJobs, their schedules and time zones."""

import pytest

from tests.apiserver.kinds import play

POD = {"restartPolicy": "OnFailure", "containers": [{"name": "c", "image": "x"}]}


def cron_job(schedule="*/5 * * * *", job=None, **spec):
    return {"spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": {"spec": POD}, **(job or {})}}, **spec}}


def test_a_cron_job_gets_its_defaults():
    made, errors = play.create("cronjobs.batch", cron_job())
    assert not errors
    spec = {key: made["spec"][key] for key in ("concurrencyPolicy", "suspend", "failedJobsHistoryLimit")}
    assert spec == {"concurrencyPolicy": "Allow", "suspend": False, "failedJobsHistoryLimit": 1}


@pytest.mark.parametrize(
    "obj, errors",
    [
        (cron_job(""), ["spec.schedule: Required value"]),
        (
            cron_job("* * * *"),
            ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
        ),
        (
            cron_job("TZ=UTC 0 0 * * *"),
            [
                'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": '
                "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            ],
        ),
        (
            cron_job(timeZone="Nowhere/Land"),
            ['spec.timeZone: Invalid value: "Nowhere/Land": unknown time zone Nowhere/Land'],
        ),
        (
            cron_job(job={"manualSelector": True}),
            ['spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"'],
        ),
    ],
)
def test_cron_jobs_are_refused_in_upstream_words(obj, errors):
    assert play.refused("cronjobs.batch", obj) == errors


def test_a_name_leaves_room_for_those_of_its_jobs():
    obj = {**cron_job(), "metadata": {"name": "a" * 53}}
    assert play.refused("cronjobs.batch", obj) == [
        f'metadata.name: Invalid value: "{"a" * 53}": must be no more than 52 characters'
    ]
