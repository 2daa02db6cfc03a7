"""What may change in a pod that exists: images and little more; through other doors resources and debuggers."""

from copy import deepcopy
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required
from picok8s.apiserver.kinds import shapes
from picok8s.apiserver.kinds.affinity import validate_tolerations
from picok8s.apiserver.kinds.checks import next_generation
from picok8s.apiserver.kinds.pod_resources import default_pod_level, qos_class
from picok8s.apiserver.kinds.pods_annotations import MIRROR, validate_annotation_changes
from picok8s.apiserver.kinds.pods_validate import validate_pod

Object = dict[str, Any]
Errors = list[FieldError]

CHANGEABLE = ",".join(
    (
        "`spec.containers[*].image`",
        "`spec.initContainers[*].image`",
        "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    )
)
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def validate_update(new: Object, old: Object) -> Errors:
    """What two rules say alike is told once."""
    return list(dict.fromkeys(update_errors(new, old)))


def update_errors(new: Object, old: Object) -> Errors:
    errors = validate_pod(new) + validate_annotation_changes(new, old, "metadata.annotations")
    after, before = new["spec"], old["spec"]
    for kind in ("containers", "initContainers"):
        found, stop = container_updates(after.get(kind) or [], before.get(kind) or [], f"spec.{kind}")
        errors += found
        if stop:
            return errors
    errors += deadline(after, before)
    if after.get("tolerations") != before.get("tolerations"):
        errors += tolerations(after.get("tolerations") or [], before.get("tolerations") or [], "spec.tolerations")
    known = {gate.get("name") for gate in before.get("schedulingGates") or ()}
    for i, gate in enumerate(after.get("schedulingGates") or ()):
        if gate.get("name") not in known:
            detail = f"only deletion is allowed, but found new scheduling gate '{gate.get('name', '')}'"
            errors.append(forbidden_field(f"spec.schedulingGates[{i}].name", detail))
    if errors or after == before:
        return errors
    return the_rest(after, before)


def container_updates(new: list[Object], old: list[Object], path: str) -> tuple[Errors, bool]:
    """Errors, and whether it is no use to look further."""
    if len(new) != len(old):
        return [forbidden_field(path, "pod updates may not add or remove containers")], True
    errors: Errors = []
    for i, container in enumerate(new):
        image = container.get("image", "")
        if not image:
            errors.append(required(f"{path}[{i}].image"))
        elif image != image.strip():
            errors.append(invalid_value(f"{path}[{i}].image", image, "must not have leading or trailing whitespace"))
    return errors, False


def deadline(after: Object, before: Object) -> Errors:
    """It may be set, and shortened."""
    path = "spec.activeDeadlineSeconds"
    new, old = after.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if new is None:
        return [invalid_value(path, None, "must not update from a positive integer to nil value")] if old else []
    if not 0 <= new <= 2147483647:
        return [invalid_value(path, new, names.between(0, 2147483647))]
    if old is not None and old < new:
        return [invalid_value(path, new, "must be less than or equal to previous value")]
    return []


def tolerations(new: list[Object], old: list[Object], path: str) -> Errors:
    """They may be added; of those that are there only the seconds may change."""

    def stripped(toleration: Object) -> Object:
        return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}

    kept = [stripped(toleration) for toleration in new]
    if any(stripped(toleration) not in kept for toleration in old):
        return [forbidden_field(path, "existing toleration can not be modified except its tolerationSeconds")]
    return validate_tolerations(new, path)


def the_rest(after: Object, before: Object) -> Errors:
    """What must be the same when all that may change is put back as it was."""
    munged = deepcopy(after)
    for kind in ("containers", "initContainers"):
        for container, old in zip(munged.get(kind) or (), before.get(kind) or (), strict=True):
            put_back(container, old, "image")
    put_back(munged, before, "activeDeadlineSeconds", "schedulingGates", "tolerations")
    grace = "terminationGracePeriodSeconds"
    if (before.get(grace) or 0) < 0 and munged.get(grace) == 1:
        munged[grace] = before[grace]
    errors = gated_changes(munged, before) if before.get("schedulingGates") else []
    if munged != before:
        difference = shapes.difference("PodSpec", before, munged)
        detail = f"pod updates may not change fields other than {CHANGEABLE}\n{difference}"
        errors.append(forbidden_field("spec", detail))
    return errors


def put_back(target: Object, source: Object, *keys: str) -> None:
    for key in keys:
        if key in source:
            target[key] = source[key]
        else:
            target.pop(key, None)


