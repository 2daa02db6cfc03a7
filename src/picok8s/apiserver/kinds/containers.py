"""Containers of the three kinds: what each must and may not say."""

from dataclasses import dataclass, field
from typing import Any

from picok8s.api import names
from picok8s.api.errors import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    not_found_field,
    required,
    too_many,
    unsupported,
)
from picok8s.apiserver.kinds import probes, security, variables
from picok8s.apiserver.kinds.checks import one_of, worded
from picok8s.apiserver.kinds.mounts import validate_devices, validate_mounts
from picok8s.apiserver.kinds.requirements import validate_requirements
from picok8s.apiserver.kinds.volume_sources import pull_policy

Object = dict[str, Any]
Errors = list[FieldError]

PROTOCOLS = frozenset({"TCP", "UDP", "SCTP"})
RESTART_POLICIES = frozenset({"Always", "Never", "OnFailure"})
RESTART_ACTIONS = frozenset({"Restart", "RestartAllContainers"})
NOT_A_SIDECAR = "may not be set for init containers without restartPolicy=Always"
# What may be said of an ephemeral container: nothing that a pod would come to depend on.
EPHEMERAL_FIELDS = frozenset(
    {
        "name",
        "image",
        "command",
        "args",
        "workingDir",
        "env",
        "envFrom",
        "volumeMounts",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "imagePullPolicy",
        "securityContext",
        "stdin",
        "stdinOnce",
        "tty",
        "targetContainerName",
    }
)


@dataclass(frozen=True, slots=True)
class Around:
    """What a container is checked against: the pod's good volumes by name, its claims, and its own ways."""

    volumes: dict[str, Object] = field(default_factory=dict)
    claims: frozenset[str] = frozenset()
    grace: int | None = None
    restart_policy: str = "Always"
    host_users: bool = True


