"""What is accepted in pods and templates, but is old, without effect or likely not meant."""

from collections.abc import Iterator
from typing import Any

from picok8s.api import names, quantity
from picok8s.apiserver.kinds.addresses import ip_warnings
from picok8s.apiserver.kinds.pods_annotations import APPARMOR, SECCOMP_CONTAINER, SECCOMP_POD, profile_of
from picok8s.apiserver.kinds.security import located_containers
from picok8s.apiserver.kinds.storage import OLD_LABELS, label_warning

Object = dict[str, Any]

REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
OLD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
OLD_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
NO_SELECTOR = "a null labelSelector results in matching no pod"
APPARMOR_OLD = 'deprecated since v1.30; use the "appArmorProfile" field instead'
SECCOMP_OLD = 'non-functional in v1.27+; use the "seccompProfile" field instead'


def pod_warnings(new: Object, old: Object | None) -> list[str]:
    lines: list[str] = []
    annotations = new["metadata"].get("annotations") or {}
    if old is None:
        name = names.dns_label(new["metadata"].get("name", ""))
        if name:
            told = "this is used in the Pod's hostname, which can result in surprising behavior"
            lines.append(f"metadata.name: {told}; a DNS label is recommended: [{' '.join(name)}]")
        for _, container in located_containers(new["spec"], ""):
            key = APPARMOR + container.get("name", "")
            if key in annotations and _says(container, annotations[key]):
                lines.append(f"metadata.annotations[{key}]: {APPARMOR_OLD}")
        return lines + spec_warnings(new["spec"], new["metadata"], "")
    if new["metadata"].get("generation") == old["metadata"].get("generation"):
        return lines
    return spec_warnings(new["spec"], new["metadata"], "")


def _says(container: Object, annotation: str) -> bool:
    """Whether the annotation is where the container's profile is from, or leads to none."""
    profile = profile_of(annotation)
    return profile is None or (container.get("securityContext") or {}).get("appArmorProfile") == profile


def template_warnings(template: Object, path: str) -> list[str]:
    """Warnings of a (defaulted) pod template at `path`."""
    spec, metadata = template.get("spec") or {}, template.get("metadata") or {}
    lines = spec_warnings(spec, metadata, f"{path}.")
    annotations = metadata.get("annotations") or {}
    pod = (spec.get("securityContext") or {}).get("appArmorProfile")
    for _, container in located_containers(spec, ""):
        key = APPARMOR + container.get("name", "")
        field = (container.get("securityContext") or {}).get("appArmorProfile")
        if key in annotations and field is None and (pod is None or pod != profile_of(annotations[key])):
            lines.append(f"{path}.metadata.annotations[{key}]: {APPARMOR_OLD}")
    return lines


def spec_warnings(spec: Object, metadata: Object, at: str) -> list[str]:
    """`at` is what stands before "spec" in paths: "" or "spec.template."."""
    lines = [
        line for key in spec.get("nodeSelector") or () for line in label_warning(key, f"{at}spec.nodeSelector[{key}]")
    ]
    lines += affinity_labels((spec.get("affinity") or {}).get("nodeAffinity") or {}, f"{at}spec.affinity.nodeAffinity")
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        where, key = f"{at}spec.topologySpreadConstraints[{i}]", constraint.get("topologyKey", "")
        lines += old_label(key, f"{where}.topologyKey")
        if "labelSelector" not in constraint:
            lines.append(f"{where}.labelSelector: {NO_SELECTOR}")
    annotations = metadata.get("annotations") or {}
    lines += [f"{at}metadata.annotations[{k}]: {text}" for k, text in OLD_ANNOTATIONS.items() if k in annotations]
    lines += volume_warnings(spec.get("volumes") or [], f"{at}spec.volumes")
    lines += duplicates(spec, at)
    for name in ("memory", "ephemeral-storage"):
        lines += fractional(spec.get("overhead") or {}, name, f"{at}spec.overhead")
    if SECCOMP_POD in annotations and "seccompProfile" not in (spec.get("securityContext") or {}):
        lines.append(f"{at}metadata.annotations[{SECCOMP_POD}]: {SECCOMP_OLD}")
    for where, container in located_containers(spec, f"{at}spec"):
        lines += container_warnings(container, where, annotations, at)
    lines += port_warnings(spec, f"{at}spec")
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        told = "must be >= 0; negative values are invalid and will be treated as 1"
        lines.append(f"{at}spec.terminationGracePeriodSeconds: {told}")
    lines += missing_selectors(spec.get("affinity") or {}, f"{at}spec.affinity")
    for i, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        lines += ip_warnings(server, f"{at}spec.dnsConfig.nameservers[{i}]")
    for i, alias in enumerate(spec.get("hostAliases") or ()):
        lines += ip_warnings(alias.get("ip", ""), f"{at}spec.hostAliases[{i}].ip")
    return lines


