"""Kubeconfig files: how a client reaches a cluster and who it is there, everything in one file."""

import base64
from typing import Any

import yaml

Object = dict[str, Any]

CLUSTER = "picok8s"


def kubeconfig(server: str, ca: bytes, user: str, credentials: Object, namespace: str = "") -> Object:
    """A kubeconfig of one context. `credentials` is from `by_certificate` or `by_token`."""
    context: Object = {"cluster": CLUSTER, "user": user}
    if namespace:
        context["namespace"] = namespace
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CLUSTER, "cluster": {"certificate-authority-data": _base64(ca), "server": server}}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": CLUSTER, "context": context}],
        "current-context": CLUSTER,
        "preferences": {},
    }


def by_certificate(certificate: bytes, key: bytes) -> Object:
    """Credentials of a client certificate, both PEM, embedded."""
    return {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}


def by_token(token: str) -> Object:
    return {"token": token}


def dump(config: Object) -> bytes:
    """The file's content."""
    text: str = yaml.dump(config, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    return text.encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
