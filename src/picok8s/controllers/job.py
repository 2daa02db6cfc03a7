"""Job: run pods until enough of them have succeeded, or too many have failed.

Reads   the Job and its pods.
Writes  pods (each with a finalizer, so that none is lost uncounted), the status, events.

A finished pod is counted in two steps, so that a crash between them counts it once: its uid goes into
`status.uncountedTerminatedPods`, its finalizer comes off, and then it moves from there into the counters.
What a Job's failures mean is in `job_rules.py`.
"""

from collections.abc import Generator
from typing import Any

from picok8s.api import moment, objects, pods, selectors
from picok8s.controllers import job_rules
from picok8s.controllers.job_rules import INDEX, Verdict, completions, is_indexed, parallelism
from picok8s.controllers.replicaset import owner_or_selecting
from picok8s.reconcile import ownership
from picok8s.reconcile.controller import FAMILY, Controller, View
from picok8s.reconcile.writes import Again, Create, Delete, Event, Outcome, Patch, Status, Write, Writes, refused

Object = dict[str, Any]

FINALIZER = "batch.kubernetes.io/job-tracking"
BURST_MAX = 500
BACKOFF_FIRST_SECONDS = 10.0  # After a failed pod the next one waits; twice as long each time.
BACKOFF_MAX_SECONDS = 600.0


def reconcile(job: Object, view: View) -> Writes:
    if job["spec"].get("managedBy") not in (None, "", "kubernetes.io/job-controller"):
        return
    chosen = selectors.requirements(job["spec"].get("selector"))
    found = ownership.candidates(job, "pods", view)
    owned = yield from ownership.claim(job, lambda labels: selectors.matches(chosen, labels), found)
    if objects.is_being_deleted(job) or job_rules.is_over(job):
        yield from release(owned)
        return
    job, owned, counted = yield from count(job, owned)
    if not counted:
        return
    verdict = job_rules.judge(job, owned, view.now)
    active = [pod for pod in owned if pods.is_active(pod)]
    if verdict.over or job["spec"].get("suspend"):
        outcomes = yield [Delete(pod) for pod in active]
        for pod, outcome in zip(active, outcomes, strict=True):
            if not refused(outcome):
                yield Event(job, "Normal", "SuccessfulDelete", f"Deleted pod: {objects.name(pod)}")
        left = [pod for pod in owned if not pods.is_finished(pod)]
    else:
        left = yield from scale(job, owned, active, view.now)
    status = observe(job, owned, left, verdict, view.now)
    if status.get("startTime") is None and not job["spec"].get("suspend"):
        status["startTime"] = moment.time(view.now)
    yield from job_rules.events(job, status)
    yield Status(job, status)
    limit = job["spec"].get("activeDeadlineSeconds")
    if limit is not None and not verdict.over and status.get("startTime"):
        yield Again(max(0.0, moment.seconds(status["startTime"]) + limit - view.now))


def release(owned: list[Object]) -> Generator[Write | list[Write], Outcome, None]:
    """The job is over: its pods are kept by nothing of ours any more."""
    yield [_freed(pod) for pod in owned if FINALIZER in (pod["metadata"].get("finalizers") or ())]


def _freed(pod: Object) -> Patch:
    left = [word for word in pod["metadata"].get("finalizers") or () if word != FINALIZER]
    metadata = {"uid": objects.uid(pod), "resourceVersion": objects.revision(pod), "finalizers": left or None}
    return Patch(pod, {"metadata": metadata})


Counted = Generator[Write | list[Write], Outcome, tuple[Object, list[Object], bool]]


def count(job: Object, owned: list[Object]) -> Counted:
    """Count the pods that have ended; returns the job with its new status, and the pods that still matter."""
    status = dict(job.get("status") or {})
    waiting = status.get("uncountedTerminatedPods") or {}
    tracked = {objects.uid(p): p for p in owned if FINALIZER in (p["metadata"].get("finalizers") or ())}
    ended = {uid: pod for uid, pod in tracked.items() if job_rules.has_ended(job, pod)}
    known = {"succeeded": list(waiting.get("succeeded") or ()), "failed": list(waiting.get("failed") or ())}
    fresh = [(uid, pod) for uid, pod in ended.items() if uid not in known["succeeded"] and uid not in known["failed"]]
    for uid, pod in fresh[:BURST_MAX]:
        if is_indexed(job) and pods.phase(pod) == "Succeeded":
            continue
        if job_rules.is_ignored(job, pod):
            continue
        known["succeeded" if pods.phase(pod) == "Succeeded" else "failed"].append(uid)
    if is_indexed(job):
        status.update(job_rules.indexes(job, ended.values()))
    if not fresh and not known["succeeded"] and not known["failed"]:
        return {**job, "status": status}, owned, True
    if fresh:
        told = yield Status(job, {**status, "uncountedTerminatedPods": {k: v for k, v in known.items() if v}})
        if refused(told):
            return job, owned, False
        job = told or job
    outcomes = yield [_freed(pod) for pod in ended.values()]
    if any(refused(outcome) and outcome.reason != "NotFound" for outcome in outcomes):
        return job, owned, False
    status = dict(job.get("status") or status)
    for word, uids in known.items():
        status[word] = (status.get(word) or 0) + len(uids)
    if is_indexed(job):
        status["succeeded"] = len(job_rules.parse_indexes(status.get("completedIndexes") or ""))
    status["uncountedTerminatedPods"] = {}
    return {**job, "status": status}, owned, True


