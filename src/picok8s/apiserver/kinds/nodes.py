"""Nodes: taints, pod ranges that are given once, and what their agents report."""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required, unsupported
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import addresses, shapes
from picok8s.apiserver.kinds.affinity import EFFECTS
from picok8s.apiserver.kinds.checks import keep, worded
from picok8s.apiserver.kinds.requirements import resource_amount

Object = dict[str, Any]
Errors = list[FieldError]

ONCE = 'node updates may not change podCIDR except from "" to valid'


def default(node: Object) -> None:
    spec = node.setdefault("spec", {})
    ranges, first = spec.get("podCIDRs") or [], spec.get("podCIDR", "")
    if first and (not ranges or ranges[0] != first):
        ranges = [first]
    if ranges:
        spec["podCIDRs"], spec["podCIDR"] = ranges, ranges[0]
    status = node.get("status") or {}
    if status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = dict(status["capacity"])


def prepare(new: Object, old: Object | None) -> None:
    new["spec"].pop("configSource", None)  # Its feature is gone.
    if old is not None:
        keep(new, old, "status")


def prepare_status(new: Object, old: Object) -> None:
    keep(new, old, "spec")


def taint_errors(taints: list[Object]) -> Errors:
    errors: Errors = []
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(taints):
        at = f"metadata.taints[{i}]"
        key, value, effect = taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")
        errors += worded(names.qualified_name, key, f"{at}.key")
        if words := names.label_value(value):
            errors.append(invalid_value(f"{at}.value", value, ";".join(words)))
        if not effect:
            errors.append(required(f"{at}.effect"))
        elif effect not in EFFECTS:
            errors.append(unsupported(f"{at}.effect", effect, EFFECTS))
        if (key, effect) in seen:
            detail = "taints must be unique by key and effect pair"
            errors.append(duplicate(at, shapes.shown("Taint", taint), detail))
        seen.add((key, effect))
    return errors


def resource_errors(node: Object) -> Errors:
    errors: Errors = []
    for kind in ("capacity", "allocatable"):
        for name, text in sorted(((node.get("status") or {}).get(kind) or {}).items()):
            errors += resource_amount(name, text, f"status.{kind}[{name}]")
    return errors


def range_errors(ranges: list[str]) -> Errors:
    path = "spec.podCIDRs"
    errors: Errors = []
    for i, text in enumerate(ranges):
        errors += addresses.cidr(text, f"{path}[{i}]")
    versions = [network.version for text in ranges if (network := addresses.parsed_range(text)) is not None]
    if len(set(versions)) < len(versions):
        errors.append(invalid_value(path, ranges, "may specify no more than one CIDR for each IP family"))
    return errors


def validate(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    errors = taint_errors(spec.get("taints") or []) + resource_errors(new)
    errors += range_errors(spec.get("podCIDRs") or [])
    return errors + (changes(new, old) if old is not None else [])


def changes(new: Object, old: Object) -> Errors:
    spec, was = new["spec"], old.get("spec") or {}
    errors: Errors = []
    seen: list[Object] = []
    for i, address in enumerate((new.get("status") or {}).get("addresses") or ()):
        if address in seen:
            errors.append(duplicate(f"status.addresses[{i}]", shapes.shown("NodeAddress", address)))
        seen.append(address)
    ranges, before = spec.get("podCIDRs") or [], was.get("podCIDRs") or []
    if before and len(ranges) != len(before):
        errors.append(forbidden_field("spec.podCIDRs", ONCE))
    elif before:
        errors += [forbidden_field("spec.podCIDRs", ONCE) for a, b in zip(ranges, before, strict=True) if a != b]
    provider = was.get("providerID")
    if provider and spec.get("providerID", "") != provider:
        verb = "modified" if spec.get("providerID") else "cleared"
        errors.append(invalid_value("spec.providerID", None, f"field cannot be {verb} once set"))
    if spec.get("externalID", "") != was.get("externalID", ""):
        errors.append(forbidden_field("spec.externalID", "may not be updated"))
    return errors


def validate_status(new: Object, old: Object) -> Errors:
    return resource_errors(new) + changes(new, old)


def warnings(new: Object, old: Object | None) -> list[str]:
    lines: list[str] = []
    if new["spec"].get("externalID"):
        lines.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
    for i, text in enumerate(new["spec"].get("podCIDRs") or ()):
        lines += addresses.range_warnings(text, f"spec.podCIDRs[{i}]")
    return lines


BEHAVIOURS = {
    "nodes": Behaviour(
        default=default,
        prepare=prepare,
        validate=validate,
        warnings=warnings,
        prepare_status=prepare_status,
        validate_status=validate_status,
        fields={"spec.unschedulable": lambda node: "true" if node["spec"].get("unschedulable") else "false"},
    )
}
