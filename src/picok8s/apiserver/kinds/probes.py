"""Probes, lifecycle hooks and the actions that both are made of."""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required
from picok8s.apiserver.kinds.checks import NOT_NEGATIVE, one_of, worded

Object = dict[str, Any]
Errors = list[FieldError]

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def port_number_or_name(port: int | str, path: str) -> Errors:
    if isinstance(port, str):
        return worded(names.port_name, port, path)
    return [invalid_value(path, port, word) for word in names.port_number(port)]


def exec_action(action: Object, path: str, grace: int | None) -> Errors:
    return [] if action.get("command") else [required(f"{path}.command")]


def http_get(action: Object, path: str, grace: int | None) -> Errors:
    errors = [] if action.get("path") else [required(f"{path}.path")]
    errors += port_number_or_name(action.get("port", 0), f"{path}.port")
    errors += one_of(action.get("scheme") or "", f"{path}.scheme", {"HTTP", "HTTPS"})
    for header in action.get("httpHeaders") or ():
        errors += worded(names.http_header, header.get("name", ""), f"{path}.httpHeaders")
    return errors


def tcp_socket(action: Object, path: str, grace: int | None) -> Errors:
    return port_number_or_name(action.get("port", 0), f"{path}.port")


def grpc(action: Object, path: str, grace: int | None) -> Errors:
    return [invalid_value(f"{path}.port", action.get("port", 0), w) for w in names.port_number(action.get("port", 0))]


def sleep(action: Object, path: str, grace: int | None) -> Errors:
    seconds = action.get("seconds", 0)
    if grace is None or 0 <= seconds <= grace:
        return []
    bounds = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
    return [invalid_value(path, seconds, bounds)]


ACTIONS = {"exec": exec_action, "httpGet": http_get, "tcpSocket": tcp_socket, "grpc": grpc, "sleep": sleep}
HOOK_ACTIONS = ("exec", "httpGet", "tcpSocket", "sleep")
PROBE_ACTIONS = ("exec", "httpGet", "tcpSocket", "grpc")


def handler(obj: Object, path: str, kinds: tuple[str, ...], grace: int | None) -> Errors:
    """Exactly one action of `kinds`; those after the first are refused without a look."""
    errors: Errors = []
    given = [kind for kind in kinds if kind in obj]
    for position, kind in enumerate(given):
        if position:
            errors.append(forbidden_field(f"{path}.{kind}", "may not specify more than 1 handler type"))
        else:
            errors += ACTIONS[kind](obj[kind], f"{path}.{kind}", grace)
    return errors if given else [required(path, "must specify a handler type")]


def validate_probe(kind: str, probe: Object, path: str, grace: int | None) -> Errors:
    """`kind` is one of PROBES."""
    errors = handler(probe, path, PROBE_ACTIONS, grace)
    for key in NUMBERS:
        if probe.get(key, 0) < 0:
            errors.append(invalid_value(f"{path}.{key}", probe[key], NOT_NEGATIVE))
    own_grace = probe.get("terminationGracePeriodSeconds")
    if own_grace is not None and own_grace <= 0:
        errors.append(invalid_value(f"{path}.terminationGracePeriodSeconds", own_grace, "must be greater than 0"))
    if kind == "readinessProbe":
        if own_grace is not None:
            detail = "must not be set for readinessProbes"
            errors.append(invalid_value(f"{path}.terminationGracePeriodSeconds", own_grace, detail))
    elif probe.get("successThreshold") != 1:
        errors.append(invalid_value(f"{path}.successThreshold", probe.get("successThreshold", 0), "must be 1"))
    return errors


def validate_probes(container: Object, path: str, grace: int | None) -> Errors:
    errors: Errors = []
    for kind in PROBES:
        if kind in container:
            errors += validate_probe(kind, container[kind], f"{path}.{kind}", grace)
    return errors


def validate_lifecycle(lifecycle: Object, path: str, grace: int | None) -> Errors:
    errors: Errors = []
    for hook in ("postStart", "preStop"):
        if hook in lifecycle:
            errors += handler(lifecycle[hook], f"{path}.{hook}", HOOK_ACTIONS, grace)
    return errors