def scale(
    job: Object, owned: list[Object], active: list[Object], now: float
) -> Generator[Write | list[Write], Outcome, list[Object]]:
    """Make the pods that are missing, or give up those that are too many; returns the pods that run then."""
    leaving = [pod for pod in owned if objects.is_being_deleted(pod) and not pods.is_finished(pod)]
    replaced_when_failed = job["spec"].get("podReplacementPolicy") == "Failed"
    taken = [*active, *leaving] if replaced_when_failed else active
    wanted = job_rules.wanted_active(job, active)
    if len(active) > wanted:
        surplus = sorted(active, key=lambda pod: (pods.is_ready(pod), pods.node(pod) != ""))[: len(active) - wanted]
        yield [Delete(pod) for pod in surplus]
        return [pod for pod in active if pod not in surplus]
    missing = wanted - len(taken)
    if missing <= 0:
        return active
    pause = backoff(job, owned, now)
    if pause > 0:
        yield Again(pause)
        return active
    numbers: list[int | None] = [None] * missing
    if is_indexed(job):
        numbers = list(job_rules.free_indexes(job, taken, owned, missing))
    made: list[Object] = []
    batch = 1
    while numbers:
        group, numbers = numbers[:batch], numbers[batch:]
        outcomes = yield [Create(pod_of(job, number, owned)) for number in group]
        for outcome in outcomes:
            if refused(outcome):
                yield Event(job, "Warning", "FailedCreate", f"Error creating: {outcome}")
            else:
                name = objects.name(outcome) if outcome else ""
                yield Event(job, "Normal", "SuccessfulCreate", f"Created pod: {name}")
                made.append(outcome or {})
        if any(map(refused, outcomes)):
            break
        batch *= 2
    return [*active, *made]


def backoff(job: Object, owned: list[Object], now: float) -> float:
    """How long to wait before the next pod, after the failures since the last success."""
    ends = sorted((at, pods.phase(pod)) for pod in owned if pods.is_finished(pod) and (at := job_rules.ended_at(pod)))
    failures = 0
    for _, phase in reversed(ends):
        if phase != "Failed":
            break
        failures += 1
    if not failures:
        return 0.0
    pause = min(BACKOFF_FIRST_SECONDS * 2.0 ** (failures - 1), BACKOFF_MAX_SECONDS)
    return max(0.0, ends[-1][0] + pause - now)


def pod_of(job: Object, number: int | None, owned: list[Object]) -> Object:
    made = pods.from_template(job, job["spec"]["template"])
    made["metadata"]["finalizers"] = [*(made["metadata"].get("finalizers") or ()), FINALIZER]
    if number is None:
        return made
    name = f"{objects.name(job)}-{number}"
    made["metadata"]["generateName"] = name + "-"
    made["metadata"]["labels"] = {**(made["metadata"].get("labels") or {}), INDEX: str(number)}
    annotations = {**(made["metadata"].get("annotations") or {}), INDEX: str(number)}
    if job["spec"].get("backoffLimitPerIndex") is not None:
        annotations[job_rules.INDEX_FAILURES] = str(job_rules.failures_of_index(owned, number))
    made["metadata"]["annotations"] = annotations
    spec = made["spec"]
    spec.setdefault("hostname", name)
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    for word in ("containers", "initContainers"):
        if spec.get(word):
            spec[word] = [_with_index(container, source) for container in spec[word]]
    return made


def _with_index(container: Object, source: Object) -> Object:
    env = container.get("env") or []
    if any(row["name"] == "JOB_COMPLETION_INDEX" for row in env):
        return container
    return {**container, "env": [*env, {"name": "JOB_COMPLETION_INDEX", "valueFrom": source}]}


def observe(job: Object, owned: list[Object], running: list[Object], verdict: Verdict, now: float) -> Object:
    status = dict(job.get("status") or {})
    active = [pod for pod in running if pod and not objects.is_being_deleted(pod)]
    status["active"] = 0 if verdict.over or job["spec"].get("suspend") else len(active)
    status["ready"] = sum(pods.is_ready(pod) for pod in owned if pods.is_active(pod))
    status["terminating"] = sum(objects.is_being_deleted(p) and not pods.is_finished(p) for p in owned)
    status.setdefault("uncountedTerminatedPods", {})
    running_still = status["terminating"] + (len(active) if verdict.over else 0)
    status["conditions"] = job_rules.conditions(job, verdict, running_still, now)
    if any(c["type"] == "Complete" and c["status"] == "True" for c in status["conditions"]):
        status.setdefault("completionTime", moment.time(now))
    if job["spec"].get("suspend"):
        status.pop("startTime", None)
    if parallelism(job) == 0 and completions(job) is None:
        status["active"] = 0
    return {key: value for key, value in status.items() if value not in (None, [], "")}


CONTROLLER = Controller(
    name="job-controller",
    resource="jobs.batch",
    reconcile=reconcile,
    watches={"pods": owner_or_selecting("jobs.batch", "Job")},
    indexes={"pods": FAMILY},
)