def validate_ports(ports: list[Object], path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, port in enumerate(ports):
        at = f"{path}[{i}]"
        name, number, host = port.get("name", ""), port.get("containerPort", 0), port.get("hostPort", 0)
        if name:
            told = worded(names.port_name, name, f"{at}.name")
            errors += told or ([duplicate(f"{at}.name", name)] if name in seen else [])
            if not told:
                seen.add(name)
        if not number:
            errors.append(required(f"{at}.containerPort"))
        else:
            errors += [invalid_value(f"{at}.containerPort", number, word) for word in names.port_number(number)]
        if host:
            errors += [invalid_value(f"{at}.hostPort", host, word) for word in names.port_number(host)]
        errors += one_of(port.get("protocol") or "", f"{at}.protocol", PROTOCOLS)
    return errors


def validate_host_ports(containers: list[Object], path: str) -> Errors:
    """No two containers may ask for the same port of the host."""
    errors: Errors = []
    seen: set[str] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort"):
                key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
                if key in seen:
                    errors.append(duplicate(f"{path}[{i}].ports[{j}].hostPort", key))
                seen.add(key)
    return errors


def validate_resize_policy(policies: list[Object], path: str, restart_policy: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        resource, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if resource in seen:
            errors.append(duplicate(f"{path}[{i}]", resource))
        seen.add(resource)
        errors += one_of(resource, path, {"cpu", "memory"})
        errors += one_of(restart, path, {"NotRequired", "RestartContainer"})
        if restart_policy == "Never" and restart != "NotRequired":
            detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            errors.append(invalid_value(path, restart, detail))
    return errors


def validate_restart(container: Object, path: str) -> Errors:
    """A container's own restart policy and its rules."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or []
    errors: Errors = []
    if policy is None and rules:
        detail = "must specify restartPolicy when restart rules are used"
        errors.append(required(f"{path}.restartPolicy", detail))
    if policy is not None and policy not in RESTART_POLICIES:
        errors.append(unsupported(f"{path}.restartPolicy", policy, RESTART_POLICIES))
    if len(rules) > 20:
        errors.append(too_many(f"{path}.restartPolicyRules", len(rules), 20))
    for i, rule in enumerate(rules):
        errors += validate_restart_rule(rule, f"{path}.restartPolicyRules[{i}]")
    return errors


def validate_restart_rule(rule: Object, path: str) -> Errors:
    errors: Errors = []
    if rule.get("action", "") not in RESTART_ACTIONS:
        errors.append(unsupported(f"{path}.action", rule.get("action", ""), RESTART_ACTIONS))
    codes = rule.get("exitCodes")
    if codes is None:
        return [*errors, required(f"{path}.exitCodes", "must be specified")]
    if codes.get("operator", "") not in ("In", "NotIn"):
        errors.append(unsupported(f"{path}.exitCodes.operator", codes.get("operator", ""), {"In", "NotIn"}))
    if len(codes.get("values") or ()) > 255:
        errors.append(too_many(f"{path}.exitCodes.values", len(codes["values"]), 255))
    return errors


def validate_common(container: Object, path: str, around: Around) -> Errors:
    """What holds for containers of every kind."""
    name = container.get("name", "")
    errors = worded(names.dns_label, name, f"{path}.name") if name else [required(f"{path}.name")]
    if not container.get("image"):
        errors.append(required(f"{path}.image"))
    termination = container.get("terminationMessagePolicy") or ""
    policies = ("File", "FallbackToLogsOnError")
    errors += one_of(termination, f"{path}.terminationMessagePolicy", policies, as_listed=True)
    errors += validate_ports(container.get("ports") or [], f"{path}.ports")
    errors += variables.validate_variables(container.get("env") or [], f"{path}.env")
    errors += variables.validate_bulk_sources(container.get("envFrom") or [], f"{path}.envFrom")
    errors += validate_mounts(container, around.volumes, f"{path}.volumeMounts")
    errors += validate_devices(container, around.volumes, f"{path}.volumeDevices")
    errors += pull_policy(container.get("imagePullPolicy") or "", f"{path}.imagePullPolicy")
    errors += validate_requirements(container.get("resources") or {}, f"{path}.resources", set(around.claims))
    resize = container.get("resizePolicy") or []
    errors += validate_resize_policy(resize, f"{path}.resizePolicy", around.restart_policy)
    context = container.get("securityContext")
    return errors + security.container_context(context, f"{path}.securityContext", around.host_users)


def validate_containers(containers: list[Object], path: str, around: Around) -> Errors:
    """The main containers, of which there must be one."""
    if not containers:
        return [required(path)]
    errors: Errors = []
    seen: set[str] = set()
    for i, container in enumerate(containers):
        at, name = f"{path}[{i}]", container.get("name", "")
        errors += validate_common(container, at, around)
        if name in seen:
            errors.append(duplicate(f"{at}.name", name))
        seen.add(name)
        errors += probes.validate_lifecycle(container.get("lifecycle") or {}, f"{at}.lifecycle", around.grace)
        errors += probes.validate_probes(container, at, around.grace)
        errors += validate_restart(container, at)
    return errors + validate_host_ports(containers, path)


def validate_init_containers(containers: list[Object], main: list[Object], path: str, around: Around) -> Errors:
    """Those that run before; with restartPolicy Always they go on beside the main ones (sidecars)."""
    errors: Errors = []
    seen = {container.get("name", "") for container in main}
    for i, container in enumerate(containers):
        at, name = f"{path}[{i}]", container.get("name", "")
        errors += validate_common(container, at, around)
        errors += validate_restart(container, at)
        if name in seen:
            errors.append(duplicate(f"{at}.name", name))
        elif name:
            seen.add(name)
        errors += validate_host_ports([container], path)
        if container.get("restartPolicy") == "Always":
            errors += probes.validate_lifecycle(container.get("lifecycle") or {}, f"{at}.lifecycle", around.grace)
            errors += probes.validate_probes(container, at, around.grace)
            continue
        for key in ("lifecycle", *probes.PROBES):
            if key in container:
                errors.append(forbidden_field(f"{at}.{key}", NOT_A_SIDECAR))
        for j, policy in enumerate(container.get("resizePolicy") or ()):
            if policy.get("restartPolicy") == "RestartContainer":
                detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
                where = f"{path}[{i}].resizePolicy[{j}].restartPolicy"
                errors.append(invalid_value(where, "RestartContainer", detail))
    return errors


def validate_ephemeral_containers(containers: list[Object], others: list[Object], path: str, around: Around) -> Errors:
    """`others` are the pod's init and main containers."""
    errors: Errors = []
    known = {container.get("name", "") for container in others}
    seen = set(known)
    for i, container in enumerate(containers):
        at, name, target = f"{path}[{i}]", container.get("name", ""), container.get("targetContainerName", "")
        errors += validate_common(container, at, around)
        if name in seen:
            errors.append(duplicate(f"{at}.name", name))
        seen.add(name)
        if target and target not in known:
            errors.append(not_found_field(f"{at}.targetContainerName", target))
        for key in container:
            if key not in EPHEMERAL_FIELDS and (key == "lifecycle" or container[key]):
                errors.append(forbidden_field(f"{at}.{key}", "cannot be set for an Ephemeral Container"))
        for j, mount in enumerate(container.get("volumeMounts") or ()):
            for key in ("subPath", "subPathExpr"):
                if mount.get(key):
                    where = f"{at}.volumeMounts[{j}].{key}"
                    errors.append(forbidden_field(where, "cannot be set for an Ephemeral Container"))
    return errors
