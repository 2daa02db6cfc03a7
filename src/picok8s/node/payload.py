"""What a config map, secret, projected or downward API volume holds: path -> (bytes, mode). Pure."""

import base64
from collections.abc import Mapping
from typing import Any

from picok8s.node import env
from picok8s.node.env import ConfigError, Sources

Object = dict[str, Any]
Payload = dict[str, tuple[bytes, int]]

DEFAULT_MODE = 0o644
OBJECT_VOLUMES = ("configMap", "secret", "downwardAPI", "projected")


def source_kind(volume: Object) -> str:
    """configMap, emptyDir ...: the one key beside the name. A volume with none is an emptyDir."""
    return next((key for key in volume if key != "name"), "emptyDir")


def references(pod: Object) -> set[tuple[str, str]]:
    """Every ("configmaps" | "secrets", name) that the pod's containers and volumes read."""
    found = set()
    spec = pod["spec"]
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(kind) or []:
            for source in container.get("envFrom") or []:
                found |= _named(source, "configMapRef", "secretRef")
            for row in container.get("env") or []:
                found |= _named(row.get("valueFrom") or {}, "configMapKeyRef", "secretKeyRef")
    for volume in spec.get("volumes") or []:
        for source in [volume, *((volume.get("projected") or {}).get("sources") or [])]:
            if part := source.get("configMap"):
                found.add(("configmaps", part["name"]))
            if part := source.get("secret"):
                found.add(("secrets", part.get("secretName") or part.get("name") or ""))
    return found


def _named(source: Object, config_map: str, secret: str) -> set[tuple[str, str]]:
    found = set()
    if part := source.get(config_map):
        found.add(("configmaps", part["name"]))
    if part := source.get(secret):
        found.add(("secrets", part["name"]))
    return found


def tokens(pod: Object) -> list[tuple[str, str, int]]:
    """(volume, audience, seconds) of each service account token that a volume projects."""
    found = []
    for volume in pod["spec"].get("volumes") or []:
        for source in (volume.get("projected") or {}).get("sources") or []:
            if part := source.get("serviceAccountToken"):
                found.append((volume["name"], part.get("audience") or "", int(part.get("expirationSeconds") or 3600)))
    return found


def payload(pod: Object, volume: Object, sources: Sources, issued: Mapping[tuple[str, str, int], str]) -> Payload:
    """`issued`: tokens by their row of `tokens`. ConfigError when something that is not optional is missing."""
    kind = source_kind(volume)
    part = volume[kind]
    mode = part.get("defaultMode", DEFAULT_MODE)
    if kind == "configMap":
        return _object_files(pod, "configmaps", part["name"], part, mode, sources)
    if kind == "secret":
        return _object_files(pod, "secrets", part["secretName"], part, mode, sources)
    if kind == "downwardAPI":
        return _downward(pod, part, mode, sources)
    made: Payload = {}
    for source in part.get("sources") or []:
        made.update(_projected(pod, volume["name"], source, mode, sources, issued))
    return made


def _projected(
    pod: Object,
    name: str,
    source: Object,
    mode: int,
    sources: Sources,
    issued: Mapping[tuple[str, str, int], str],
) -> Payload:
    if part := source.get("configMap"):
        return _object_files(pod, "configmaps", part["name"], part, mode, sources)
    if part := source.get("secret"):
        return _object_files(pod, "secrets", part["name"], part, mode, sources)
    if part := source.get("downwardAPI"):
        return _downward(pod, part, mode, sources)
    if part := source.get("serviceAccountToken"):
        row = (name, part.get("audience") or "", int(part.get("expirationSeconds") or 3600))
        context = pod["spec"].get("securityContext") or {}
        private = context.get("fsGroup") is not None or token_owner(pod) is not None
        return {part["path"]: (issued[row].encode(), 0o600 if private else mode)}
    unknown = ", ".join(sorted(source))
    raise ConfigError(f"projected volume source {unknown} is not supported by this node")


def token_owner(pod: Object) -> int | None:
    """The user that all containers run as, when it is the same for all: tokens are then that user's alone."""
    whole = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    users = {
        (container.get("securityContext") or {}).get("runAsUser", whole)
        for kind in ("containers", "initContainers")
        for container in pod["spec"].get(kind) or []
    }
    return users.pop() if len(users) == 1 else None


def _object_files(pod: Object, resource: str, name: str, part: Object, mode: int, sources: Sources) -> Payload:
    obj = sources.objects.get((resource, name))
    if obj is None:
        if part.get("optional"):
            return {}
        raise ConfigError(f'{resource.removesuffix("s")} "{name}" not found')
    data = _bytes(obj)
    if not part.get("items"):
        return {key: (value, mode) for key, value in data.items()}
    made: Payload = {}
    for item in part["items"]:
        if item["key"] in data:
            made[item["path"]] = (data[item["key"]], item.get("mode", mode))
        elif not part.get("optional"):
            raise ConfigError(f"references non-existent {resource.removesuffix('s')} key: {item['key']}")
    return made


def _bytes(obj: Object) -> dict[str, bytes]:
    if obj.get("kind") == "Secret":
        return {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
    found = {key: value.encode() for key, value in (obj.get("data") or {}).items()}
    found |= {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}
    return found


def _downward(pod: Object, part: Object, mode: int, sources: Sources) -> Payload:
    made: Payload = {}
    for item in part.get("items") or []:
        ref = item.get("resourceFieldRef")
        source = {"fieldRef": item["fieldRef"]} if item.get("fieldRef") else {"resourceFieldRef": ref}
        value = env.value_from(pod, {}, source, sources) or ""
        made[item["path"]] = (value.encode(), item.get("mode", mode))
    return made
