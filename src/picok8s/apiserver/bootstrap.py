"""What a fresh cluster contains, and how an older one is brought up to it.

`objects` lists what must exist, in the order to create it. `repaired` says what of an object that exists has to change:
RBAC gets back rules and subjects that it lost, flow control its specs, unless an annotation says to leave it alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources as files
from typing import Any

import orjson

from picok8s.api.resource import Resource, preferred
from picok8s.apiserver import escalation

Object = dict[str, Any]

DATA = "data/bootstrap.json"
# Resources whose objects are taken from the data as they are, in the order to create them.
AS_THEY_ARE = (
    "namespaces",
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
    "flowschemas.flowcontrol.apiserver.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "priorityclasses.scheduling.k8s.io",
)
# (group, version) -> (groupPriorityMinimum, versionPriority): where kubectl looks first.
PRIORITIES = {
    ("", "v1"): (18000, 1),
    ("apps", "v1"): (17800, 15),
    ("events.k8s.io", "v1"): (17750, 15),
    ("authentication.k8s.io", "v1"): (17700, 15),
    ("authorization.k8s.io", "v1"): (17600, 15),
    ("autoscaling", "v1"): (17500, 15),
    ("autoscaling", "v2"): (17500, 30),
    ("batch", "v1"): (17400, 15),
    ("certificates.k8s.io", "v1"): (17300, 15),
    ("networking.k8s.io", "v1"): (17200, 15),
    ("policy", "v1"): (17100, 15),
    ("rbac.authorization.k8s.io", "v1"): (17000, 15),
    ("storage.k8s.io", "v1"): (16800, 15),
    ("apiextensions.k8s.io", "v1"): (16700, 15),
    ("admissionregistration.k8s.io", "v1"): (16700, 15),
    ("scheduling.k8s.io", "v1"): (16600, 15),
    ("coordination.k8s.io", "v1"): (16500, 15),
    ("node.k8s.io", "v1"): (16300, 15),
    ("discovery.k8s.io", "v1"): (16200, 15),
    ("resource.k8s.io", "v1"): (16200, 21),
    ("flowcontrol.apiserver.k8s.io", "v1"): (16100, 21),
    ("storagemigration.k8s.io", "v1"): (15800, 15),
}
AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
AUTOUPDATE_SPEC = "apf.kubernetes.io/autoupdate-spec"
LABELS = {"component": "apiserver", "provider": "kubernetes"}


@dataclass(frozen=True, slots=True)
class Place:
    """What of the objects depends on the cluster."""

    advertise_addresses: tuple[str, ...]  # Of every API server, IPv4.
    port: int
    service_cidr: str = "10.152.183.0/24"
    service_ip: str = "10.152.183.1"
    client_ca: str = ""  # PEM texts.
    request_header_ca: str = ""
    date: str = ""  # Today, YYYY-MM-DD.


def objects(place: Place) -> list[tuple[str, Object]]:
    """(resource, object) of everything that must exist, complete with apiVersion and kind."""
    found = [(resource, obj) for resource in AS_THEY_ARE for obj in _data(resource)]
    found.append(("clusterrolebindings.rbac.authorization.k8s.io", node_proxier()))
    found.append(("servicecidrs.networking.k8s.io", service_cidr(place)))
    found.append(("services", service(place)))
    found.append(("endpoints", endpoints(place)))
    found.append(("endpointslices.discovery.k8s.io", endpoint_slice(place)))
    found.append(("configmaps", authentication_config(place)))
    found.append(("configmaps", token_tracking(place)))
    return [(resource, typed(resource, obj)) for resource, obj in found]


def api_services(resources: list[Resource]) -> list[tuple[str, Object]]:
    """An APIService for each version of each group that is served here, with its place in discovery."""
    name = "apiservices.apiregistration.k8s.io"
    labels = {"kube-aggregator.kubernetes.io/automanaged": "onstart"}
    found = []
    for group, version in dict.fromkeys((row.group, row.version) for row in resources):
        if group == "apiregistration.k8s.io" or (group, version) not in PRIORITIES:
            continue
        least, place = PRIORITIES[(group, version)]
        spec = {"group": group} if group else {}
        spec |= {"version": version, "groupPriorityMinimum": least, "versionPriority": place}
        obj = {"metadata": {"name": f"{version}.{group}", "labels": labels}, "spec": spec}
        found.append((name, typed(name, obj)))
    return found


@cache
def _bootstrap() -> dict[str, list[Object]]:
    loaded: dict[str, list[Object]] = orjson.loads(files.files("picok8s.api").joinpath(DATA).read_bytes())
    return loaded


def _data(resource: str) -> list[Object]:
    row = preferred(resource)
    root = f"/apis/{row.group}" if row.group else "/api"
    return _bootstrap()[f"{root}/{row.version}/{row.plural}"]


def typed(resource: str, obj: Object) -> Object:
    row = preferred(resource)
    return {"apiVersion": row.api_version, "kind": row.kind, **obj}


def node_proxier() -> Object:
    """The node process is the service proxy too, so nodes may read what a proxy reads: services and their endpoints."""
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node-proxier"}
    nodes = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}
    metadata = {
        "name": "picok8s:node-proxier",
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {AUTOUPDATE: "true"},
    }
    return {"metadata": metadata, "roleRef": role, "subjects": [nodes]}


def service_cidr(place: Place) -> Object:
    return {"metadata": {"name": "kubernetes"}, "spec": {"cidrs": [place.service_cidr]}}


def service(place: Place) -> Object:
    """The service that pods reach the API by."""
    return {
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": dict(LABELS)},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": place.service_ip,
            "clusterIPs": [place.service_ip],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "sessionAffinity": "None",
            "internalTrafficPolicy": "Cluster",
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": place.port}],
        },
    }


def endpoints(place: Place) -> Object:
    port = {"name": "https", "port": place.port, "protocol": "TCP"}
    subsets = [{"addresses": [{"ip": ip} for ip in sorted(place.advertise_addresses)], "ports": [port]}]
    labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    return {"metadata": {"name": "kubernetes", "namespace": "default", "labels": labels}, "subsets": subsets}


def endpoint_slice(place: Place) -> Object:
    ready = [{"addresses": [ip], "conditions": {"ready": True}} for ip in sorted(place.advertise_addresses)]
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "endpoints": ready,
        "ports": [{"name": "https", "port": place.port, "protocol": "TCP"}],
    }


def authentication_config(place: Place) -> Object:
    """Where extension servers read how to know clients and the front proxy."""
    data = {"client-ca-file": place.client_ca}
    if place.request_header_ca:
        data |= {
            "requestheader-allowed-names": '["front-proxy-client"]',
            "requestheader-client-ca-file": place.request_header_ca,
            "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
            "requestheader-group-headers": '["X-Remote-Group"]',
            "requestheader-uid-headers": '["X-Remote-Uid"]',
            "requestheader-username-headers": '["X-Remote-User"]',
        }
    return {"metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"}, "data": data}


def token_tracking(place: Place) -> Object:
    name = "kube-apiserver-legacy-service-account-token-tracking"
    return {"metadata": {"name": name, "namespace": "kube-system"}, "data": {"since": place.date}}


# Fields of these objects follow the cluster: a moved address, a renewed authority.
FOLLOWED = {
    "endpoints": "subsets",
    "endpointslices.discovery.k8s.io": "endpoints",
    "configmaps": "data",
}


def repaired(resource: str, wanted: Object, present: Object) -> Object | None:
    """What to write in place of `present`; None when nothing has to change."""
    if resource.endswith(".rbac.authorization.k8s.io"):
        return _repaired_rights(wanted, present)
    if resource.endswith(".flowcontrol.apiserver.k8s.io"):
        return _repaired_flow(wanted, present)
    field = FOLLOWED.get(resource)
    if field is None or wanted["metadata"]["name"].endswith("token-tracking") or wanted[field] == present.get(field):
        return None
    return {**present, **{key: wanted[key] for key in (field, "ports") if key in wanted}}


def _repaired_rights(wanted: Object, present: Object) -> Object | None:
    annotations = present["metadata"].get("annotations") or {}
    if annotations.get(AUTOUPDATE) == "false":
        return None
    fixed = {**present, "metadata": _merged_metadata(wanted, present)}
    if "roleRef" in wanted:
        fixed["subjects"] = list(_union(present.get("subjects") or [], wanted.get("subjects") or []))
    elif "aggregationRule" in wanted:  # The rules are then the aggregation's.
        fixed["aggregationRule"] = wanted["aggregationRule"]
    else:
        owned = [(rule, "") for rule in present.get("rules") or []]
        lost = escalation.compact(escalation.missing(owned, wanted.get("rules") or []))
        fixed["rules"] = [*(present.get("rules") or []), *lost]
    for key in ("subjects", "rules"):
        if key not in present and not fixed.get(key):
            fixed.pop(key, None)
    return None if fixed == present else fixed


def _repaired_flow(wanted: Object, present: Object) -> Object | None:
    annotations = present["metadata"].get("annotations") or {}
    if annotations.get(AUTOUPDATE_SPEC) != "true" or _within(wanted["spec"], present.get("spec")):
        return None
    return {**present, "spec": wanted["spec"]}


def _merged_metadata(wanted: Object, present: Object) -> Object:
    meta = dict(present["metadata"])
    for key in ("labels", "annotations"):
        ours = wanted["metadata"].get(key) or {}
        if ours:
            meta[key] = {**(meta.get(key) or {}), **ours}
    return meta


def _union(present: list[Object], wanted: list[Object]) -> Iterator[Object]:
    yield from present
    known = {_subject_key(subject) for subject in present}
    for subject in wanted:
        if _subject_key(subject) not in known:
            yield subject


def _subject_key(subject: Object) -> tuple[str, str, str]:
    return subject.get("kind", ""), subject.get("namespace", ""), subject.get("name", "")


def _within(wanted: Any, present: Any) -> bool:
    """Whether `present` says all that `wanted` says; it may say more, by defaults."""
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(_within(value, present.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        pairs = zip(wanted, present or [], strict=False)
        return len(wanted) == len(present or []) and all(_within(a, b) for a, b in pairs)
    return bool(wanted == present) or (present is None and not wanted)
