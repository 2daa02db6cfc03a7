"""Annotations of pods that mean something: old ways of saying what fields say today."""

from typing import Any

import orjson

from picok8s.api.errors import FieldError, forbidden_field, invalid_value
from picok8s.apiserver.kinds.affinity import validate_tolerations
from picok8s.apiserver.kinds.security import located_containers

Object = dict[str, Any]
Errors = list[FieldError]

MIRROR = "kubernetes.io/config.mirror"
TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
LOCALHOST = "localhost/"

# How the annotations name the types of profiles.
SECCOMP_WORDS: dict[str, tuple[str, ...]] = {
    "Unconfined": ("unconfined",),
    "RuntimeDefault": ("runtime/default", "docker/default"),
}
APPARMOR_WORDS: dict[str, tuple[str, ...]] = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)}


def validate_annotations(annotations: dict[str, str], spec: Object, path: str) -> Errors:
    errors: Errors = []
    if MIRROR in annotations and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(invalid_value(f"{path}[{MIRROR}]", annotations[MIRROR], detail))
    if annotations.get(TOLERATIONS):
        errors += old_tolerations(annotations[TOLERATIONS], path)
    if DELETION_COST in annotations and not is_deletion_cost(annotations[DELETION_COST]):
        detail = "must be a 32bit integer"
        errors.append(invalid_value(f"{path}[{DELETION_COST}]", annotations[DELETION_COST], detail))
    for key, value in sorted(annotations.items()):
        if (key == SECCOMP_POD or key.startswith(SECCOMP_CONTAINER)) and not is_profile(value, SECCOMP_WORDS):
            errors.append(invalid_value(f"{path}.{key}", value, "must be a valid seccomp profile"))
    return errors + apparmor(annotations, spec, path)


def old_tolerations(text: str, path: str) -> Errors:
    try:
        tolerations = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return [invalid_value(path, TOLERATIONS, str(error))]
    return validate_tolerations(tolerations or [], f"{path}.{TOLERATIONS}") if isinstance(tolerations, list) else []


def is_deletion_cost(text: str) -> bool:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or (digits[0] == "0" and text != "0"):
        return False
    return -(2**31) <= int(text) < 2**31


def is_profile(value: str, words: dict[str, tuple[str, ...]]) -> bool:
    return value.startswith(LOCALHOST) or any(value in known for known in words.values())


def apparmor(annotations: dict[str, str], spec: Object, path: str) -> Errors:
    known = {container.get("name", "") for _, container in located_containers(spec, "")}
    errors: Errors = []
    for key, value in sorted(annotations.items()):
        if key.startswith(APPARMOR):
            name = key.removeprefix(APPARMOR)
            if name not in known:
                errors.append(invalid_value(f"{path}[{key}]", name, "container not found"))
            if value and not is_profile(value, APPARMOR_WORDS):
                errors.append(invalid_value(f"{path}[{key}]", value, f'invalid AppArmor profile name: "{value}"'))
    return errors


def validate_profiles(annotations: dict[str, str], spec: Object, path: str) -> Errors:
    """Where both an annotation and a field name a profile they must name the same."""
    errors: Errors = []
    pod = spec.get("securityContext") or {}
    if SECCOMP_POD in annotations:
        at = f"{path}.securityContext.seccompProfile"
        errors += agree(annotations[SECCOMP_POD], pod.get("seccompProfile"), at, "seccomp")
    containers = located_containers(spec, path)
    for at, container in containers:
        own, key = container.get("securityContext") or {}, SECCOMP_CONTAINER + container.get("name", "")
        if key in annotations:
            where = f"{at}.securityContext.seccompProfile"
            errors += agree(annotations[key], own.get("seccompProfile"), where, "seccomp")
    if (spec.get("os") or {}).get("name") == "windows":
        return errors
    for at, container in containers:
        own, key = container.get("securityContext") or {}, APPARMOR + container.get("name", "")
        if key in annotations:
            profile = own.get("appArmorProfile") or pod.get("appArmorProfile")
            errors += agree(annotations[key], profile, f"{at}.securityContext.appArmorProfile", "apparmor")
    return errors


def agree(annotation: str, profile: Object | None, path: str, which: str) -> Errors:
    if profile is None:
        return []
    kind = profile.get("type", "")
    words = SECCOMP_WORDS if which == "seccomp" else APPARMOR_WORDS
    if kind in words and annotation not in words[kind]:
        return [forbidden_field(f"{path}.type", f"{which} type in annotation and field must match")]
    if kind == "Localhost":
        if not annotation.startswith(LOCALHOST):
            return [forbidden_field(f"{path}.type", f"{which} type in annotation and field must match")]
        if annotation.removeprefix(LOCALHOST) != profile.get("localhostProfile"):
            detail = f"{which} profile in annotation and field must match"
            return [forbidden_field(f"{path}.localhostProfile", detail)]
    return []


def profile_of(annotation: str) -> Object | None:
    """The AppArmor profile that an annotation names."""
    for kind, words in APPARMOR_WORDS.items():
        if annotation in words:
            return {"type": kind}
    local = annotation.removeprefix(LOCALHOST)
    if annotation.startswith(LOCALHOST) and local and local == local.strip():
        return {"type": "Localhost", "localhostProfile": local}
    return None


def fill_profiles(spec: Object, annotations: dict[str, str]) -> None:
    """Turns AppArmor annotations into the fields that have taken their place."""
    if (spec.get("os") or {}).get("name") == "windows":
        return
    pod = (spec.get("securityContext") or {}).get("appArmorProfile")
    for _, container in located_containers(spec, ""):
        annotation = annotations.get(APPARMOR + container.get("name", ""))
        if annotation is None or "appArmorProfile" in (container.get("securityContext") or {}):
            continue
        profile = profile_of(annotation)
        if profile is not None and profile != pod:
            container.setdefault("securityContext", {})["appArmorProfile"] = profile


def validate_annotation_changes(new: Object, old: Object, path: str) -> Errors:
    """Annotations that may be neither added nor changed nor removed once the pod exists; and all other rules."""
    after, before = (pod["metadata"].get("annotations") or {} for pod in (new, old))
    errors: Errors = []
    for key in [*before, *(key for key in after if key not in before)]:
        if key in before and after.get(key) == before[key]:
            continue
        verb = "remove or update" if key in before else "add"
        if key.startswith(APPARMOR):
            errors.append(forbidden_field(f"{path}[{key}]", f"may not {verb} AppArmor annotations"))
        if key == MIRROR:
            errors.append(forbidden_field(f"{path}[{key}]", f"may not {verb} mirror pod annotation"))
    return errors + validate_annotations(after, new.get("spec") or {}, path)
