"""The environment of a container: env, envFrom, the downward API, the service links, and $(NAME) in commands. Pure.

`Sources` holds the config maps and secrets that the pod refers to, as the API showed them; a missing one is an error
unless the reference is optional. An error here is shown as CreateContainerConfigError.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from picok8s.node import pods, quantities

Object = dict[str, Any]

REFERENCE = re.compile(r"\$(\$|\(([^()]*)\))")


class ConfigError(Exception):
    """What a container needs is not there; the words go into its waiting state."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Config maps and secrets by ("configmaps" | "secrets", name); files that env reads, by (volume, path)."""

    objects: Mapping[tuple[str, str], Object | None] = field(default_factory=dict)
    files: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    services: Iterable[Object] = ()
    allocatable: Mapping[str, str] = field(default_factory=dict)
    pod_ips: tuple[str, ...] = ()
    host_ips: tuple[str, ...] = ()


def environment(pod: Object, container: Object, sources: Sources) -> dict[str, str]:
    """Name -> value, in the order in which later ones may use earlier ones."""
    made: dict[str, str] = {}
    links = service_links(pod, sources.services)
    for source in container.get("envFrom") or []:
        made.update(_from_object(pod, source, sources))
    for row in container.get("env") or []:
        name = row["name"]
        if source := row.get("valueFrom"):
            value = value_from(pod, container, source, sources)
            if value is not None:
                made[name] = value
        else:
            made[name] = expand(row.get("value") or "", {**links, **made})
    return {**{name: value for name, value in links.items() if name not in made}, **made}


def expand(text: str, values: Mapping[str, str]) -> str:
    """$(NAME) by its value, $$ by one dollar; a name that nobody knows stays as it is written."""

    def one(match: re.Match[str]) -> str:
        if match.group(1) == "$":
            return "$"
        return values.get(match.group(2), match.group(0))

    return REFERENCE.sub(one, text)


def value_from(pod: Object, container: Object, source: Object, sources: Sources) -> str | None:
    """The value of one valueFrom; None when it is optional and not there."""
    if ref := source.get("fieldRef"):
        return field_value(pod, ref["fieldPath"], sources)
    if ref := source.get("resourceFieldRef"):
        wanted = pods.container(pod, ref["containerName"]) if ref.get("containerName") else container
        return resource_value(wanted or container, ref, sources.allocatable)
    if ref := source.get("configMapKeyRef"):
        return _key(pod, "configmaps", "ConfigMap", ref, sources)
    if ref := source.get("secretKeyRef"):
        return _key(pod, "secrets", "Secret", ref, sources)
    if ref := source.get("fileKeyRef"):
        return _file_key(ref, sources)
    return None


def field_value(pod: Object, path: str, sources: Sources) -> str:
    """A field of the pod, as the downward API names it. Whole maps are one `key="value"` a line."""
    meta, spec = pod["metadata"], pod["spec"]
    if match := re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path):
        return str((meta.get(match.group(1)) or {}).get(match.group(2), ""))
    simple = {
        "metadata.name": lambda: meta["name"],
        "metadata.namespace": lambda: meta["namespace"],
        "metadata.uid": lambda: meta["uid"],
        "metadata.labels": lambda: lines(meta.get("labels") or {}),
        "metadata.annotations": lambda: lines(meta.get("annotations") or {}),
        "spec.nodeName": lambda: spec.get("nodeName", ""),
        "spec.serviceAccountName": lambda: spec.get("serviceAccountName", ""),
        "status.hostIP": lambda: sources.host_ips[0] if sources.host_ips else "",
        "status.hostIPs": lambda: ",".join(sources.host_ips),
        "status.podIP": lambda: sources.pod_ips[0] if sources.pod_ips else "",
        "status.podIPs": lambda: ",".join(sources.pod_ips),
    }
    if path not in simple:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return str(simple[path]())


def lines(values: Mapping[str, str]) -> str:
    """A map in the downward API's file form, sorted, values quoted as Go quotes them."""
    return "\n".join(f"{key}={go_quoted(values[key])}" for key in sorted(values))


