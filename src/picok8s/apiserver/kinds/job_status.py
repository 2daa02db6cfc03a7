"""The status of a Job: what a controller may write into it.

A rule holds from when its fields change, so that old statuses pass.
"""

from collections.abc import Callable, Iterator
from typing import Any

from picok8s.api.errors import (
    FieldError,
    duplicate,
    invalid_value,
    invalid_whole,
    required,
)
from picok8s.apiserver.kinds import checks

Object = dict[str, Any]
Errors = list[FieldError]

CONDITIONS = "status.conditions"


def is_true(status: Object, condition: str) -> bool:
    return any(c.get("type") == condition and c.get("status") == "True" for c in status.get("conditions") or [])


def _finished(status: Object) -> bool:
    return is_true(status, "Complete") or is_true(status, "Failed")


# Index lists: `0,2-4`.


def intervals(text: str, completions: int) -> list[tuple[int, int]]:
    """The intervals of an index list; ValueError says what is wrong with it."""
    found: list[tuple[int, int]] = []
    for part in text.split(",") if text else []:
        low, high = _interval(part, completions)
        if found and found[-1][1] >= low:
            raise ValueError(f"non-increasing order, previous: {found[-1][1]}, current: {low}")
        found.append((low, high))
    return found


def _interval(part: str, completions: int) -> tuple[int, int]:
    limits = part.split("-")
    if len(limits) > 2:
        words = "violates the requirement that an index interval can have at most two parts separated by '-'"
        raise ValueError(f'the fragment "{part}" {words}')
    numbers = []
    for limit in limits:
        if not limit.isascii() or not limit.isdigit():
            raise ValueError(f'cannot convert string to integer for index: "{limit}"')
        if int(limit) >= completions:
            raise ValueError(f'too large index: "{limit}"')
        numbers.append(int(limit))
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        raise ValueError(f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}")
    return numbers[0], numbers[-1]


def _readable(text: str, completions: int) -> Iterator[tuple[int, int]]:
    for part in text.split(",") if text else []:
        try:
            yield _interval(part, completions)
        except ValueError:
            continue


def _overlap(first: str, second: str, completions: int) -> int | None:
    """The smallest index of both lists; what cannot be read counts for nothing."""
    others = list(_readable(second, completions))
    common = [max(a, c) for a, b in _readable(first, completions) for c, d in others if a <= d and c <= b]
    return min(common, default=None)


# The rules.


def validate(new: Object, old: Object) -> Errors:
    status, before = new.get("status") or {}, old.get("status") or {}
    return [
        *checks.not_negative(status, "status", "active", "succeeded", "failed", "ready", "terminating"),
        *_uncounted(status),
        *_conditions_and_times(status, before),
        *_finished_rules(new, status, before),
        *_indexes(new["spec"], status, before),
        *_more_counts(status, before),
        *_success_rules(new, status),
        *_transitions(new, status, before),
    ]


def _uncounted(status: Object) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    pods = status.get("uncountedTerminatedPods") or {}
    for key in ("succeeded", "failed"):
        for index, uid in enumerate(pods.get(key) or []):
            path = f"status.uncountedTerminatedPods.{key}[{index}]"
            if not uid:
                errors.append(invalid_value(path, uid, "must not be empty"))
            elif uid in seen:
                errors.append(duplicate(path, uid))
            seen.add(uid)
    return errors


def _differs(status: Object, before: Object) -> Callable[..., bool]:
    """Asks whether any of these changed: a field by its name, a condition's truth by "=Type"."""

    def differs(*what: str) -> bool:
        return any(
            is_true(status, word[1:]) != is_true(before, word[1:])
            if word[0] == "="
            else status.get(word) != before.get(word)
            for word in what
        )

    return differs


def _conditions_and_times(status: Object, before: Object) -> Errors:
    changed = _differs(status, before)
    complete, failed = is_true(status, "Complete"), is_true(status, "Failed")
    done, start = status.get("completionTime"), status.get("startTime")
    path = "status.completionTime"
    errors: Errors = []
    if changed("=Complete", "=Failed") and complete and failed:
        errors.append(invalid_whole(CONDITIONS, "cannot set Complete=True and Failed=true conditions"))
    if changed("=Complete", "=FailureTarget") and complete and is_true(status, "FailureTarget"):
        errors.append(invalid_whole(CONDITIONS, "cannot set Complete=True and FailureTarget=true conditions"))
    if changed("=Complete", "completionTime"):
        if done is not None and not complete:
            words = "cannot set completionTime when there is no Complete=True condition"
            errors.append(invalid_value(path, done, words))
        if done is None and complete:
            errors.append(required(path, "completionTime is required for Complete jobs"))
    if changed("startTime", "completionTime") and start and done and done < start:
        errors.append(invalid_value(path, done, "must be equal to or after `startTime`"))
    if changed("=Failed", "failedIndexes") and failed and not is_true(status, "FailureTarget"):
        words = "cannot set Failed=True condition without the FailureTarget=true condition"
        errors.append(invalid_whole(CONDITIONS, words))
    if changed("=Complete", "=SuccessCriteriaMet") and complete and not is_true(status, "SuccessCriteriaMet"):
        words = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        errors.append(invalid_whole(CONDITIONS, words))
    return errors


