"""Cells of what connects pods: services, endpoints, ingresses, policies, addresses."""

from typing import Any

from picok8s.wire.cells import words
from picok8s.wire.cells.words import NONE, UNKNOWN, UNSET, Cells, Object


def service(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    addresses = spec.get("clusterIPs") or ()
    return [
        words.name(obj),
        spec.get("type", ""),
        (addresses[0] if addresses else spec.get("clusterIP")) or NONE,
        _external(obj),
        _ports(spec.get("ports")),
        words.age(obj, now),
        words.labels(spec.get("selector")),
    ]


def _external(obj: Object) -> str:
    spec = words.spec(obj)
    own = spec.get("externalIPs") or []
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return words.joined(own) or NONE
        case "LoadBalancer":
            balancer = _balancer(obj)
            return words.joined([*([balancer] if balancer else []), *own]) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case _:
            return UNKNOWN


def _balancer(obj: Object) -> str:
    """Addresses or names of a load balancer, in order."""
    points = (words.status(obj).get("loadBalancer") or {}).get("ingress") or ()
    found = {point.get("ip") or point.get("hostname") or "" for point in points}
    return ",".join(sorted(found - {""}))


def _ports(ports: list[Object] | None) -> str:
    told = []
    for port in ports or ():
        outside = f":{port['nodePort']}" if port.get("nodePort") else ""
        told.append(f"{port.get('port', 0)}{outside}/{port.get('protocol', 'TCP')}")
    return ",".join(told) or NONE


def endpoints(obj: Object, now: float) -> Cells:
    found = []
    for subset in obj.get("subsets") or ():
        addresses = [address.get("ip", "") for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        if not ports:
            found += addresses
        found += [f"{_host(address)}:{port.get('port', 0)}" for port in ports for address in addresses]
    return [words.name(obj), words.some(found) or NONE, words.age(obj, now)]


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def endpoint_slice(obj: Object, now: float) -> Cells:
    ports = [_slice_port(port) for port in obj.get("ports") or ()]
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return [
        words.name(obj),
        obj.get("addressType", ""),
        words.some(ports) or UNSET,
        words.some(addresses) or UNSET,
        words.age(obj, now),
    ]


def _slice_port(port: Object) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    return port.get("name") or "*"


def ingress(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    return [
        words.name(obj),
        spec.get("ingressClassName") or NONE,
        words.some(hosts) or "*",
        _balancer(obj),
        "80, 443" if spec.get("tls") else "80",
        words.age(obj, now),
    ]


def ingress_class(obj: Object, now: float) -> Cells:
    spec = words.spec(obj)
    shown = NONE
    if parameters := spec.get("parameters"):
        group = parameters.get("apiGroup")
        shown = f"{parameters['kind']}.{group}/{parameters['name']}" if group else _named(parameters)
    return [words.name(obj), spec.get("controller", ""), shown, words.age(obj, now)]


def _named(reference: Object) -> str:
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def policy(obj: Object, now: float) -> Cells:
    return [words.name(obj), words.selector(words.spec(obj).get("podSelector")), words.age(obj, now)]


def address(obj: Object, now: float) -> Cells:
    parent: Any = words.spec(obj).get("parentRef") or {}
    resource, group = parent.get("resource", ""), parent.get("group", "")
    parts = [f"{resource}.{group}" if group else resource, parent.get("namespace", ""), parent.get("name", "")]
    return [words.name(obj), "/".join(part for part in parts if part)]


def service_cidr(obj: Object, now: float) -> Cells:
    return [words.name(obj), words.joined(words.spec(obj).get("cidrs") or ()), words.age(obj, now)]
