"""A pod's spec as a whole, for pods and for the templates that pods are made from."""

from dataclasses import dataclass
from typing import Any

from picok8s.api import names, selectors
from picok8s.api.errors import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    not_found_field,
    required,
    too_long,
    unsupported,
)
from picok8s.apiserver.kinds import addresses, affinity, security, shapes, volumes
from picok8s.apiserver.kinds.checks import NOT_NEGATIVE, one_of, worded
from picok8s.apiserver.kinds.claims_spec import annotation_errors
from picok8s.apiserver.kinds.containers import (
    Around,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from picok8s.apiserver.kinds.pod_resources import validate_pod_level
from picok8s.apiserver.kinds.pods_annotations import validate_annotations, validate_profiles
from picok8s.apiserver.kinds.requirements import validate_requirements

Object = dict[str, Any]
Errors = list[FieldError]

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
NAMESERVERS_MAX, SEARCHES_MAX, SEARCH_LETTERS_MAX, HOSTNAME_MAX = 3, 32, 2048, 64
MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose spec it is: a pod's, with its metadata, or a template's, which is left more freedom."""

    metadata: Object | None = None

    @property
    def is_pod(self) -> bool:
        return self.metadata is not None

    @property
    def pod_name(self) -> str:
        return str((self.metadata or {}).get("name", ""))


def validate_spec(spec: Object, path: str, whose: Whose) -> Errors:
    """All errors of a pod's spec, in Kubernetes' order."""
    grace = spec.get("terminationGracePeriodSeconds")
    errors = [required(f"{path}.terminationGracePeriodSeconds")] if grace is None else []
    good, found = volumes.validate_volumes(spec.get("volumes") or [], f"{path}.volumes", whose.pod_name)
    errors += found
    if whose.is_pod:
        errors += volumes.validate_image_references(spec.get("volumes") or [], f"{path}.volumes")
    errors += resource_claims(spec.get("resourceClaims") or [], f"{path}.resourceClaims", whose)
    claims = frozenset(claim["name"] for claim in spec.get("resourceClaims") or () if claim.get("name"))
    around = Around(
        volumes=good,
        claims=claims,
        grace=grace if grace is not None and grace >= 0 else None,
        restart_policy=spec.get("restartPolicy", ""),
        host_users=spec.get("hostUsers") is not False,
    )
    main, init = spec.get("containers") or [], spec.get("initContainers") or []
    errors += validate_containers(main, f"{path}.containers", around)
    errors += validate_init_containers(init, main, f"{path}.initContainers", around)
    ephemeral = spec.get("ephemeralContainers") or []
    errors += validate_ephemeral_containers(ephemeral, [*main, *init], f"{path}.ephemeralContainers", around)
    errors += validate_pod_level(spec, f"{path}.resources", set(claims))
    errors += running(spec, path, whose)
    errors += scheduling(spec, path)
    errors += host_sharing(spec, path)
    errors += host_name(spec, path)
    errors += identity(spec, path)
    errors += operating_system(spec, path)
    return errors + file_volumes(spec, path)


def running(spec: Object, path: str, whose: Whose) -> Errors:
    """How it runs: host network, restarts, DNS, security."""
    errors = host_network(spec, path, whose.is_pod)
    errors += one_of(spec.get("restartPolicy") or "", f"{path}.restartPolicy", RESTART_POLICIES, as_listed=True)
    errors += one_of(spec.get("dnsPolicy") or "", f"{path}.dnsPolicy", DNS_POLICIES, as_listed=True)
    errors += selectors.validate_labels(spec.get("nodeSelector"), f"{path}.nodeSelector")
    context = spec.get("securityContext")
    if context is not None:
        errors += security.pod_context(context, spec, f"{path}.securityContext")
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(invalid_value(f"{path}.shareProcessNamespace", True, detail))
    return errors


def scheduling(spec: Object, path: str) -> Errors:
    """Affinity and, between it and the gates as Kubernetes has it, DNS."""
    errors = affinity.validate_affinity(spec.get("affinity") or {}, f"{path}.affinity")
    errors += dns_config(spec.get("dnsConfig"), spec.get("dnsPolicy", ""), f"{path}.dnsConfig")
    for i, gate in enumerate(spec.get("readinessGates") or ()):
        errors += worded(
            names.qualified_name, gate.get("conditionType", ""), f"{path}.readinessGates[{i}].conditionType"
        )
    seen: set[str] = set()
    for i, gate in enumerate(spec.get("schedulingGates") or ()):
        name = gate.get("name", "")
        errors += worded(names.qualified_name, name, f"{path}.schedulingGates[{i}]")
        if name in seen:
            errors.append(duplicate(f"{path}.schedulingGates[{i}]", name))
        seen.add(name)
    constraints = spec.get("topologySpreadConstraints") or []
    return errors + affinity.validate_spreading(constraints, f"{path}.topologySpreadConstraints")


def host_network(spec: Object, path: str, is_pod: bool) -> Errors:
    """In the host's network a container's port is the host's; a template may leave that unsaid."""
    if not spec.get("hostNetwork"):
        return []
    detail = "must match `containerPort` when `hostNetwork` is true"
    return [
        invalid_value(f"{path}.containers[{i}].ports[{j}].hostPort", port.get("hostPort", 0), detail)
        for i, container in enumerate(spec.get("containers") or ())
        for j, port in enumerate(container.get("ports") or ())
        if (is_pod or port.get("hostPort")) and port.get("hostPort", 0) != port.get("containerPort", 0)
    ]


def dns_config(config: Object | None, policy: str, path: str) -> Errors:
    servers = (config or {}).get("nameservers") or []
    if policy == "None" and config is None:
        return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
    if policy == "None" and not servers:
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        return [required(f"{path}.nameservers", detail)]
    if config is None:
        return []
    errors: Errors = []
    if len(servers) > NAMESERVERS_MAX:
        detail = f"must not have more than {NAMESERVERS_MAX} nameservers"
        errors.append(invalid_value(f"{path}.nameservers", servers, detail))
    for i, server in enumerate(servers):
        errors += addresses.ip(server, f"{path}.nameservers[{i}]")
    searches = config.get("searches") or []
    if len(searches) > SEARCHES_MAX:
        detail = f"must not have more than {SEARCHES_MAX} search paths"
        errors.append(invalid_value(f"{path}.searches", searches, detail))
    if len(" ".join(searches)) > SEARCH_LETTERS_MAX:
        detail = f"must not have more than {SEARCH_LETTERS_MAX} characters (including spaces) in the search list"
        errors.append(invalid_value(f"{path}.searches", searches, detail))
    for i, search in enumerate(searches):
        if search != ".":
            plain = search.removesuffix(".")
            told = names.dns_subdomain_with_underscore(plain)
            errors += [invalid_value(f"{path}.searches[{i}]", plain, word) for word in told]
    for i, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(required(f"{path}.options[{i}]", "must not be empty"))
    return errors


def host_sharing(spec: Object, path: str) -> Errors:
    """What a pod with users of its own may not share with its host."""
    errors = security.host_process(spec, path)
    if spec.get("hostUsers") is not False:
        return errors
    told = "when `hostUsers` is false"
    for key, name in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(key):
            errors.append(forbidden_field(f"{path}.{name}", told))
    for at, container in security.located_containers(spec, path):
        if container.get("volumeDevices"):
            errors.append(forbidden_field(f"{at}.volumeDevices", told))
    return errors


def host_name(spec: Object, path: str) -> Errors:
    name = spec.get("hostnameOverride")
    if name is None:
        return []
    at = f"{path}.hostnameOverride"
    errors: Errors = []
    if spec.get("setHostnameAsFQDN"):
        errors.append(forbidden_field(at, "may not be specified when setHostnameAsFQDN is true"))
    if spec.get("hostNetwork"):
        errors.append(forbidden_field(at, "may not be specified when hostNetwork is true"))
    if len(name) > HOSTNAME_MAX:
        errors.append(too_long(at, HOSTNAME_MAX))
    return errors + worded(names.dns_subdomain, name, at)


def identity(spec: Object, path: str) -> Errors:
    """Who it is and where: account, node, names, tolerations, aliases, classes."""
    errors: Errors = []
    for key in ("serviceAccountName", "nodeName"):
        if spec.get(key):
            errors += worded(names.dns_subdomain, spec[key], f"{path}.{key}")
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= 2147483647:
        errors.append(invalid_value(f"{path}.activeDeadlineSeconds", deadline, names.between(1, 2147483647)))
    for key in ("hostname", "subdomain"):
        if spec.get(key):
            errors += worded(names.dns_label, spec[key], f"{path}.{key}")
    errors += affinity.validate_tolerations(spec.get("tolerations") or [], f"{path}.tolerations")
    for i, alias in enumerate(spec.get("hostAliases") or ()):
        errors += addresses.ip(alias.get("ip", ""), f"{path}.hostAliases[{i}].ip")
        for j, name in enumerate(alias.get("hostnames") or ()):
            errors += worded(names.dns_subdomain, name, f"{path}.hostAliases[{i}].hostnames[{j}]")
    if spec.get("priorityClassName"):
        errors += worded(names.dns_subdomain, spec["priorityClassName"], f"{path}.priorityClassName")
    if spec.get("runtimeClassName") is not None:
        errors += worded(names.dns_subdomain, spec["runtimeClassName"], f"{path}.runtimeClassName")
    if spec.get("preemptionPolicy") is not None:
        policies = ("PreemptLowerPriority", "Never")
        errors += one_of(spec["preemptionPolicy"], f"{path}.preemptionPolicy", policies, as_listed=True)
    if spec.get("overhead"):
        errors += validate_requirements({"limits": spec["overhead"]}, f"{path}.overhead", set())
    return errors


def operating_system(spec: Object, path: str) -> Errors:
    system = spec.get("os")
    if system is None:
        return []
    name = system.get("name", "")
    if not name:
        return [required(f"{path}.os.name")]
    if name not in ("linux", "windows"):
        return [unsupported(f"{path}.os", name, {"linux", "windows"})]
    return security.for_linux(spec, path) if name == "linux" else security.for_windows(spec, path)


def file_volumes(spec: Object, path: str) -> Errors:
    """Variables that are read from files need an empty directory to find them in."""
    by_name = {volume.get("name", ""): volume for volume in spec.get("volumes") or ()}
    errors: Errors = []
    for at, container in security.located_containers(spec, path):
        for i, variable in enumerate(container.get("env") or ()):
            ref = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if ref is None:
                continue
            where, name = f"{at}.env[{i}].valueFrom.fileKeyRef.volumeName", ref.get("volumeName", "")
            if name not in by_name:
                errors.append(not_found_field(where, name))
            elif "emptyDir" not in by_name[name]:
                errors.append(invalid_value(where, name, "referenced volume must be of type emptyDir"))
    return errors


def resource_claims(claims: list[Object], path: str, whose: Whose) -> Errors:
    if MIRROR in ((whose.metadata or {}).get("annotations") or {}):
        return [forbidden_field("", "static pods do not support resource claims") for _ in claims]
    errors: Errors = []
    seen: set[str] = set()
    for i, claim in enumerate(claims):
        at, name = f"{path}[{i}]", claim.get("name", "")
        if not name:
            errors.append(required(f"{at}.name"))
        elif name in seen:
            errors.append(duplicate(f"{at}.name", name))
        else:
            errors += worded(names.dns_label, name, f"{at}.name")
            seen.add(name)
        given = [key for key in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(key) is not None]
        if len(given) == 2:
            detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            errors.append(invalid_value(at, shapes.shown("PodResourceClaim", claim), detail))
        if not given:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            errors.append(invalid_value(at, shapes.shown("PodResourceClaim", claim), detail))
        for key in given:
            errors += worded(names.dns_subdomain, claim[key], f"{at}.{key}")
    return errors


def validate_template(template: Object, path: str) -> Errors:
    """Errors of a (defaulted) pod template at `path`."""
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    errors = selectors.validate_labels(metadata.get("labels"), f"{path}.labels")
    errors += annotation_errors(metadata.get("annotations") or {}, f"{path}.annotations")
    errors += validate_annotations(metadata.get("annotations") or {}, spec, f"{path}.annotations")
    errors += validate_spec(spec, f"{path}.spec", Whose())
    errors += validate_profiles(metadata.get("annotations") or {}, spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        errors.append(forbidden_field(f"{path}.spec.ephemeralContainers", detail))
    return errors


def validate_pod(pod: Object) -> Errors:
    """What holds of a pod at any time."""
    spec, metadata = pod.get("spec") or {}, pod["metadata"]
    errors = validate_annotations(metadata.get("annotations") or {}, spec, "metadata.annotations")
    errors += validate_spec(spec, "spec", Whose(metadata))
    if not spec.get("serviceAccountName"):
        errors += tokens_without_account(spec)
    grace = spec.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        errors.append(invalid_value("spec.terminationGracePeriodSeconds", grace, NOT_NEGATIVE))
    for kind in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(kind) or ()):
            image = container.get("image", "")
            if image != image.strip():
                detail = "must not have leading or trailing whitespace"
                errors.append(invalid_value(f"spec.{kind}[{i}].image", image, detail))
    return errors


def tokens_without_account(spec: Object) -> Errors:
    return [
        forbidden_field(
            f"spec.volumes[{i}].projected.sources[{j}].serviceAccountToken",
            "must not be specified when serviceAccountName is not set",
        )
        for i, volume in enumerate(spec.get("volumes") or ())
        for j, source in enumerate((volume.get("projected") or {}).get("sources") or ())
        if "serviceAccountToken" in source
    ]


def validate_new_pod(pod: Object) -> Errors:
    """What holds of a pod at its birth."""
    spec = pod.get("spec") or {}
    errors = validate_pod(pod)
    if spec.get("ephemeralContainers"):
        errors.append(forbidden_field("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        detail = "cannot be set until all schedulingGates have been cleared"
        errors.append(forbidden_field("spec.nodeName", detail))
    return errors + validate_profiles(pod["metadata"].get("annotations") or {}, spec, "spec")