def gated_changes(munged: Object, before: Object) -> Errors:
    """While gates hold it back, a pod's choice of nodes may be narrowed. Puts back in `munged` what was judged here."""
    errors: Errors = []
    new, old = munged.get("nodeSelector") or {}, before.get("nodeSelector") or {}
    if any(new.get(key) != value for key, value in old.items()):
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errors.append(invalid_value("spec.nodeSelector", new, detail))
    put_back(munged, before, "nodeSelector")
    old_affinity = before.get("affinity") or {}
    new_affinity = munged.get("affinity") or {}
    errors += node_affinity_changes(new_affinity.get("nodeAffinity"), old_affinity.get("nodeAffinity"))
    rest = {key: value for key, value in new_affinity.items() if key != "nodeAffinity"}
    if "nodeAffinity" in old_affinity:
        rest = {"nodeAffinity": old_affinity["nodeAffinity"], **rest}
    if rest or "affinity" in before:
        munged["affinity"] = rest
    else:
        munged.pop("affinity", None)
    return errors


def node_affinity_changes(new: Object | None, old: Object | None) -> Errors:
    if old is None or REQUIRED not in old:
        return []
    path = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
    after = ((new or {}).get(REQUIRED) or {}).get("nodeSelectorTerms") or []
    before = old[REQUIRED].get("nodeSelectorTerms") or []
    if before and len(before) != len(after):
        detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        return [invalid_value(path, [shapes.shown("NodeSelectorTerm", term) for term in after], detail)]
    return [
        invalid_value(
            f"{path}[{i}]",
            shapes.shown("NodeSelectorTerm", after[i]),
            "only additions are allowed (no mutations or deletions)",
        )
        for i, term in enumerate(before)
        if not only_additions(after[i], term)
    ]


def only_additions(new: Object, old: Object) -> bool:
    keys = ("matchExpressions", "matchFields")
    if not any(old.get(key) for key in keys):
        return not any(new.get(key) for key in keys)
    return all((new.get(key) or [])[: len(old.get(key) or ())] == (old.get(key) or []) for key in keys)


# The door for debuggers.


def prepare_ephemeral(new: Object, old: Object) -> None:
    """Of the change only the ephemeral containers count."""
    wanted = (new.get("spec") or {}).get("ephemeralContainers")
    new["spec"] = {**old["spec"], "ephemeralContainers": wanted} if wanted else dict(old["spec"])
    if not wanted:
        new["spec"].pop("ephemeralContainers", None)
    put_back(new, old, "status")
    keep_metadata(new, old)
    next_generation(new, old, new["spec"] != old["spec"])


def keep_metadata(new: Object, old: Object) -> None:
    """Labels, owners and finalizers do not change through a subresource."""
    put_back(new["metadata"], old["metadata"], "labels", "ownerReferences", "finalizers", "deletionTimestamp")


def validate_ephemeral(new: Object, old: Object) -> Errors:
    errors = validate_pod(new) + validate_annotation_changes(new, old, "metadata.annotations")
    if MIRROR in (old["metadata"].get("annotations") or {}):
        return [forbidden_field("", "static pods do not support ephemeral containers")]
    by_name = {c.get("name", ""): c for c in new["spec"].get("ephemeralContainers") or ()}
    for container in old["spec"].get("ephemeralContainers") or ():
        name = container.get("name", "")
        told = f'existing ephemeral containers "{name}" may not be'
        if name not in by_name:
            errors.append(forbidden_field("spec.ephemeralContainers", f"{told} removed\n"))
        elif by_name[name] != container:
            difference = shapes.difference("EphemeralContainer", container, by_name[name])
            errors.append(forbidden_field("spec.ephemeralContainers", f"{told} changed\n{difference}"))
    return errors


# The door for resources.


def prepare_resize(new: Object, old: Object) -> None:
    """Of the change only resources and resize policies count; containers that do not match are left for validation."""
    spec = new["spec"]
    if any(len(spec.get(kind) or ()) != len(old["spec"].get(kind) or ()) for kind in ("containers", "initContainers")):
        return
    merged = dict(old["spec"])
    for kind in ("containers", "initContainers"):
        if kind in merged:
            merged[kind] = resized(spec.get(kind) or [], merged[kind])
    if "resources" in spec:
        merged["resources"] = spec["resources"]
        default_pod_level(merged)
    new["spec"] = merged
    put_back(new, old, "status")
    keep_metadata(new, old)
    next_generation(new, old, merged != old["spec"])


