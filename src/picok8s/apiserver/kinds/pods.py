"""Pods: their defaults, what the server owns in them and what it refuses; the same for templates."""

from typing import Any

from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import pods_annotations, pods_status, pods_update, pods_warnings
from picok8s.apiserver.kinds.checks import keep, next_generation
from picok8s.apiserver.kinds.pod_resources import default_pod_level, qos_class
from picok8s.apiserver.kinds.pods_defaults import default_pod, default_spec, default_template
from picok8s.apiserver.kinds.pods_validate import validate_new_pod, validate_template
from picok8s.apiserver.kinds.pods_warnings import template_warnings

__all__ = ["BEHAVIOURS", "default_spec", "default_template", "template_warnings", "validate_template"]

Object = dict[str, Any]

GATED = {
    "type": "PodScheduled",
    "status": "False",
    "lastProbeTime": None,
    "lastTransitionTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}


def prepare(new: Object, old: Object | None) -> None:
    if old is None:
        prepare_new(new)
        return
    keep(new, old, "status")
    spec = new.setdefault("spec", {})
    if "resources" not in spec and "resources" in old["spec"]:
        spec["resources"] = old["spec"]["resources"]
    next_generation(new, old, spec != old["spec"])


def prepare_new(new: Object) -> None:
    spec = new.setdefault("spec", {})
    new["metadata"]["generation"] = 1
    status: Object = {"phase": "Pending"}
    if spec.get("schedulingGates"):
        status["conditions"] = [dict(GATED)]
    merge_label_keys(spec, new["metadata"].get("labels") or {})
    pods_annotations.fill_profiles(spec, new["metadata"].get("annotations") or {})
    default_pod_level(spec)
    status["qosClass"] = qos_class(spec)
    new["status"] = status


def merge_label_keys(spec: Object, labels: dict[str, str]) -> None:
    """Terms that match "the same value as mine" get the value: labels may change, the node may not."""
    terms = list(spec.get("topologySpreadConstraints") or ())
    for kind in ("podAffinity", "podAntiAffinity"):
        affinity = (spec.get("affinity") or {}).get(kind) or {}
        terms += affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [term["podAffinityTerm"] for term in preferred if "podAffinityTerm" in term]
    for term in terms:
        selector = term.get("labelSelector")
        wanted = [(key, "In") for key in term.get("matchLabelKeys") or ()]
        unwanted = [(key, "NotIn") for key in term.get("mismatchLabelKeys") or ()]
        added = [
            {"key": key, "operator": operator, "values": [labels[key]]}
            for key, operator in wanted + unwanted
            if key in labels
        ]
        if selector is not None and added:
            selector["matchExpressions"] = [*(selector.get("matchExpressions") or ()), *added]


def validate(new: Object, old: Object | None) -> list[Any]:
    return validate_new_pod(new) if old is None else pods_update.validate_update(new, old)


BEHAVIOURS: dict[str, Behaviour] = {
    "pods": Behaviour(
        default=default_pod,
        prepare=prepare,
        validate=validate,
        warnings=pods_warnings.pod_warnings,
        prepare_status=pods_status.prepare_status,
        validate_status=pods_status.validate_status,
        subresources={
            "ephemeralcontainers": (pods_update.prepare_ephemeral, pods_update.validate_ephemeral),
            "resize": (pods_update.prepare_resize, pods_update.validate_resize),
        },
        fields={
            "spec.nodeName": lambda pod: pod["spec"].get("nodeName", ""),
            "spec.restartPolicy": lambda pod: pod["spec"].get("restartPolicy", ""),
            "spec.schedulerName": lambda pod: pod["spec"].get("schedulerName", ""),
            "spec.serviceAccountName": lambda pod: pod["spec"].get("serviceAccountName", ""),
            "spec.hostNetwork": lambda pod: "true" if pod["spec"].get("hostNetwork") else "false",
            "status.phase": lambda pod: pod["status"].get("phase", ""),
            "status.podIP": lambda pod: first_ip(pod["status"]),
            "status.podIPs": lambda pod: first_ip(pod["status"]),
            "status.nominatedNodeName": lambda pod: pod["status"].get("nominatedNodeName", ""),
        },
    )
}


def first_ip(status: Object) -> str:
    return str(((status.get("podIPs") or [{}])[0]).get("ip", ""))
