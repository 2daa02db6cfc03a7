"""What the ends of its pods mean for a Job: how many may run, when it is over, and what is said about it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from picok8s.api import moment, objects, pods
from picok8s.reconcile.writes import Event

Object = dict[str, Any]

INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Is it over, and why? `type` is Complete or Failed."""

    over: bool = False
    type: str = ""
    reason: str = ""
    message: str = ""


def is_over(job: Object) -> bool:
    conditions = objects.conditions(job)
    return any(conditions.get(word, {}).get("status") == "True" for word in ("Complete", "Failed"))


def is_indexed(job: Object) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def completions(job: Object) -> int | None:
    count = job["spec"].get("completions")
    return None if count is None else int(count)


def parallelism(job: Object) -> int:
    count = job["spec"].get("parallelism")
    return 1 if count is None else int(count)


def counter(job: Object, word: str) -> int:
    """A counter of the status, with the pods that are about to be added to it."""
    status = job.get("status") or {}
    return int(status.get(word) or 0) + len((status.get("uncountedTerminatedPods") or {}).get(word) or ())


def has_ended(job: Object, pod: Object) -> bool:
    """Finished; or on its way out, where the job replaces such pods at once."""
    if pods.is_finished(pod):
        return True
    rules = job["spec"].get("podFailurePolicy")
    waits = job["spec"].get("podReplacementPolicy", "Failed" if rules else "TerminatingOrFailed") == "Failed"
    return objects.is_being_deleted(pod) and not waits


def ended_at(pod: Object) -> float:
    stamps = [
        state["finishedAt"]
        for row in (pod.get("status") or {}).get("containerStatuses") or ()
        if (state := (row.get("state") or {}).get("terminated")) and state.get("finishedAt")
    ]
    if not stamps:
        stamps = [c["lastTransitionTime"] for c in objects.conditions(pod).values() if c.get("lastTransitionTime")]
    return max(map(moment.seconds, stamps), default=0.0)


def pod_index(pod: Object) -> int | None:
    text = objects.annotations(pod).get(INDEX, "")
    return int(text) if text.isdigit() else None


def parse_indexes(text: str) -> set[int]:
    """`1,3-5` as a set."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def show_indexes(numbers: set[int]) -> str:
    """A set as `1,3-5`; two neighbours are written with a comma."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}{',' if len(p) == 2 else '-'}{p[-1]}" for p in parts)


def indexes(job: Object, ended: Iterable[Object]) -> Object:
    """`completedIndexes` and `failedIndexes` with these pods worked in."""
    status = job.get("status") or {}
    ended = list(ended)
    limit = completions(job) or 0
    done = parse_indexes(status.get("completedIndexes") or "")
    done |= {n for pod in ended if pods.phase(pod) == "Succeeded" and (n := pod_index(pod)) is not None and n < limit}
    found: Object = {"completedIndexes": show_indexes(done)}
    if job["spec"].get("backoffLimitPerIndex") is not None:
        lost = parse_indexes(status.get("failedIndexes") or "")
        for pod in ended:
            number = pod_index(pod)
            if pods.phase(pod) != "Failed" or number is None or number in done:
                continue
            before = int(objects.annotations(pod).get(INDEX_FAILURES, "0"))
            rule = matching_rule(job, pod)
            if before >= job["spec"]["backoffLimitPerIndex"] or (rule and rule["action"] == "FailIndex"):
                lost.add(number)
        found["failedIndexes"] = show_indexes(lost)
    return found


def failures_of_index(owned: list[Object], number: int) -> int:
    """How often a new pod of this number comes after a failure."""
    before = [
        int(objects.annotations(pod).get(INDEX_FAILURES, "0")) + 1
        for pod in owned
        if pod_index(pod) == number and pods.phase(pod) == "Failed"
    ]
    return max(before, default=0)


def free_indexes(job: Object, taken: list[Object], owned: list[Object], count: int) -> Iterator[int]:
    """The lowest numbers that are neither done, lost nor running."""
    status = job.get("status") or {}
    used = parse_indexes(status.get("completedIndexes") or "") | parse_indexes(status.get("failedIndexes") or "")
    used |= {number for pod in taken if (number := pod_index(pod)) is not None}
    found = (number for number in range(completions(job) or 0) if number not in used)
    return (number for number, _ in zip(found, range(count), strict=False))


def wanted_active(job: Object, active: list[Object]) -> int:
    """How many pods should run now."""
    total = completions(job)
    if total is None:
        return len(active) if counter(job, "succeeded") else parallelism(job)
    left = total - counter(job, "succeeded")
    if is_indexed(job):
        left -= len(parse_indexes((job.get("status") or {}).get("failedIndexes") or ""))
    return max(0, min(parallelism(job), left))


