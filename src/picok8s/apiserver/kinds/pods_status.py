"""What node agents and others may report about a pod."""

from collections.abc import Set
from typing import Any

from picok8s.api import addresses, names
from picok8s.api.errors import FieldError, forbidden_field, invalid_value
from picok8s.apiserver.kinds.addresses import ip
from picok8s.apiserver.kinds.checks import IMMUTABLE, keep, worded
from picok8s.apiserver.kinds.pods_annotations import validate_annotation_changes

Object = dict[str, Any]
Errors = list[FieldError]

SYSTEM_CONDITIONS = frozenset({"PodScheduled", "Ready", "Initialized"})
NOT_BACK = "may not be transitioned to non-terminated state"
KEPT = ("qosClass", "resourceClaimStatuses", "extendedResourceClaimStatus", "nodeAllocatableResourceClaimStatuses")


def prepare_status(new: Object, old: Object) -> None:
    new["spec"] = old["spec"]
    keep(new["metadata"], old["metadata"], "deletionTimestamp", "ownerReferences", "generation")
    status, was = new.setdefault("status", {}), old.get("status") or {}
    for key in KEPT:
        if not status.get(key) and key in was:
            status[key] = was[key]
    if not status.get("observedGeneration") and was.get("observedGeneration"):
        status["observedGeneration"] = was["observedGeneration"]


def validate_status(new: Object, old: Object) -> Errors:
    status, was = new.get("status") or {}, old.get("status") or {}
    spec = old["spec"]
    errors = validate_annotation_changes(new, old, "metadata.annotations")
    errors += conditions(status.get("conditions") or [], "status.conditions")
    nominated = status.get("nominatedNodeName", "")
    if nominated and nominated != was.get("nominatedNodeName", ""):
        errors += worded(names.dns_subdomain, nominated, "status.nominatedNodeName")
    if status.get("observedGeneration", 0) < 0:
        told = "must be a non-negative integer"
        errors.append(invalid_value("status.observedGeneration", status["observedGeneration"], told))
    if status.get("qosClass", "") != was.get("qosClass", ""):
        errors.append(invalid_value("status.qosClass", status.get("qosClass", ""), IMMUTABLE))
    for key, kind in (("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")):
        errors += transitions(status.get(key) or [], was.get(key) or [], f"status.{key}", spec, spec.get(kind) or [])
    key = "ephemeralContainerStatuses"
    errors += restarted(status.get(key) or [], was.get(key) or [], f"status.{key}")
    errors += claim_statuses(status.get("resourceClaimStatuses") or [], spec, "status.resourceClaimStatuses")
    errors += pod_ips(status)
    return errors + host_ips(status)


def conditions(items: list[Object], path: str) -> Errors:
    errors: Errors = []
    for i, condition in enumerate(items):
        if condition.get("observedGeneration", 0) < 0:
            told = "must be a non-negative integer"
            errors.append(invalid_value(f"{path}[{i}].observedGeneration", condition["observedGeneration"], told))
        if condition.get("type") not in SYSTEM_CONDITIONS:
            errors += worded(names.qualified_name, condition.get("type", ""), f"{path}[{i}].Type")
    return errors


def restarted(new: list[Object], old: list[Object], path: str, allowed: Set[str] = frozenset()) -> Errors:
    """Terminated containers that are said to run again, but for those in `allowed`."""
    ended = {s.get("name") for s in old if "terminated" in (s.get("state") or {})} - allowed
    return [
        forbidden_field(f"{path}[{i}].state", NOT_BACK)
        for i, status in enumerate(new)
        if status.get("name") in ended and "terminated" not in (status.get("state") or {})
    ]


def transitions(new: list[Object], old: list[Object], path: str, spec: Object, containers: list[Object]) -> Errors:
    """A container that has ended stays so, unless its pod's policy, its own or a rule starts it."""
    everything = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    if any(r.get("action") == "RestartAllContainers" for c in everything for r in c.get("restartPolicyRules") or ()):
        return []
    codes: dict[str, int] = {
        s.get("name", ""): s["state"]["terminated"].get("exitCode", 0) for s in old if has_ended(s)
    }
    allowed: set[str] = set()
    for container in containers:
        policy = container.get("restartPolicy") or spec.get("restartPolicy", "Always")
        code = codes.get(container.get("name", ""), 0)
        ruled = any(rule_applies(rule, code) for rule in container.get("restartPolicyRules") or ())
        if ruled or policy == "Always" or (policy == "OnFailure" and code != 0):
            allowed.add(container.get("name", ""))
    known = {container.get("name", "") for container in containers}
    if spec.get("restartPolicy") == "Always":
        allowed |= codes.keys() - known
    return restarted(new, old, path, allowed)


def has_ended(status: Object) -> bool:
    return "terminated" in (status.get("state") or {})


def rule_applies(rule: Object, code: int) -> bool:
    codes = rule.get("exitCodes") or {}
    within = code in (codes.get("values") or ())
    return within if codes.get("operator") == "In" else codes.get("operator") == "NotIn" and not within


def claim_statuses(items: list[Object], spec: Object, path: str) -> Errors:
    known = {claim.get("name") for claim in spec.get("resourceClaims") or ()}
    errors: Errors = []
    for i, item in enumerate(items):
        if item.get("name") not in known:
            detail = "must match the name of an entry in `spec.resourceClaims`"
            errors.append(invalid_value(f"{path}[{i}].name", item.get("name", ""), detail))
        if item.get("resourceClaimName"):
            errors += worded(names.dns_subdomain, item["resourceClaimName"], f"{path}[{i}].name")
    return errors


def pod_ips(status: Object) -> Errors:
    ips = status.get("podIPs") or []
    errors: Errors = []
    for i, item in enumerate(ips):
        errors += ip(item.get("ip", ""), f"status.podIPs[{i}]")
    return errors + one_a_family(ips, "podIPs")


def host_ips(status: Object) -> Errors:
    ips = status.get("hostIPs") or []
    errors: Errors = []
    if ips and status.get("hostIP", "") != ips[0].get("ip", ""):
        errors.append(invalid_value("status.hostIPs[0].ip", ips[0].get("ip", ""), "must be equal to `hostIP`"))
    for i, item in enumerate(ips):
        errors += ip(item.get("ip", ""), f"status.hostIPs[{i}]")
    return errors + one_a_family(ips, "hostIPs")


def one_a_family(ips: list[Object], key: str) -> Errors:
    versions = [address.version for item in ips if (address := addresses.parse(item.get("ip", ""))) is not None]
    if len(versions) == len(set(versions)):
        return []
    shown = [{"IP": item.get("ip", "")} for item in ips]
    detail = "may specify no more than one IP for each IP family"
    return [invalid_value(f"status.{key}", shown, detail)]
