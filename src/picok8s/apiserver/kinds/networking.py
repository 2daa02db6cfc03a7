"""networking.k8s.io: Ingress and IngressClass. The kinds that speak of addresses are in networking_addresses.py."""

from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required, too_long
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import addresses, checks

Object = dict[str, Any]
Errors = list[FieldError]

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
CLASS_WARNING = f"annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"
CLASS_CONFLICT = "must match `ingressClassName` when both are specified"
CONTROLLER_MAX = 250
PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
BAD_ENDINGS = ("/..", "/.")
NOT_AN_IP = "must be a DNS name, not an IP address"


# Ingress.


def validate_ingress(new: Object, old: Object | None) -> Errors:
    spec = new.get("spec") or {}
    errors: Errors = []
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    if not rules and backend is None:
        errors.append(invalid_value("spec", None, "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        errors += _backend(backend, "spec.defaultBackend")
    lenient = old is not None and _had_bad_wildcard(old)
    for index, rule in enumerate(rules):
        errors += _rule(rule, f"spec.rules[{index}]", lenient)
    secrets_checked = old is None or not _had_bad_secret(old)
    for index, tls in enumerate(spec.get("tls") or []):
        errors += _tls(tls, f"spec.tls[{index}]", secrets_checked)
    if "ingressClassName" in spec:
        errors += checks.subdomain(spec["ingressClassName"], "spec.ingressClassName")
    noted = (new["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    if old is None and noted is not None and spec.get("ingressClassName", noted) != noted:
        errors.append(invalid_value(f"annotations.{CLASS_ANNOTATION}", noted, CLASS_CONFLICT))
    return errors


def _host(host: str, path: str) -> Errors:
    check = names.wildcard_subdomain if "*" in host else names.dns_subdomain
    return checks.worded(check, host, path)


def _rule(rule: Object, path: str, lenient: bool) -> Errors:
    host = rule.get("host", "")
    errors: Errors = []
    if host:
        if addresses.parsed(host) is not None:
            errors.append(invalid_value(f"{path}.host", host, NOT_AN_IP))
        errors += _host(host, f"{path}.host")
    if "*" in host and lenient:
        return errors
    return errors + _rule_value(rule, path)


def _rule_value(rule: Object, path: str) -> Errors:
    http = rule.get("http")
    if http is None:
        return []
    paths = http.get("paths") or []
    errors = [] if paths else [required(f"{path}.http.paths")]
    for index, item in enumerate(paths):
        errors += _path(item, f"{path}.http.paths[{index}]")
    return errors


def _path(item: Object, path: str) -> Errors:
    kind, text = item.get("pathType"), item.get("path", "")
    if kind is None:
        return [required(f"{path}.pathType", "pathType must be specified")]
    errors: Errors = []
    if kind not in PATH_TYPES:
        errors.append(checks.unsupported(f"{path}.pathType", kind, PATH_TYPES))
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        errors.append(invalid_value(f"{path}.path", text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        for part in BAD_SEQUENCES:
            if part in text:
                errors.append(invalid_value(f"{path}.path", text, f"must not contain '{part}'"))
        for part in BAD_ENDINGS:
            if text.endswith(part):
                errors.append(invalid_value(f"{path}.path", text, f"cannot end with '{part}'"))
    return errors + _backend(item.get("backend") or {}, f"{path}.backend")


def _backend(backend: Object, path: str) -> Errors:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return [invalid_value(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return reference(resource, f"{path}.resource")
    if service is None:
        return [invalid_value(path, "", "resource or service backend is required")]
    errors = checks.needed(service.get("name"), f"{path}.service.name", checks.label)
    port = service.get("port") or {}
    name, number = port.get("name", ""), port.get("number", 0)
    if name and number:
        errors.append(invalid_value(path, "", "cannot set both port name & port number"))
    elif name:
        errors += checks.worded(names.port_name, name, f"{path}.service.port.name")
    elif number:
        errors += [invalid_value(f"{path}.service.port.number", number, text) for text in names.port_number(number)]
    else:
        errors.append(required(path, "port name or number is required"))
    return errors


def reference(target: Object, path: str) -> Errors:
    """An object of any group by its kind and name."""
    group = target.get("apiGroup")
    errors = checks.subdomain(group, f"{path}.apiGroup") if group is not None else []
    for key in ("kind", "name"):
        errors += checks.needed(target.get(key), f"{path}.{key}", checks.path_segment)
    return errors


def _tls(tls: Object, path: str, secret_checked: bool) -> Errors:
    errors: Errors = []
    for index, host in enumerate(tls.get("hosts") or []):
        errors += _host(host, f"{path}.hosts[{index}]")
    if secret_checked and tls.get("secretName"):
        errors += checks.subdomain(tls["secretName"], f"{path}.secretName")
    return errors


def _had_bad_secret(old: Object) -> bool:
    secrets = [tls.get("secretName", "") for tls in (old.get("spec") or {}).get("tls") or []]
    return any(secret and names.dns_subdomain(secret) for secret in secrets)


def _had_bad_wildcard(old: Object) -> bool:
    rules = (old.get("spec") or {}).get("rules") or []
    return any("*" in rule.get("host", "") and _rule_value(rule, "") for rule in rules)


def ingress_warnings(new: Object, old: Object | None) -> list[str]:
    noted = CLASS_ANNOTATION in (new["metadata"].get("annotations") or {})
    named = "ingressClassName" in (new.get("spec") or {})
    return [CLASS_WARNING] if old is None and noted and not named else []


def validate_ingress_status(new: Object, old: Object) -> Errors:
    """Addresses may be spelled freely here: controllers have always written what they liked."""
    errors: Errors = []
    before = _points(old)
    known = {point.get("ip") for point in before}
    for index, point in enumerate(_points(new)):
        path = f"status.loadBalancer.ingress[{index}]"
        ip, host = point.get("ip", ""), point.get("hostname", "")
        if ip and ip not in known and addresses.parsed(ip) is None:
            errors.append(invalid_value(f"{path}.ip", ip, addresses.NOT_AN_ADDRESS))
        if host:
            errors += checks.subdomain(host, f"{path}.hostname")
            if addresses.parsed(host) is not None:
                errors.append(invalid_value(f"{path}.hostname", host, NOT_AN_IP))
    return errors


def _points(ingress: Object) -> list[Object]:
    return ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []


# IngressClass.


def default_class(obj: Object) -> None:
    parameters = (obj.get("spec") or {}).get("parameters")
    if parameters is not None and parameters.get("scope") is None:
        parameters["scope"] = "Cluster"


def validate_class(new: Object, old: Object | None) -> Errors:
    spec = new.get("spec") or {}
    controller = spec.get("controller", "")
    errors = checks.immutable(spec, old.get("spec") or {}, "spec", "controller") if old else []
    if len(controller.encode()) > CONTROLLER_MAX:
        errors.append(too_long("spec.controller", CONTROLLER_MAX))
    errors += checks.domain_path(controller, "spec.controller")
    parameters = spec.get("parameters")
    return errors if parameters is None else errors + _parameters(parameters, "spec.parameters")


def _parameters(parameters: Object, path: str) -> Errors:
    errors = checks.subdomain(parameters["apiGroup"], f"{path}.apiGroup") if "apiGroup" in parameters else []
    missing = [required(f"{path}.{key}") for key in ("kind", "name") if not parameters.get(key)]
    for key in ("kind", "name"):
        if parameters.get(key):
            errors += checks.path_segment(parameters[key], f"{path}.{key}")
    scope, namespace = parameters["scope"], parameters.get("namespace")
    if scope not in ("Cluster", "Namespace"):
        errors.append(checks.unsupported(f"{path}.scope", scope, ("Cluster", "Namespace")))
    elif scope == "Namespace" and namespace is None:
        errors.append(required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
    elif scope == "Namespace":
        errors += checks.label(namespace, f"{path}.namespace")
    elif namespace is not None:
        errors.append(forbidden_field(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))
    return errors + missing


BEHAVIOURS = {
    "ingresses.networking.k8s.io": Behaviour(
        prepare=checks.preparing({"loadBalancer": {}}, "spec"),
        validate=validate_ingress,
        warnings=ingress_warnings,
        prepare_status=checks.status_only(),
        validate_status=validate_ingress_status,
    ),
    "ingressclasses.networking.k8s.io": Behaviour(
        default=default_class,
        prepare=checks.preparing(None, "spec"),
        validate=validate_class,
    ),
}
