"""Services, but for which address and node ports they get: that needs to know all others (`apiserver/allocate.py`)."""

from typing import Any

from picok8s.api import names, selectors
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required, unsupported
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import addresses, services_addresses, services_ports
from picok8s.apiserver.kinds.checks import keep, one_of, worded
from picok8s.apiserver.kinds.services_addresses import is_headless, needs_address

Object = dict[str, Any]
Errors = list[FieldError]

TYPES = frozenset({"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"})
POLICIES = frozenset({"Cluster", "Local"})
DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
AFFINITY_SECONDS, AFFINITY_SECONDS_MAX = 10800, 86400
HINTS, MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"
RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
FOR_BALANCERS = "may only be used when `type` is 'LoadBalancer'"


def is_external(spec: Object) -> bool:
    """Whether it can be reached from outside of the cluster."""
    kind = spec.get("type")
    return kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def needs_health_port(spec: Object) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


# Defaults.


def default(service: Object) -> None:
    spec = service.setdefault("spec", {})
    affinity = spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP":
        seconds = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds")
        spec["sessionAffinityConfig"] = {
            "clientIP": {"timeoutSeconds": AFFINITY_SECONDS if seconds is None else seconds}
        }
    kind = spec["type"] = spec.get("type") or "ClusterIP"
    for port in spec.get("ports") or ():
        port["protocol"] = port.get("protocol") or "TCP"
        port["targetPort"] = port.get("targetPort") or port.get("port", 0)
    if is_external(spec):
        spec["externalTrafficPolicy"] = spec.get("externalTrafficPolicy") or "Cluster"
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


# Preparing.


def prepare(new: Object, old: Object | None) -> None:
    spec = new["spec"]
    if old is None:
        new["status"] = {"loadBalancer": {}}
    else:
        keep(new, old, "status")
        services_addresses.follow(spec, old["spec"])
        services_ports.follow(spec, old["spec"], needs_health_port)
        drop(spec, old["spec"])
        if spec["type"] != "LoadBalancer" and "status" in new:
            new["status"] = {**new["status"], "loadBalancer": {}}
    if spec.get("type") == "ExternalName":
        spec.pop("internalTrafficPolicy", None)
    services_addresses.complete(spec, old["spec"] if old else None)