def _finished_rules(job: Object, status: Object, before: Object) -> Errors:
    changed = _differs(status, before)
    finished = _finished(status)
    now_finished = finished != _finished(before)
    if not finished:
        return []
    errors: Errors = []
    if (now_finished or changed("active")) and status.get("active", 0) > 0:
        errors.append(invalid_value("status.active", status["active"], "active>0 is invalid for finished job"))
    never_ran = job["spec"].get("suspend") is True and job["spec"].get("completions") == 0
    if (now_finished or changed("startTime")) and "startTime" not in status and not never_ran:
        errors.append(required("status.startTime", "startTime is required for finished job"))
    pods = status.get("uncountedTerminatedPods") or {}
    if (now_finished or changed("uncountedTerminatedPods")) and (pods.get("failed") or pods.get("succeeded")):
        shown = {"Succeeded": pods.get("succeeded"), "Failed": pods.get("failed")}
        errors.append(invalid_value("status.uncountedTerminatedPods", shown, "must be empty for finished job"))
    return errors


def _indexes(spec: Object, status: Object, before: Object) -> Errors:
    changed = _differs(status, before)
    completions, failed = spec.get("completions"), status.get("failedIndexes")
    completed = status.get("completedIndexes", "")
    per_index = "backoffLimitPerIndex" in spec
    errors: Errors = []
    if changed("completedIndexes") and completions is not None:
        errors += _readable_list("completedIndexes", completed, completions)
    if changed("failedIndexes") and completions is not None and per_index and failed is not None:
        errors += _readable_list("failedIndexes", failed, completions)
    if changed("completedIndexes") and completed and spec.get("completionMode") != "Indexed":
        words = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errors.append(invalid_value("status.completedIndexes", completed, words))
    if changed("failedIndexes") and not per_index and failed is not None:
        words = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errors.append(invalid_value("status.failedIndexes", failed, words))
    if changed("failedIndexes", "completedIndexes") and completions is not None and failed:
        index = _overlap(completed, failed, completions)
        if index is not None:
            words = f"failedIndexes and completedIndexes overlap at index: {index}"
            errors.append(invalid_value("status.failedIndexes", failed, words))
    return errors


def _readable_list(key: str, text: str, completions: int) -> Errors:
    try:
        intervals(text, completions)
    except ValueError as error:
        return [invalid_value(f"status.{key}", text, f"error parsing {key}: {error}")]
    return []


def _more_counts(status: Object, before: Object) -> Errors:
    changed = _differs(status, before)
    finished = _finished(status)
    errors: Errors = []
    if (finished != _finished(before) or changed("terminating")) and finished and status.get("terminating", 0) > 0:
        words = "terminating>0 is invalid for finished job"
        errors.append(invalid_value("status.terminating", status["terminating"], words))
    if changed("ready", "active") and status.get("ready", 0) > status.get("active", 0):
        errors.append(invalid_value("status.ready", status["ready"], "cannot set more ready pods than active"))
    return errors


def _success_rules(job: Object, status: Object) -> Errors:
    met = is_true(status, "SuccessCriteriaMet")
    errors: Errors = []
    for other in ("Failed", "FailureTarget"):
        if met and is_true(status, other):
            words = f"cannot set SuccessCriteriaMet=True and {other}=true conditions"
            errors.append(invalid_whole(CONDITIONS, words))
    if "successPolicy" in job["spec"] and not met and is_true(status, "Complete"):
        words = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        errors.append(invalid_whole(CONDITIONS, words))
    return errors


def _transitions(job: Object, status: Object, before: Object) -> Errors:
    spec = job["spec"]
    errors: Errors = []
    for condition in ("Failed", "Complete", "FailureTarget"):
        if is_true(before, condition) and not is_true(status, condition):
            words = f"cannot disable the terminal {condition}=True condition"
            errors.append(invalid_whole(CONDITIONS, words))
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    for key in ("failed",) if elastic else ("failed", "succeeded"):
        if status.get(key, 0) < before.get(key, 0):
            errors.append(invalid_value(f"status.{key}", status.get(key, 0), f"cannot decrease the {key} counter"))
    done, start = status.get("completionTime"), status.get("startTime")
    if done is not None and before.get("completionTime") not in (None, done):
        errors.append(invalid_value("status.completionTime", done, checks.IMMUTABLE))
    resuming = is_true(before, "Suspended") and any(
        c.get("type") == "Suspended" and c.get("status") == "False" for c in status.get("conditions") or []
    )
    if before.get("startTime") not in (None, start) and not resuming and not spec.get("suspend"):
        words = "field is immutable for unsuspended job once set"
        errors.append(invalid_value("status.startTime", start, words))
    met, was_met = is_true(status, "SuccessCriteriaMet"), is_true(before, "SuccessCriteriaMet")
    if was_met and not met:
        errors.append(invalid_whole(CONDITIONS, "cannot disable the SuccessCriteriaMet=True condition"))
    if is_true(before, "Complete") and not was_met and met:
        words = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        errors.append(invalid_whole(CONDITIONS, words))
    return errors