def judge(job: Object, owned: list[Object], now: float) -> Verdict:
    """Is the job over?"""
    for condition, type in (("FailureTarget", "Failed"), ("SuccessCriteriaMet", "Complete")):
        before = objects.conditions(job).get(condition)
        if before and before["status"] == "True":
            return Verdict(True, type, before.get("reason") or "", before.get("message") or "")
    spec, status = job["spec"], job.get("status") or {}
    for pod in owned:
        rule = matching_rule(job, pod) if pods.phase(pod) == "Failed" else None
        if rule and rule["action"] == "FailJob":
            return Verdict(True, "Failed", "PodFailurePolicy", rule_message(job, pod, rule))
    failed = counter(job, "failed")
    restarts = sum(map(pods.restarts, (pod for pod in owned if pods.is_active(pod))))
    on_failure = spec["template"]["spec"].get("restartPolicy") == "OnFailure"
    limit = spec.get("backoffLimit", 6)
    if failed > limit or (on_failure and restarts and restarts >= max(limit, 1)):
        return Verdict(True, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and status.get("startTime") and not spec.get("suspend"):
        if moment.seconds(status["startTime"]) + deadline <= now:
            return Verdict(True, "Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    if is_indexed(job):
        return _judge_indexes(job)
    total, succeeded = completions(job), counter(job, "succeeded")
    running = any(not pods.is_finished(pod) for pod in owned)
    if succeeded >= total if total is not None else succeeded > 0 and not running:
        return Verdict(True, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
    return Verdict()


def _judge_indexes(job: Object) -> Verdict:
    status, spec = job.get("status") or {}, job["spec"]
    done = parse_indexes(status.get("completedIndexes") or "")
    lost = parse_indexes(status.get("failedIndexes") or "")
    for number, rule in enumerate((spec.get("successPolicy") or {}).get("rules") or ()):
        chosen = parse_indexes(rule["succeededIndexes"]) if rule.get("succeededIndexes") else None
        met = done & chosen if chosen is not None else done
        needed = rule.get("succeededCount") or (len(chosen) if chosen is not None else None)
        if needed is not None and len(met) >= needed:
            return Verdict(True, "Complete", "SuccessPolicy", f"Matched rules at index {number}")
    most = spec.get("maxFailedIndexes")
    if most is not None and len(lost) > most:
        return Verdict(
            True,
            "Failed",
            "MaxFailedIndexesExceeded",
            "Job has exceeded the specified maximal number of failed indexes",
        )
    total = completions(job) or 0
    if len(done) + len(lost) >= total:
        if lost:
            return Verdict(True, "Failed", "FailedIndexes", "Job has failed indexes")
        return Verdict(True, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
    return Verdict()


def is_ignored(job: Object, pod: Object) -> bool:
    rule = matching_rule(job, pod) if pods.phase(pod) == "Failed" else None
    return bool(rule and rule["action"] == "Ignore")


def matching_rule(job: Object, pod: Object) -> Object | None:
    """The first rule of the pod failure policy that fits the pod."""
    for rule in (job["spec"].get("podFailurePolicy") or {}).get("rules") or ():
        codes = rule.get("onExitCodes")
        if codes and _failing_container(pod, codes):
            return dict(rule)
        conditions = objects.conditions(pod)
        for wanted in rule.get("onPodConditions") or ():
            found = conditions.get(wanted["type"])
            if found and found["status"] == wanted.get("status", "True"):
                return dict(rule)
    return None


def _failing_container(pod: Object, codes: Object) -> tuple[str, int] | None:
    status = pod.get("status") or {}
    for row in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state = (row.get("state") or {}).get("terminated")
        if state is None or not state.get("exitCode") or codes.get("containerName") not in (None, "", row["name"]):
            continue
        if (state["exitCode"] in codes["values"]) == (codes["operator"] == "In"):
            return row["name"], state["exitCode"]
    return None


def rule_message(job: Object, pod: Object, rule: Object) -> str:
    number = job["spec"]["podFailurePolicy"]["rules"].index(rule)
    about = f"{objects.namespace(pod)}/{objects.name(pod)}"
    if rule.get("onExitCodes") and (found := _failing_container(pod, rule["onExitCodes"])):
        name, code = found
        return f"Container {name} for pod {about} failed with exit code {code} matching FailJob rule at index {number}"
    types = [
        wanted["type"] for wanted in rule.get("onPodConditions") or () if wanted["type"] in objects.conditions(pod)
    ]
    return f"Pod {about} has condition {types[0] if types else ''} matching FailJob rule at index {number}"


def conditions(job: Object, verdict: Verdict, running: int, now: float) -> list[Object]:
    """What is said of the job. The last word (Complete, Failed) waits until no pod runs any more."""
    found = dict(objects.conditions(job))

    def tell(type: str, status: str, reason: str, message: str) -> None:
        before = found.get(type)
        if before and (before["status"], before.get("reason")) == (status, reason):
            return
        stamp = moment.time(now)
        told = {"type": type, "status": status, "lastProbeTime": stamp, "lastTransitionTime": stamp}
        found[type] = {**told, "reason": reason, "message": message}

    if verdict.over:
        target = "SuccessCriteriaMet" if verdict.type == "Complete" else "FailureTarget"
        tell(target, "True", verdict.reason, verdict.message)
        if not running:
            tell(verdict.type, "True", verdict.reason, verdict.message)
    elif job["spec"].get("suspend"):
        tell("Suspended", "True", "JobSuspended", "Job suspended")
    elif "Suspended" in found:
        tell("Suspended", "False", "JobResumed", "Job resumed")
    return list(found.values())


def events(job: Object, status: Object) -> Iterator[Event]:
    """Events for the conditions that are new."""
    before = objects.conditions(job)
    for condition in status.get("conditions") or ():
        if before.get(condition["type"], {}).get("status") == condition["status"]:
            continue
        match condition["type"], condition["status"]:
            case "Complete", "True":
                yield Event(job, "Normal", "Completed", "Job completed")
            case "Failed", "True":
                yield Event(job, "Warning", condition["reason"], condition["message"])
            case "Suspended", "True":
                yield Event(job, "Normal", "Suspended", "Job suspended")
            case "Suspended", "False":
                yield Event(job, "Normal", "Resumed", "Job resumed")