def go_quoted(text: str) -> str:
    plain = {
        "\\": "\\\\",
        '"': '\\"',
        "\n": "\\n",
        "\t": "\\t",
        "\r": "\\r",
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\v": "\\v",
    }
    made = []
    for char in text:
        if char in plain:
            made.append(plain[char])
        elif char.isprintable():
            made.append(char)
        else:
            code = ord(char)
            made.append(f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return f'"{"".join(made)}"'


def resource_value(container: Object, ref: Object, allocatable: Mapping[str, str]) -> str:
    """limits.cpu, requests.memory ... of a container; a limit that is not set is what the node can give."""
    kind, _, name = ref["resource"].partition(".")
    resources = container.get("resources") or {}
    given = (resources.get(kind) or {}).get(name)
    if given is None and kind == "requests":
        given = 0
    if given is None:
        given = allocatable.get(name, 0)
    divisor = ref.get("divisor") or "1"
    return str(quantities.whole(given, "1" if str(divisor) == "0" else divisor))


def _key(pod: Object, resource: str, kind: str, ref: Object, sources: Sources) -> str | None:
    obj = sources.objects.get((resource, ref["name"]))
    optional = bool(ref.get("optional"))
    if obj is None:
        if optional:
            return None
        raise ConfigError(f'{kind.lower()} "{ref["name"]}" not found')
    data = text_data(obj)
    if ref["key"] not in data:
        if optional:
            return None
        raise ConfigError(f"couldn't find key {ref['key']} in {kind} {pod['metadata']['namespace']}/{ref['name']}")
    return data[ref["key"]]


def _file_key(ref: Object, sources: Sources) -> str | None:
    """One KEY=VALUE line of a file that an init container wrote."""
    text = sources.files.get((ref["volumeName"], ref["path"]))
    for line in (text or "").splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() == ref["key"]:
            value = value.strip()
            return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value
    if ref.get("optional"):
        return None
    raise ConfigError(f"environment variable key {ref['key']!r} not found in file {ref['path']!r}")


def _from_object(pod: Object, source: Object, sources: Sources) -> dict[str, str]:
    prefix = source.get("prefix") or ""
    for part, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
        if ref := source.get(part):
            obj = sources.objects.get((resource, ref["name"]))
            if obj is None:
                if ref.get("optional"):
                    return {}
                raise ConfigError(f'{resource.removesuffix("s")} "{ref["name"]}" not found')
            return {prefix + key: value for key, value in text_data(obj).items() if "=" not in key}
    return {}


def text_data(obj: Object) -> dict[str, str]:
    """The values of a config map or secret as text, in the order of their keys."""
    found = {key: str(value) for key, value in (obj.get("data") or {}).items()}
    if obj.get("kind") == "Secret":
        found = {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in found.items()}
    return dict(sorted(found.items()))


def service_links(pod: Object, services: Iterable[Object]) -> dict[str, str]:
    """Docker-style variables of the services of the pod's namespace, and always of the API server's own."""
    here = pod["metadata"]["namespace"]
    linked = pod["spec"].get("enableServiceLinks", True)
    made: dict[str, str] = {}
    for service in services:
        meta, spec = service["metadata"], service["spec"]
        is_master = meta["namespace"] == "default" and meta["name"] == "kubernetes"
        if (spec.get("clusterIP") or "None") == "None" or not spec.get("ports"):
            continue
        if is_master or (linked and meta["namespace"] == here):
            for name, value in _service_variables(meta["name"], spec):
                if not is_master or here == "default" or name not in made:
                    made[name] = value
    return made


def _service_variables(name: str, spec: Object) -> Iterable[tuple[str, str]]:
    prefix = name.upper().replace("-", "_")
    address = spec["clusterIP"]
    shown = f"[{address}]" if ":" in address else address
    ports = spec["ports"]
    yield f"{prefix}_SERVICE_HOST", address
    yield f"{prefix}_SERVICE_PORT", str(ports[0]["port"])
    for port in ports:
        if port.get("name"):
            yield f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}", str(port["port"])
    first = ports[0]
    yield f"{prefix}_PORT", f"{_protocol(first).lower()}://{shown}:{first['port']}"
    for port in ports:
        word = f"{prefix}_PORT_{port['port']}_{_protocol(port)}"
        yield word, f"{_protocol(port).lower()}://{shown}:{port['port']}"
        yield f"{word}_PROTO", _protocol(port).lower()
        yield f"{word}_PORT", str(port["port"])
        yield f"{word}_ADDR", address


def _protocol(port: Object) -> str:
    return str(port.get("protocol") or "TCP")