def resized(new: list[Object], old: list[Object]) -> list[Object]:
    if any(a.get("name") != b.get("name") for a, b in zip(new, old, strict=True)):
        return new
    out = [dict(container) for container in old]
    for container, wanted in zip(out, new, strict=True):
        put_back(container, wanted, "resources", "resizePolicy")
    return out


def validate_resize(new: Object, old: Object) -> Errors:
    errors = validate_pod(new)
    after, before = new["spec"], old["spec"]
    if MIRROR in (old["metadata"].get("annotations") or {}):
        return [forbidden_field("", "static pods cannot be resized")]
    if (before.get("os") or {}).get("name") == "windows":
        return [forbidden_field("", "windows pods cannot be resized")]
    old_class = (old.get("status") or {}).get("qosClass") or qos_class(before)
    if old_class != qos_class(after):
        detail = "Pod QOS Class may not change as a result of resizing"
        errors.append(invalid_value("spec", (new.get("status") or {}).get("qosClass", ""), detail))
    if not supports_resize(old):
        errors.append(forbidden_field("spec", "Pod running on node without support for resize"))
    munged = deepcopy(after)
    errors += pod_level_changes(munged, before)
    if found := resize_order(after, before):
        return errors + found
    for kind in ("containers", "initContainers"):
        for i, container in enumerate(munged.get(kind) or ()):
            errors += container_resize(container, before[kind][i], f"spec.{kind}[{i}]", kind)
    if not errors and munged != before:
        errors.append(forbidden_field("spec", "only cpu and memory resources are mutable"))
    return errors


def supports_resize(pod: Object) -> bool:
    """The node agent of a running pod tells of the resources it gave, if it can change them."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    running = next((status for status in statuses if "running" in (status.get("state") or {})), None)
    return running is None or "resources" in running


def resize_order(after: Object, before: Object) -> Errors:
    errors: Errors = []
    for kind in ("containers", "initContainers"):
        new, old = after.get(kind) or [], before.get(kind) or []
        if len(new) != len(old):
            errors.append(forbidden_field(f"spec.{kind}", f"{kind} may not be added or removed on resize"))
            continue
        for i, (a, b) in enumerate(zip(new, old, strict=True)):
            if a.get("name") != b.get("name"):
                detail = f"{kind} may not be renamed or reordered on resize"
                errors.append(forbidden_field(f"spec.{kind}[{i}].name", detail))
    return errors


def pod_level_changes(munged: Object, before: Object) -> Errors:
    """The pod's own resources: none may be taken away, and of the rest only cpu and memory may change."""
    new, old = munged.get("resources"), before.get("resources")
    if old is None and new is None:
        return []
    if new is None:
        return [forbidden_field("spec.resources", "pod-level resources cannot be removed")]
    errors: Errors = []
    for side in ("requests", "limits"):
        if ((old or {}).get(side) or {}).keys() - (new.get(side) or {}).keys():
            detail = f"pod-level resource {side} cannot be removed"
            errors.append(forbidden_field(f"spec.resources.{side}", detail))
    ignore_compute(new, old or {})
    if {k: v for k, v in new.items() if v} != {k: v for k, v in (old or {}).items() if v}:
        errors.append(forbidden_field("spec", "only cpu and memory resources are mutable at pod-level"))
    put_back(munged, before, "resources")
    return errors


def ignore_compute(new: Object, old: Object) -> None:
    """Puts back cpu and memory in `new` as they were in `old`."""
    for side in ("requests", "limits"):
        rest = {name: text for name, text in (new.get(side) or {}).items() if name not in ("cpu", "memory")}
        was = {name: text for name, text in (old.get(side) or {}).items() if name in ("cpu", "memory")}
        new[side] = rest | was
        if not new[side]:
            del new[side]


def container_resize(container: Object, before: Object, path: str, kind: str) -> Errors:
    """Changes of one container; puts back in it what may change."""
    new, old = container.get("resources") or {}, before.get("resources") or {}
    errors: Errors = []
    for side in ("requests", "limits"):
        if (old.get(side) or {}).keys() - (new.get(side) or {}).keys():
            errors.append(forbidden_field(f"{path}.resources.{side}", f"resource {side} cannot be removed"))
    ignore_compute(new, old)
    container["resources"] = new
    if container != before:
        if kind == "containers":
            errors.append(forbidden_field("spec", "only cpu and memory resources are mutable"))
        else:
            detail = "only cpu and memory resources for init or sidecar containers are mutable"
            errors.append(forbidden_field(path, detail))
    return errors