def drop(spec: Object, old: Object) -> None:
    """Fields that the new type has no use for, unless the client speaks of them: those that are as they were."""
    if needs_address(old) and not needs_address(spec):
        forget(spec, old, "ipFamilies", "ipFamilyPolicy")
        if spec.get("clusterIPs") == old.get("clusterIPs") and spec.get("clusterIP") == old.get("clusterIP"):
            forget(spec, old, "clusterIP", "clusterIPs")
    if old["type"] == "LoadBalancer" and spec["type"] != "LoadBalancer":
        forget(spec, old, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if needs_health_port(old) and not needs_health_port(spec):
        forget(spec, old, "healthCheckNodePort")
    if is_external(old) and not is_external(spec):
        forget(spec, old, "externalTrafficPolicy")


def forget(spec: Object, old: Object, *keys: str) -> None:
    for key in keys:
        if key in spec and spec[key] == old.get(key):
            del spec[key]


# Validating.


def validate(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    before = old["spec"] if old else None
    # What is wrong with the addresses is told alone: they are settled before the rest is looked at.
    errors = services_addresses.validate(spec, before)
    if errors and spec["type"] in TYPES - {"ExternalName"}:
        return errors
    errors = kind_errors(new, spec)
    errors += services_ports.validate(spec)
    errors += selectors.validate_labels(spec.get("selector"), "spec.selector")
    errors += affinity_errors(spec)
    for i, ip in enumerate(spec.get("externalIPs") or ()):
        errors += addresses.ip(ip, f"spec.externalIPs[{i}]") or addresses.endpoint(ip, f"spec.externalIPs[{i}]")
    errors += one_of(spec["type"], "spec.type", TYPES)
    errors += services_ports.validate_together(spec)
    errors += source_ranges(new, spec)
    errors += balancer_errors(spec, before)
    errors += policy_errors(spec)
    return errors + update_errors(spec, before)


def kind_errors(service: Object, spec: Object) -> Errors:
    errors: Errors = []
    annotations = service["metadata"].get("annotations") or {}
    hints, mode = annotations.get(HINTS), annotations.get(MODE)
    if hints is not None and mode is not None and hints != mode:
        detail = f"must match annotations[{HINTS}] when both are specified"
        errors.append(invalid_value(f"metadata.annotations[{MODE}]", mode, detail))
    kind = spec["type"]
    if not spec.get("ports") and not is_headless(spec) and kind != "ExternalName":
        errors.append(required("spec.ports"))
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        detail = f"may not be set to 'None' for {kind} services"
        errors.append(invalid_value("spec.clusterIPs[0]", spec["clusterIPs"][0], detail))
    if kind == "ExternalName":
        for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(key):
                errors.append(forbidden_field(f"spec.{key}", "may not be set for ExternalName services"))
        name = spec.get("externalName", "").removesuffix(".")
        at = "spec.externalName"
        errors += worded(names.dns_subdomain, name, at) if name else [required(at)]
    return errors


def affinity_errors(spec: Object) -> Errors:
    errors = one_of(spec["sessionAffinity"], "spec.sessionAffinity", {"ClientIP", "None"})
    if spec["sessionAffinity"] == "ClientIP":
        seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        if not 0 < seconds <= AFFINITY_SECONDS_MAX:
            at = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
            detail = f"must be greater than 0 and less than {AFFINITY_SECONDS_MAX}"
            errors.append(invalid_value(at, seconds, detail))
    return errors


def source_ranges(service: Object, spec: Object) -> Errors:
    """Who may come through a load balancer: a field, or an old annotation."""
    ranges = spec.get("loadBalancerSourceRanges")
    annotation = (service["metadata"].get("annotations") or {}).get(RANGES)
    errors: Errors = []
    if ranges:
        path = "spec.LoadBalancerSourceRanges"
        if spec["type"] != "LoadBalancer":
            errors.append(forbidden_field(path, FOR_BALANCERS))
        for i, text in enumerate(ranges):
            errors += addresses.cidr(text.strip(), f"{path}[{i}]")
    elif annotation is not None:
        path = f"metadata.annotations[{RANGES}]"
        if spec["type"] != "LoadBalancer":
            errors.append(forbidden_field(path, FOR_BALANCERS))
        for text in annotation.strip().split(",") if annotation.strip() else ():
            errors += addresses.cidr(text.strip(), path)
    return errors


def balancer_errors(spec: Object, old: Object | None) -> Errors:
    balanced = spec["type"] == "LoadBalancer"
    errors: Errors = []
    if "allocateLoadBalancerNodePorts" in spec and not balanced:
        errors.append(forbidden_field("spec.allocateLoadBalancerNodePorts", FOR_BALANCERS))
    path, name = "spec.loadBalancerClass", spec.get("loadBalancerClass")
    if name is not None and not balanced:
        errors.append(forbidden_field(path, FOR_BALANCERS))
    elif name is not None:
        errors += worded(names.qualified_name, name, path)
    if old and old["type"] == "LoadBalancer" and balanced and old.get("loadBalancerClass") != name:
        errors.append(invalid_value(path, name, "may not change once set"))
    return errors


def policy_errors(spec: Object) -> Errors:
    errors: Errors = []
    path, external = "spec.externalTrafficPolicy", spec.get("externalTrafficPolicy", "")
    if not is_external(spec):
        if external:
            detail = "may only be set for externally-accessible services"
            errors.append(invalid_value(path, external, detail))
    else:
        errors += one_of(external, path, POLICIES)
    health = spec.get("healthCheckNodePort", 0)
    if health and not needs_health_port(spec):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(invalid_value("spec.healthCheckNodePort", health, detail))
    elif health:
        errors += [invalid_value("spec.healthCheckNodePort", health, word) for word in names.port_number(health)]
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in POLICIES:
        errors.append(unsupported("spec.internalTrafficPolicy", internal, POLICIES))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in DISTRIBUTIONS:
        errors.append(unsupported("spec.trafficDistribution", distribution, DISTRIBUTIONS))
    return errors


def update_errors(spec: Object, old: Object | None) -> Errors:
    if old is None or not needs_health_port(old) or not needs_health_port(spec):
        return []
    if spec.get("healthCheckNodePort") == old.get("healthCheckNodePort"):
        return []
    return [forbidden_field("spec.healthCheckNodePort", "field is immutable")]


def validate_status(new: Object, old: Object) -> Errors:
    return balancer_status((new.get("status") or {}).get("loadBalancer") or {}, new["spec"])


def balancer_status(status: Object, spec: Object) -> Errors:
    path, ingresses = "status.loadBalancer.ingress", status.get("ingress") or []
    errors: Errors = []
    if ingresses and spec["type"] != "LoadBalancer":
        return [forbidden_field(path, "may only be used when `spec.type` is 'LoadBalancer'")]
    for i, ingress in enumerate(ingresses):
        at, ip, mode = f"{path}[{i}]", ingress.get("ip", ""), ingress.get("ipMode")
        if ip:
            errors += addresses.ip(ip, f"{at}.ip")
        if mode is None and ip:
            errors.append(required(f"{at}.ipMode", "must be specified when `ip` is set"))
        elif mode is not None and not ip:
            errors.append(forbidden_field(f"{at}.ipMode", "may not be specified when `ip` is not set"))
        elif mode is not None and mode not in ("VIP", "Proxy"):
            errors.append(unsupported(f"{at}.ipMode", mode, {"VIP", "Proxy"}))
        if host := ingress.get("hostname", ""):
            errors += worded(names.dns_subdomain, host, f"{at}.hostname")
            if addresses.parsed(host) is not None:
                errors.append(invalid_value(f"{at}.hostname", host, "must be a DNS name, not an IP address"))
    return errors


def prepare_status(new: Object, old: Object) -> None:
    keep(new, old, "spec")
    keep(new["metadata"], old["metadata"], "labels")


# Warning.


def warnings(new: Object, old: Object | None) -> list[str]:
    spec = new["spec"]
    lines: list[str] = []
    if HINTS in (new["metadata"].get("annotations") or {}):
        lines.append(f"annotation {HINTS} is deprecated, please use {MODE} instead")
    for i, ip in enumerate(spec.get("clusterIPs") or ()):
        lines += addresses.ip_warnings(ip, f"spec.clusterIPs[{i}]")
    headless, external = is_headless(spec), spec.get("externalIPs") or []
    if headless:
        ignored = (
            (spec.get("loadBalancerIP"), "loadBalancerIP"),
            (external, "externalIPs"),
            (spec.get("sessionAffinity") != "None", "SessionAffinity"),
        )
        lines += [f"spec.{key} is ignored for headless services" for there, key in ignored if there]
    for i, ip in enumerate(external):
        lines += addresses.ip_warnings(ip, f"spec.externalIPs[{i}]")
    if external and not headless and spec["type"] != "ExternalName":
        lines.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
    if spec.get("loadBalancerIP"):
        lines += addresses.ip_warnings(spec["loadBalancerIP"], "spec.loadBalancerIP")
    for i, text in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        lines += addresses.range_warnings(text, f"spec.loadBalancerSourceRanges[{i}]")
    if external and spec["type"] == "ExternalName":
        lines.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if spec.get("externalName") and spec["type"] != "ExternalName":
        lines.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        lines.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return lines


BEHAVIOURS = {
    "services": Behaviour(
        default=default,
        prepare=prepare,
        validate=validate,
        warnings=warnings,
        prepare_status=prepare_status,
        validate_status=validate_status,
        name=names.dns_label,
        fields={
            "spec.clusterIP": lambda service: service["spec"].get("clusterIP", ""),
            "spec.type": lambda service: service["spec"].get("type", ""),
        },
        create_on_update=True,
        delete_answers_object=True,
    )
}