def old_label(key: str, path: str) -> list[str]:
    if key not in OLD_LABELS:
        return []
    since, instead = OLD_LABELS[key]
    return [f'{path}: {key} is deprecated since {since}; use "{instead}" instead']


def affinity_labels(affinity: Object, path: str) -> list[str]:
    lines: list[str] = []
    for i, term in enumerate((affinity.get(REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        lines += term_labels(term, f"{path}.{REQUIRED}.nodeSelectorTerms[{i}]", False)
    for i, term in enumerate(affinity.get(PREFERRED) or ()):
        lines += term_labels(term.get("preference") or {}, f"{path}.{PREFERRED}[{i}].preference", True)
    return lines


def term_labels(term: Object, path: str, check_values: bool) -> list[str]:
    lines: list[str] = []
    for i, expression in enumerate(term.get("matchExpressions") or ()):
        lines += old_label(expression.get("key", ""), f"{path}.matchExpressions[{i}].key")
        for j, value in enumerate(expression.get("values") or ()) if check_values else ():
            where = f"{path}.matchExpressions[{i}].values[{j}]"
            lines += [f"{where}: {value} is invalid, {word}" for word in names.label_value(value)]
    return lines


def volume_warnings(volumes: list[Object], path: str) -> list[str]:
    lines: list[str] = []
    for i, volume in enumerate(volumes):
        for key, text in OLD_VOLUMES.items():
            if key in volume:
                told = "storageOS" if key == "storageos" else key
                lines.append(f"{path}[{i}].{told}: {text}")
        template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        if template is not None:
            lines += claim_warnings(template.get("spec") or {}, f"{path}[{i}].ephemeral.volumeClaimTemplate.spec")
    for volume in volumes:
        lines += overlaps(volume)
    return lines


def claim_warnings(spec: Object, path: str) -> list[str]:
    """Of a claim's spec."""
    resources = spec.get("resources") or {}
    return [
        line
        for side in ("requests", "limits")
        for line in fractional(resources.get(side) or {}, "storage", f"{path}.resources.{side}")
    ]


def fractional(amounts: Object, name: str, path: str) -> list[str]:
    text = amounts.get(name)
    if text is None or quantity.nanos(text) % quantity.NANO == 0:
        return []
    return [f'{path}[{name}]: fractional byte value "{text}" is invalid, must be an integer']


Path = tuple[str, str]  # A file, and what puts it there ("" where it is the volume itself).


def overlaps(volume: Object) -> list[str]:
    """Files of one volume that are in each other's way."""
    name = volume.get("name", "")
    lines: list[str] = []
    for told, own in single_sources(volume):
        lines += [f'volume "{name}" ({told}): overlapping paths: {line}' for line in collisions(own)]
    paths: list[Path] = []
    for source in (volume.get("projected") or {}).get("sources") or ():
        if not source:
            lines.append(f'volume "{name}" (Projected) has no sources provided')
        paths += source_paths(source)
    return lines + [f'volume "{name}" (Projected): overlapping paths: {line}' for line in collisions(paths)]


def single_sources(volume: Object) -> Iterator[tuple[str, list[Path]]]:
    for key, told, name in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
        source = volume.get(key) or {}
        yield f'{told} "{source.get(name, "")}"', [(item.get("path", ""), "") for item in source.get("items") or ()]
    items = (volume.get("downwardAPI") or {}).get("items") or ()
    yield "DownwardAPI", [(item.get("path", ""), "") for item in items]


def source_paths(source: Object) -> list[Path]:
    """The files that one source of a projected volume writes."""
    for key, told in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if (source.get(key) or {}).get("items"):
            by = f'{told} "{source[key].get("name", "")}"'
            return [(item.get("path", ""), by) for item in source[key]["items"]]
    if (source.get("downwardAPI") or {}).get("items"):
        return [(item.get("path", ""), "DownwardAPI") for item in source["downwardAPI"]["items"]]
    if "serviceAccountToken" in source:
        return [(source["serviceAccountToken"].get("path", ""), "ServiceAccountToken")]
    if "clusterTrustBundle" in source:
        bundle = source["clusterTrustBundle"]
        return [(bundle.get("path", ""), f'ClusterTrustBundle "{bundle.get("name") or bundle.get("signerName", "")}"')]
    certificate = source.get("podCertificate") or {}
    kinds = (("certificateChainPath", "chain"), ("keyPath", "key"), ("credentialBundlePath", "credential bundle"))
    return [(certificate[key], f"PodCertificate {told}") for key, told in kinds if certificate.get(key)]


def collisions(paths: list[Path]) -> list[str]:
    def told(path: Path) -> str:
        return f'"{path[0]}" ({path[1]})' if path[1] else f'"{path[0]}"'

    lines: list[str] = []
    seen: list[Path] = []
    for file, by in paths:
        file = file.rstrip("/")
        for other in seen:
            a, b = f"{file}/", f"{other[0]}/"
            if file and other[0] and (a.startswith(b) or b.startswith(a)):
                lines.append(f"{told((file, by))} with {told(other)}")
        seen.append((file, by))
    return lines


def duplicates(spec: Object, at: str) -> list[str]:
    """Aliases of one address, and secrets named twice or not at all."""
    lines: list[str] = []
    for key, field in (("hostAliases", "ip"), ("imagePullSecrets", "name")):
        seen: set[str] = set()
        for i, item in enumerate(spec.get(key) or ()):
            value = item.get(field, "")
            if value in seen:
                lines.append(f'{at}spec.{key}[{i}].{field}: duplicate {field} "{value}"')
            seen.add(value)
    for i, item in enumerate(spec.get("imagePullSecrets") or ()):
        if not item.get("name"):
            lines.append(f'{at}spec.imagePullSecrets[{i}].name: invalid empty name ""')
    return lines


def container_warnings(container: Object, path: str, annotations: Object, at: str) -> list[str]:
    lines: list[str] = []
    key = SECCOMP_CONTAINER + container.get("name", "")
    if key in annotations and "seccompProfile" not in (container.get("securityContext") or {}):
        lines.append(f"{at}metadata.annotations[{key}]: {SECCOMP_OLD}")
    resources = container.get("resources") or {}
    for name in ("memory", "ephemeral-storage"):
        for side in ("limits", "requests"):
            lines += fractional(resources.get(side) or {}, name, f"{path}.resources.{side}")
    seen: set[str] = set()
    for i, variable in enumerate(container.get("env") or ()):
        name, value = variable.get("name", ""), variable.get("value", "")
        reference = f"$({name})"
        hides = "valueFrom" in variable or value == reference or reference not in value
        if name in seen and hides:
            told = f'hides previous definition of "{name}", which may be dropped when using apply'
            lines.append(f"{path}.env[{i}]: {told}")
        seen.add(name)
    return lines


def port_warnings(spec: Object, path: str) -> list[str]:
    """Ports that two containers have, and names of ports that two ports have."""
    lines: list[str] = []
    ports = [
        (f"{at}.ports[{i}]", port)
        for at, container in located_containers(spec, path)
        for i, port in enumerate(container.get("ports") or ())
    ]
    seen: dict[tuple[Any, Any], list[tuple[str, Object]]] = {}
    for at, port in ports:
        if port.get("hostIP") and not port.get("hostPort"):
            lines.append(f"{at}: hostIP set without hostPort: {go_port(port)}")
        same = seen.setdefault((port.get("containerPort"), port.get("protocol")), [])
        lines += [f"{at}: {told} port definition with {where}" for where, o in same if (told := conflict(port, o))]
        same.append((at, port))
    named: dict[str, str] = {}
    for at, port in ports:
        name = port.get("name", "")
        if name in named:
            first = named[name]
            told = f"services and probes that select ports by name will use {first}"
            lines.append(f'{at}: duplicate port name "{name}" with {first}, {told}')
        elif name:
            named[name] = at
    return lines


def conflict(port: Object, other: Object) -> str:
    """How two definitions of one port are in each other's way."""
    a, b = ((p.get("hostIP", ""), p.get("hostPort", 0)) for p in (port, other))
    if a == b:
        return "duplicate"
    if not a[1] or not b[1]:
        return "overlapping"
    if a[1] == b[1] and bool(a[0]) != bool(b[0]):
        return "dangerously ambiguous"
    return ""


def go_port(port: Object) -> str:
    """A container's port as Kubernetes prints it there."""
    return (
        f"{{Name:{port.get('name', '')} HostPort:{port.get('hostPort', 0)} "
        f"ContainerPort:{port.get('containerPort', 0)} Protocol:{port.get('protocol', '')} "
        f"HostIP:{port.get('hostIP', '')}}}"
    )


def missing_selectors(affinity: Object, path: str) -> list[str]:
    lines: list[str] = []
    for kind in ("podAffinity", "podAntiAffinity"):
        for i, term in enumerate((affinity.get(kind) or {}).get(REQUIRED) or ()):
            if "labelSelector" not in term:
                lines.append(f"{path}.{kind}.{REQUIRED}[{i}].labelSelector: {NO_SELECTOR}")
        for i, term in enumerate((affinity.get(kind) or {}).get(PREFERRED) or ()):
            if "labelSelector" not in (term.get("podAffinityTerm") or {}):
                lines.append(f"{path}.{kind}.{PREFERRED}[{i}].podAffinityTerm.labelSelector: {NO_SELECTOR}")
    return lines
