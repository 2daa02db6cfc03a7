"""Services, slices and pods as the network reads them; beyond what a test says they hold only what is always there."""

from typing import Any

Object = dict[str, Any]


def port(number: int = 80, name: str = "http", **more: Any) -> Object:
    return {"name": name, "port": number, "protocol": "TCP", **more}


def service(name: str = "web", address: str = "10.152.183.5", **spec: Any) -> Object:
    status = spec.pop("status", {"loadBalancer": {}})
    labels = spec.pop("labels", {})
    base = {"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address], "ports": [port()]}
    metadata = {"name": name, "namespace": "default", "labels": labels, "resourceVersion": "1"}
    return {"metadata": metadata, "spec": {**base, **spec}, "status": status}


def endpoint(address: str, node: str = "one", **more: Any) -> Object:
    """`conditions` are the three of them, `hints` the hints."""
    return {"addresses": [address], "nodeName": node, "conditions": {"ready": True}, **more}


def slice_of(service_name: str, *endpoints: Object, **more: Any) -> Object:
    labels = {"kubernetes.io/service-name": service_name}
    name = more.pop("name", f"{service_name}-1")
    metadata = {"name": name, "namespace": "default", "labels": labels, "resourceVersion": "1"}
    ports = more.pop("ports", [{"name": "http", "port": 8080, "protocol": "TCP"}])
    kind = more.pop("kind", "IPv4")
    return {"metadata": metadata, "addressType": kind, "ports": ports, "endpoints": list(endpoints), **more}


def node(**spec: Any) -> Object:
    labels = spec.pop("labels", {})
    return {"metadata": {"name": "one", "labels": labels, "resourceVersion": "1"}, "spec": spec}


def pod(name: str, address: str, *ports: Object, **spec: Any) -> Object:
    container = {"name": "c", "image": "example.test/c", "ports": list(ports)}
    metadata = {"name": name, "namespace": "default", "resourceVersion": "1"}
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    return {"metadata": metadata, "spec": {"nodeName": "one", "containers": [container], **spec}, "status": status}
