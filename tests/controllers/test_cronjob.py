"""CronJobs: when they are due, and what the concurrency policy makes of it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from picok8s.api import cron
from picok8s.controllers.cronjob import CONTROLLER, next_time
from picok8s.reconcile.writes import Again, Create, Delete
from tests import play
from tests.make import of

HOUR = 3600.0


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "schedule, after, wanted",
    [
        ("*/15 * * * *", "2026-01-01T10:07:30", "2026-01-01T10:15:00"),
        ("0 0 1 * *", "2026-01-01T00:00:00", "2026-02-01T00:00:00"),
        ("30 4 * * 0", "2026-01-01T00:00:00", "2026-01-04T04:30:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 13 * 5", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        ("@hourly", "2026-01-01T10:59:59", "2026-01-01T11:00:00"),
    ],
)
def test_next_time(schedule, after, wanted):
    assert next_time(cron.parse(schedule), UTC, at(after)) == at(wanted)


def test_a_zone_has_its_own_clock():
    found = next_time(cron.parse("0 8 * * *"), ZoneInfo("Europe/Berlin"), at("2026-07-01T00:00:00"))
    assert found == at("2026-07-01T06:00:00")


def test_a_day_that_never_comes():
    assert next_time(cron.parse("0 0 30 2 *"), UTC, at("2026-01-01T00:00:00")) is None


def cronjob(status=None, **spec):
    template = {"spec": {"template": {"spec": {"restartPolicy": "Never"}}}}
    given = {"schedule": "0 * * * *", "jobTemplate": template, **spec}
    return of("batch/v1", "CronJob", "c", given, status or {}, uid="c-uid", created=1)


def running(name):
    job = of("batch/v1", "Job", name, {"template": {}}, {}, owner=("Job", "c", "c-uid"))
    return job


def test_makes_the_latest_job_that_is_due():
    made = play.run(CONTROLLER, cronjob({"lastScheduleTime": "1970-01-01T01:00:00Z"}), now=3 * HOUR + 1)
    (create,) = made.of(Create)
    assert create.obj["metadata"]["name"] == "c-180"
    assert made.status["lastScheduleTime"] == "1970-01-01T03:00:00Z"
    assert made.of(Again) == [Again(HOUR - 1)]


def test_a_time_is_due_once():
    made = play.run(CONTROLLER, cronjob({"lastScheduleTime": "1970-01-01T03:00:00Z"}), now=3 * HOUR + 1)
    assert not made.of(Create)


def test_forbid_waits_and_replace_takes_the_place():
    forbidden = play.run(CONTROLLER, cronjob(concurrencyPolicy="Forbid"), jobs=[running("c-1")], now=HOUR)
    assert not forbidden.of(Create) and "JobAlreadyActive" in forbidden.reasons
    replaced = play.run(CONTROLLER, cronjob(concurrencyPolicy="Replace"), jobs=[running("c-1")], now=HOUR)
    assert [len(replaced.of(kind)) for kind in (Delete, Create)] == [1, 1]


def test_a_suspended_one_makes_nothing():
    assert not play.run(CONTROLLER, cronjob(suspend=True), now=HOUR).of(Create)
