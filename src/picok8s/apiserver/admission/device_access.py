"""Devices: administrators' access to them, past other users, is for namespaces that are labelled for it."""

from typing import Any

from picok8s.api import errors
from picok8s.apiserver.admission.hooks import Cluster, Hook
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

LABEL = "resource.kubernetes.io/admin-access"
CLAIMS = "resourceclaims.resource.k8s.io"
TEMPLATES = "resourceclaimtemplates.resource.k8s.io"
WHY = f"admin access to devices requires the `{LABEL}: true` label on the containing namespace"


def judge(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    spec, path = new.get("spec") or {}, "spec.devices.requests"
    if call.of.name == TEMPLATES:
        spec = spec.get("spec") or {}
    place = next((index for index, request in enumerate(_requests(spec)) if _wants_access(request)), None)
    if place is None:
        return
    namespace = server.lookup.get("namespaces", new["metadata"].get("namespace", "")) or {"metadata": {}}
    if (namespace["metadata"].get("labels") or {}).get(LABEL) == "true":
        return
    name = new["metadata"].get("name", "")
    problem = errors.forbidden_field(f"{path}[{place}].adminAccess", WHY)
    raise errors.invalid(call.of.kind, call.of.group, name, [problem])


def _requests(spec: Object) -> list[Object]:
    return (spec.get("devices") or {}).get("requests") or []


def _wants_access(request: Object) -> bool:
    return bool((request.get("exactly") or {}).get("adminAccess"))


HOOK = Hook("DeviceAdminAccess", judge, (CLAIMS, TEMPLATES))
