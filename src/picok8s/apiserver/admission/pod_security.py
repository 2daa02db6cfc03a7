"""PodSecurity: a namespace's labels say how much pods may reach beyond themselves, by level and version.

`enforce` refuses pods, `warn` warns of pods and of workloads that would make such pods; what `audit` finds is for the
audit log. An update of the labels warns of the pods that are there already.
"""

import re
from dataclasses import dataclass
from typing import Any

from picok8s.api import objects
from picok8s.api.errors import FieldError, invalid, invalid_value
from picok8s.apiserver.admission.hooks import CREATE, UPDATE, WRITES, Cluster, Hook, refused
from picok8s.apiserver.admission.pod_security_checks import LATEST, LEVELS, Finding, findings
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

PREFIX = "pod-security.kubernetes.io/"
MODES = ("enforce", "audit", "warn")
VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)")
PODS_MAX = 3000  # Pods judged when a namespace's labels change.
# Where workloads keep their template.
TEMPLATES = {
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "podtemplates": ("template",),
    "replicasets.apps": ("spec", "template"),
    "replicationcontrollers": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """A level at a version. `minor` is LATEST for the newest."""

    level: str = "privileged"
    minor: int = LATEST

    def __str__(self) -> str:
        return f"{self.level}:{'latest' if self.minor == LATEST else f'v1.{self.minor}'}"


def policies(labels: dict[str, str]) -> tuple[dict[str, Policy], list[FieldError]]:
    """The policy of each mode that a namespace's labels mean, and what is wrong with the labels."""
    found: dict[str, Policy] = {}
    errors: list[FieldError] = []
    for mode in MODES:
        level, minor = "privileged", LATEST
        key = PREFIX + mode
        if key in labels:
            level = labels[key]
            if level not in LEVELS:
                errors.append(_wrong(key, level, f"must be one of {', '.join(LEVELS)}"))
                level = "restricted" if mode == "enforce" else "privileged"
        key = f"{key}-version"
        if key in labels and labels[key] != "latest":
            match = VERSION.fullmatch(labels[key])
            if match is None:
                errors.append(_wrong(key, labels[key], 'must be "latest" or "v1.x"'))
            else:
                minor = int(match.group(1))
        found[mode] = Policy(level, minor)
    # Who enforces without a word about warnings is warned as well.
    if PREFIX + "warn" not in labels and labels.get(PREFIX + "enforce") in LEVELS:
        enforce = found["enforce"]
        if LEVELS.index(enforce.level) > LEVELS.index(found["warn"].level):
            versioned = f"{PREFIX}warn-version" in labels
            found["warn"] = Policy(enforce.level, found["warn"].minor if versioned else enforce.minor)
    return found, errors


def _wrong(key: str, value: str, words: str) -> FieldError:
    return invalid_value(f"metadata.labels[{key}]", value, words)


def judge_pod(server: Cluster, call: Call, pod: Object, old: Object | None) -> None:
    wanted = _of_namespace(server, call)
    if all(policy.level == "privileged" for policy in wanted.values()):
        return
    if old is not None and not _is_significant(pod, old):
        return
    enforce = wanted["enforce"]
    broken = findings(enforce.level, enforce.minor, pod["metadata"], pod["spec"])
    if broken:
        raise refused(call, pod, f'violates PodSecurity "{enforce}": {detailed(broken)}')
    _warn(call, wanted["warn"], pod["metadata"], pod["spec"])


def judge_workload(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    wanted = _of_namespace(server, call)
    template: Any = new
    for key in TEMPLATES[call.of.name]:
        template = (template or {}).get(key)
    if template:
        _warn(call, wanted["warn"], template.get("metadata") or {}, template.get("spec") or {})


def judge_namespace(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    wanted, errors = policies(objects.labels(new))
    before, old_errors = policies(objects.labels(old)) if old is not None else ({}, [])
    if errors and errors != old_errors:
        raise invalid("Namespace", "", new["metadata"].get("name", ""), errors)
    if old is None:
        return
    enforce, previous = wanted["enforce"], before["enforce"]
    relaxed = LEVELS.index(enforce.level) <= LEVELS.index(previous.level)
    if enforce.level == "privileged" or (enforce.minor == previous.minor and relaxed):
        return
    name = new["metadata"]["name"]
    call.warnings += existing_warnings(server.lookup.list("pods", name), name, enforce)


def _of_namespace(server: Cluster, call: Call) -> dict[str, Policy]:
    namespace = server.lookup.get("namespaces", call.namespace)
    return policies(objects.labels(namespace) if namespace else {})[0]


def _warn(call: Call, policy: Policy, metadata: Object, spec: Object) -> None:
    broken = findings(policy.level, policy.minor, metadata, spec)
    if broken:
        call.warnings.append(f'would violate PodSecurity "{policy}": {detailed(broken)}')


def detailed(broken: list[Finding]) -> str:
    return ", ".join(f"{finding.reason} ({finding.detail})" if finding.detail else finding.reason for finding in broken)


def existing_warnings(pods: list[Object], namespace: str, policy: Policy) -> list[str]:
    """What a namespace's pods have against a stricter level, alike ones together. One pod a controller goes first."""
    seen: set[str] = set()
    first: list[Object] = []
    repeated: list[Object] = []
    for pod in pods:
        owner = objects.controller(pod)
        (repeated if owner and owner["uid"] in seen else first).append(pod)
        if owner:
            seen.add(owner["uid"])
    chosen = [*first, *repeated][:PODS_MAX]
    names: dict[str, list[str]] = {}
    for pod in chosen:
        broken = findings(policy.level, policy.minor, pod["metadata"], pod["spec"])
        if broken:
            names.setdefault(", ".join(f.reason for f in broken), []).append(pod["metadata"]["name"])
    warnings = []
    if len(chosen) < len(pods):
        checked = f"the first {len(chosen)} of {len(pods)} existing pods"
        warnings.append(f"new PodSecurity enforce level only checked against {checked}")
    if names:
        warnings.append(
            f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{policy}"'
        )
    return [*warnings, *sorted(_told(pods_of, reasons) for reasons, pods_of in names.items())]


def _told(names: list[str], reasons: str) -> str:
    others = len(names) - 1
    more = "" if not others else f" (and {others} other {'pod' if others == 1 else 'pods'})"
    return f"{min(names)}{more}: {reasons}"


def _is_significant(new: Object, old: Object) -> bool:
    """Whether an update could change the judgement: another image, another container."""
    for key in ("containers", "initContainers"):
        ours, theirs = new["spec"].get(key) or [], old["spec"].get(key) or []
        if [c.get("image") for c in ours] != [c.get("image") for c in theirs]:
            return True
    known = {c["name"]: c.get("image") for c in old["spec"].get("ephemeralContainers") or []}
    present = new["spec"].get("ephemeralContainers") or []
    return any(c["name"] not in known or known[c["name"]] != c.get("image") for c in present)


PODS = Hook("PodSecurity", judge_pod, ("pods",), WRITES, ("", "ephemeralcontainers", "resize"))
WORKLOADS = Hook("PodSecurity", judge_workload, tuple(TEMPLATES), WRITES)
NAMESPACES = Hook("PodSecurity", judge_namespace, ("namespaces",), (CREATE, UPDATE))
