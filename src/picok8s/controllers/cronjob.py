"""CronJob: make a Job each time that the schedule says, and keep a few of the old ones.

Reads   the CronJob and its Jobs.  Writes  Jobs (create, delete), the status, events.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from picok8s.api import cron, moment, objects
from picok8s.controllers import job_rules
from picok8s.reconcile.controller import FAMILY, Controller, View, owner
from picok8s.reconcile.writes import Again, Create, Delete, Event, Status, Writes, refused

Object = dict[str, Any]

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
YEARS_MAX = 5  # A schedule that is not due within these is never due.
MISSED_MAX = 100  # More misses than this are told.


def reconcile(cronjob: Object, view: View) -> Writes:
    if objects.is_being_deleted(cronjob):
        return
    jobs = view.by("jobs.batch", "owner", objects.uid(cronjob))
    status = dict(cronjob.get("status") or {})
    yield from clear(cronjob, jobs)
    running = [job for job in jobs if not job_rules.is_over(job)]
    yield from _told_ends(cronjob, jobs, status)
    status["active"] = [reference(job) for job in sorted(running, key=objects.name)]
    spec = cronjob["spec"]
    try:
        schedule = cron.parse(spec["schedule"])
        zone = ZoneInfo(spec["timeZone"]) if spec.get("timeZone") else UTC
    except (ValueError, KeyError) as error:
        yield Event(cronjob, "Warning", "UnparseableSchedule", f"unparseable schedule: {spec['schedule']} : {error}")
        yield Status(cronjob, status)
        return
    if spec.get("suspend"):
        yield Status(cronjob, status)
        return
    due, missed, following = due_times(cronjob, schedule, zone, view.now)
    if missed > MISSED_MAX:
        message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
        yield Event(cronjob, "Warning", "TooManyMissedTimes", message)
    if due is not None:
        yield from start(cronjob, due, running, status, view)
    yield Status(cronjob, status)
    if following is not None:
        yield Again(max(0.0, following - view.now))


def due_times(
    cronjob: Object, schedule: cron.Schedule, zone: Any, now: float
) -> tuple[float | None, int, float | None]:
    """The latest time that is due and not started yet, how many were missed, and the next one."""
    status = cronjob.get("status") or {}
    since = moment.seconds(status.get("lastScheduleTime") or cronjob["metadata"]["creationTimestamp"])
    deadline = cronjob["spec"].get("startingDeadlineSeconds")
    if deadline is not None:
        since = max(since, now - deadline)
    due, missed = None, 0
    at = next_time(schedule, zone, since)
    while at is not None and at <= now:
        due, missed = at, missed + 1
        if missed > MISSED_MAX:
            at = next_time(schedule, zone, max(at, now - 86400))  # What matters is the latest.
            missed = MISSED_MAX + 1
            continue
        at = next_time(schedule, zone, at)
    return due, missed, next_time(schedule, zone, now)


def next_time(schedule: cron.Schedule, zone: Any, after: float) -> float | None:
    """The first time after `after` that the schedule allows, by the clock of the zone."""
    if schedule.every_seconds:
        return after // 1 + schedule.every_seconds
    place = ZoneInfo(schedule.zone) if schedule.zone else zone
    at = datetime.fromtimestamp(after // 60 * 60 + 60, place)
    last = at.year + YEARS_MAX
    while at.year <= last:
        if at.month not in schedule.month:
            at = (at.replace(day=1, hour=0, minute=0) + timedelta(days=32)).replace(day=1)
        elif not _allows_day(schedule, at):
            at = at.replace(hour=0, minute=0) + timedelta(days=1)
        elif at.hour not in schedule.hour:
            at = at.replace(minute=0) + timedelta(hours=1)
        elif at.minute not in schedule.minute:
            at += timedelta(minutes=1)
        else:
            found = at.timestamp()
            if found > after:
                return found
            at += timedelta(minutes=1)  # An hour that the clock shows twice.
    return None


def _allows_day(schedule: cron.Schedule, at: datetime) -> bool:
    """With two restricted fields either is enough."""
    by_day, by_weekday = at.day in schedule.day, at.isoweekday() % 7 in schedule.weekday
    if schedule.any_day or schedule.any_weekday:
        return by_day and by_weekday
    return by_day or by_weekday


def start(cronjob: Object, due: float, running: list[Object], status: Object, view: View) -> Writes:
    """Make the Job of this time, as the concurrency policy allows; `status` is brought up to date."""
    policy = cronjob["spec"].get("concurrencyPolicy", "Allow")
    name = f"{objects.name(cronjob)}-{int(due // 60)}"
    if any(objects.name(job) == name for job in view.by("jobs.batch", "owner", objects.uid(cronjob))):
        status["lastScheduleTime"] = moment.time(due)
        return
    if policy == "Forbid" and running:
        message = "Not starting job because prior execution is running and concurrency policy is Forbid"
        yield Event(cronjob, "Normal", "JobAlreadyActive", message)
        return
    if policy == "Replace":
        for job in running:
            yield Delete(job, {"propagationPolicy": "Background"})
            yield Event(cronjob, "Normal", "SuccessfulDelete", f"Deleted job {objects.name(job)}")
        status["active"] = []
    made = yield Create(job_of(cronjob, name, due))
    if refused(made, "AlreadyExists"):
        status["lastScheduleTime"] = moment.time(due)
        return
    if refused(made):
        yield Event(cronjob, "Warning", "FailedCreate", f"Error creating job: {made}")
        return
    yield Event(cronjob, "Normal", "SuccessfulCreate", f"Created job {name}")
    if made:
        status["active"] = [*status["active"], reference(made)]
    status["lastScheduleTime"] = moment.time(due)


def job_of(cronjob: Object, name: str, due: float) -> Object:
    template = cronjob["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    stamp = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = {
        "name": name,
        "namespace": objects.namespace(cronjob),
        "labels": given.get("labels") or {},
        "annotations": {**(given.get("annotations") or {}), SCHEDULED: stamp},
        "ownerReferences": [objects.owner_reference(cronjob)],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": dict(template["spec"])}


def reference(job: Object) -> Object:
    return {
        "kind": "Job",
        "namespace": objects.namespace(job),
        "name": objects.name(job),
        "uid": objects.uid(job),
        "apiVersion": "batch/v1",
        "resourceVersion": objects.revision(job),
    }


def _told_ends(cronjob: Object, jobs: list[Object], status: Object) -> Writes:
    """Say which of the Jobs that ran have ended."""
    by_uid = {objects.uid(job): job for job in jobs}
    for row in status.get("active") or ():
        job = by_uid.get(row["uid"])
        if job is None:
            yield Event(cronjob, "Normal", "MissingJob", f"Active job went missing: {row['name']}")
        elif job_rules.is_over(job):
            word = "Complete" if objects.conditions(job).get("Complete", {}).get("status") == "True" else "Failed"
            yield Event(cronjob, "Normal", "SawCompletedJob", f"Saw completed job: {row['name']}, condition: {word}")
    ends = [
        job["status"]["completionTime"]
        for job in jobs
        if (job.get("status") or {}).get("completionTime")
        and objects.conditions(job).get("Complete", {}).get("status") == "True"
    ]
    if ends and max(ends) > (status.get("lastSuccessfulTime") or ""):
        status["lastSuccessfulTime"] = max(ends)


def clear(cronjob: Object, jobs: list[Object]) -> Writes:
    """Delete the oldest ended Jobs beyond the limits."""
    for word, limit_word, default in (
        ("Complete", "successfulJobsHistoryLimit", 3),
        ("Failed", "failedJobsHistoryLimit", 1),
    ):
        limit = cronjob["spec"].get(limit_word)
        ended = [job for job in jobs if objects.conditions(job).get(word, {}).get("status") == "True"]
        ended.sort(key=lambda job: ((job.get("status") or {}).get("startTime") or "", objects.name(job)))
        for job in ended[: max(0, len(ended) - (default if limit is None else limit))]:
            yield Delete(job, {"propagationPolicy": "Background"})
            yield Event(cronjob, "Normal", "SuccessfulDelete", f"Deleted job {objects.name(job)}")


CONTROLLER = Controller(
    name="cronjob-controller",
    resource="cronjobs.batch",
    reconcile=reconcile,
    watches={"jobs.batch": owner("CronJob")},
    indexes={"jobs.batch": FAMILY},
)
