"""batch: CronJob. The job template is checked like a Job; its selector is not the author's to give."""

import re
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from picok8s.api import cron
from picok8s.api.errors import FieldError, invalid_value, required
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import apps, checks, jobs, pods

Object = dict[str, Any]
Errors = list[FieldError]

# A job's name is the cron job's and eleven bytes of time, and becomes a label.
NAME_MAX = 52
NO_ZONE = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
TWO_ZONES = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
LOCAL_ZONE = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
ZONE_WARNING = (
    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
    "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)
ZONE_PART = re.compile(r"[A-Za-z0-9+\-_.]+")


def default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    job = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    pods.default_template(job.setdefault("template", {}))
    jobs.default_failure_policy(job)


def validate(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    before = old["spec"] if old else None
    policies = ("Allow", "Forbid", "Replace")
    errors = _schedule(spec, before)
    errors += checks.not_negative(spec, "spec", "startingDeadlineSeconds")
    if before is None or before.get("timeZone") != spec.get("timeZone"):
        errors += _zone(spec.get("timeZone"))
    if spec["concurrencyPolicy"] not in policies:
        errors.append(checks.unsupported("spec.concurrencyPolicy", spec["concurrencyPolicy"], policies))
    errors += _job_template(spec["jobTemplate"].get("spec") or {})
    errors += checks.not_negative(spec, "spec", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    name = new["metadata"].get("name", "")
    if old is None and len(name) > NAME_MAX:
        errors.append(invalid_value("metadata.name", name, f"must be no more than {NAME_MAX} characters"))
    return errors if spec.get("schedule") else [*errors, required("spec.schedule")]


def _schedule(spec: Object, before: Object | None) -> Errors:
    text = spec.get("schedule", "")
    if not text:
        return []
    errors: Errors = []
    try:
        zone = cron.parse(text).zone
        if zone and not _is_zone(zone):
            raise ValueError(f"provided bad location {zone}: unknown time zone {zone}")
    except ValueError as error:
        errors.append(invalid_value("spec.schedule", text, str(error)))
    if "TZ" in text:
        allowed = before is not None and "TZ" in before.get("schedule", "")
        if not allowed:
            errors.append(invalid_value("spec.schedule", text, NO_ZONE))
        elif "timeZone" in spec:
            errors.append(invalid_value("spec.schedule", text, TWO_ZONES))
    return errors


def _zone(zone: str | None) -> Errors:
    path = "spec.timeZone"
    if zone is None:
        return []
    if not zone:
        return [invalid_value(path, zone, "timeZone must be nil or non-empty string")]
    if zone.lower() == "local":
        errors = [invalid_value(path, zone, LOCAL_ZONE)]
        return errors if zone == "Local" else [*errors, invalid_value(path, zone, f"unknown time zone {zone}")]
    return [] if _is_zone(zone) else [invalid_value(path, zone, f"unknown time zone {zone}")]


def _is_zone(zone: str) -> bool:
    parts = zone.split("/")
    if not all(ZONE_PART.fullmatch(part) and part not in (".", "..") and part[0] != "-" for part in parts):
        return False
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _job_template(job: Object) -> Errors:
    path = "spec.jobTemplate.spec"
    errors = jobs.validate_spec(job, path)
    if job.get("selector") is not None:
        errors.append(invalid_value(f"{path}.selector", job["selector"], "`selector` will be auto-generated"))
    if job.get("manualSelector"):
        errors.append(checks.unsupported(f"{path}.manualSelector", True, ("nil", "false"), as_listed=True))
    return errors


def warnings(new: Object, old: Object | None) -> list[str]:
    job, path = new["spec"]["jobTemplate"].get("spec") or {}, "spec.jobTemplate.spec"
    if old is None:
        return [*apps.name_warnings(new), *jobs.spec_warnings(job, path)]
    changed = new["metadata"].get("generation") != old["metadata"].get("generation")
    lines = jobs.spec_warnings(job, path) if changed else []
    return [*lines, ZONE_WARNING] if "TZ" in new["spec"].get("schedule", "") else lines


BEHAVIOURS = {
    "cronjobs.batch": Behaviour(
        default=default,
        prepare=checks.preparing({}, "spec"),
        validate=validate,
        warnings=warnings,
        prepare_status=checks.status_only(),
    ),
}
