"""ReplicationControllers and PodTemplates."""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required, unsupported
from picok8s.api.resource import Behaviour, Scale
from picok8s.apiserver.kinds import pods
from picok8s.apiserver.kinds.checks import SELECTOR_MISMATCH, next_generation, not_negative, preparing, status_only

Object = dict[str, Any]
Errors = list[FieldError]

TEMPLATE = "spec.template"
MORE_THAN_REPLICAS = "cannot be greater than status.replicas"


def default(controller: Object) -> None:
    spec = controller.setdefault("spec", {})
    template = spec.get("template")
    if template is not None:
        pods.default_template(template)
        labels = (template.get("metadata") or {}).get("labels")
        if labels:
            if not spec.get("selector"):
                spec["selector"] = dict(labels)
            if not controller["metadata"].get("labels"):
                controller["metadata"]["labels"] = dict(labels)
    spec.setdefault("replicas", 1)


def validate(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    selector, template = spec.get("selector") or {}, spec.get("template")
    errors = [] if selector else [required("spec.selector")]
    if template is None:
        errors.append(required(TEMPLATE))
    else:
        errors += template_errors(template, selector)
    return errors + not_negative(spec, "spec", "replicas", "minReadySeconds")


def template_errors(template: Object, selector: dict[str, str]) -> Errors:
    labels = (template.get("metadata") or {}).get("labels") or {}
    errors: Errors = []
    if any(labels.get(key) != value for key, value in selector.items()):
        errors.append(invalid_value(f"{TEMPLATE}.metadata.labels", labels or None, SELECTOR_MISMATCH))
    errors += pods.validate_template(template, TEMPLATE)
    policy = template["spec"].get("restartPolicy")
    if policy != "Always":
        errors.append(unsupported(f"{TEMPLATE}.spec.restartPolicy", policy, ("Always",)))
    if template["spec"].get("activeDeadlineSeconds") is not None:
        detail = "activeDeadlineSeconds in ReplicationController is not Supported"
        errors.append(forbidden_field(f"{TEMPLATE}.spec.activeDeadlineSeconds", detail))
    return errors


def validate_status(new: Object, old: Object) -> Errors:
    status, path = new.get("status") or {}, "status"
    counts = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    errors = not_negative(status, path, *counts)
    for key in ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"):
        if status.get(key, 0) > status.get("replicas", 0):
            errors.append(invalid_value(f"{path}.{key}", status[key], MORE_THAN_REPLICAS))
    if status.get("availableReplicas", 0) > status.get("readyReplicas", 0):
        told = "cannot be greater than readyReplicas"
        errors.append(invalid_value(f"{path}.availableReplicas", status["availableReplicas"], told))
    return errors


def warnings(new: Object, old: Object | None) -> list[str]:
    lines: list[str] = []
    if old is None and (words := names.dns_label(new["metadata"].get("name", ""))):
        told = "this is used in Pod names and hostnames, which can result in surprising behavior"
        lines.append(f"metadata.name: {told}; a DNS label is recommended: [{' '.join(words)}]")
    changed = old is None or new["metadata"].get("generation") != old["metadata"].get("generation")
    if "template" in new["spec"] and changed:
        lines += pods.template_warnings(new["spec"]["template"], TEMPLATE)
    return lines


# Pod templates.


def default_pod_template(template: Object) -> None:
    pods.default_template(template.setdefault("template", {}))


def prepare_pod_template(new: Object, old: Object | None) -> None:
    next_generation(new, old, old is not None and new["template"] != old["template"])


def validate_pod_template(new: Object, old: Object | None) -> Errors:
    return pods.validate_template(new["template"], "template")


def pod_template_warnings(new: Object, old: Object | None) -> list[str]:
    return pods.template_warnings(new["template"], "template")


BEHAVIOURS = {
    "replicationcontrollers": Behaviour(
        default=default,
        prepare=preparing({"replicas": 0}, "spec"),
        validate=validate,
        warnings=warnings,
        prepare_status=status_only(),
        validate_status=validate_status,
        fields={"status.replicas": lambda obj: str((obj.get("status") or {}).get("replicas", 0))},
        scale=Scale(plain=True),
    ),
    "podtemplates": Behaviour(
        default=default_pod_template,
        prepare=prepare_pod_template,
        validate=validate_pod_template,
        warnings=pod_template_warnings,
        delete_answers_object=True,
    ),
}
