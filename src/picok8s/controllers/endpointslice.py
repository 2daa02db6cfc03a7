"""EndpointSlice: what is behind each service, in slices of at most a hundred endpoints.

Reads   the Service, the pods that it selects, the zones of their nodes, its slices.
Writes  slices (create, update, delete). What is right already stays where it is, so that a change of one pod changes
        one slice.
"""

from collections.abc import Iterable
from typing import Any

from picok8s.api import moment, objects, pods
from picok8s.controllers import members
from picok8s.reconcile.controller import Controller, Key, View
from picok8s.reconcile.writes import Create, Delete, Update, Writes, same

Object = dict[str, Any]
Shape = tuple[str, tuple[tuple[tuple[str, Any], ...], ...]]  # (address type, ports), the same for all of a slice

ENDPOINTS_MAX = 100
SERVICE_LABEL = "kubernetes.io/service-name"
MANAGER_LABEL = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
ZONE = "topology.kubernetes.io/zone"
ZONES_MODES = ("PreferClose", "PreferSameZone")


def reconcile(service: Object, view: View) -> Writes:
    if objects.is_being_deleted(service):
        return
    existing = [
        one
        for one in view.by("endpointslices.discovery.k8s.io", "service", _index_key(service))
        if objects.labels(one).get(MANAGER_LABEL) == MANAGER and not objects.is_being_deleted(one)
    ]
    if not members.selector(service):
        if service["spec"].get("type") == "ExternalName":
            yield [Delete(one) for one in existing]
        return
    yield from arrange(service, wanted(service, view), existing, view.now)


def wanted(service: Object, view: View) -> dict[Shape, list[Object]]:
    """The endpoints that should be, by the shape of their slice; an empty list stands for an empty slice."""
    found: dict[Shape, list[Object]] = {}
    for pod in members.selected(service, view):
        rows = tuple(tuple(sorted(row.items())) for row in members.ports(service, pod))
        if not rows and service["spec"].get("ports"):
            continue
        for family in members.families(service):
            addresses = members.of_family(pod, family)
            if addresses:
                found.setdefault((family, rows), []).append(endpoint(service, pod, addresses[0], view))
    for family in members.families(service):
        if not any(shape[0] == family for shape in found):
            found[(family, ())] = []
    return found


def endpoint(service: Object, pod: Object, address: str, view: View) -> Object:
    serving = pods.is_ready(pod)
    terminating = objects.is_being_deleted(pod)
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
    made: Object = {
        "addresses": [address],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": members.reference(pod),
    }
    if name := members.hostname(service, pod):
        made["hostname"] = name
    if node_name := pods.node(pod):
        made["nodeName"] = node_name
        node = view.get("nodes", node_name)
        if node is not None and ZONE in objects.labels(node):
            made["zone"] = objects.labels(node)[ZONE]
    if hints := _hints(service["spec"].get("trafficDistribution"), made):
        made["hints"] = hints
    return made


def _hints(mode: str | None, endpoint: Object) -> Object | None:
    if not endpoint["conditions"]["ready"]:
        return None
    zone = [{"name": endpoint["zone"]}] if "zone" in endpoint else []
    if mode in ZONES_MODES and zone:
        return {"forZones": zone}
    if mode == "PreferSameNode" and "nodeName" in endpoint:
        return {"forNodes": [{"name": endpoint["nodeName"]}], **({"forZones": zone} if zone else {})}
    return None


def arrange(service: Object, wanted: dict[Shape, list[Object]], existing: list[Object], now: float) -> Writes:
    """Change the slices that exist into those that should be, with few writes."""
    left = list(existing)
    for shape, endpoints in wanted.items():
        mine = [one for one in left if shape_of(one) == shape]
        if not endpoints:
            mine = mine or [one for one in left if one["addressType"] == shape[0]]
        left = [one for one in left if one not in mine]
        yield from _arrange(service, shape, endpoints, mine, now)
    yield [Delete(one) for one in left]


def _arrange(service: Object, shape: Shape, endpoints: list[Object], slices: list[Object], now: float) -> Writes:
    missing = {_identity(one): one for one in endpoints}
    kept: list[tuple[Object, list[Object]]] = []
    for one in sorted(slices, key=objects.name):
        stays = [missing.pop(who) for old in one.get("endpoints") or () if (who := _identity(old)) in missing]
        kept.append((one, stays))
    rest = list(missing.values())
    for _, stays in sorted(kept, key=lambda row: -len(row[1])):
        room = ENDPOINTS_MAX - len(stays)
        stays += rest[:room]
        rest = rest[room:]
    empty_one_needed = not endpoints
    for one, stays in kept:
        if not stays and not empty_one_needed:
            yield Delete(one)
            continue
        empty_one_needed = empty_one_needed and bool(stays)
        made = _slice(service, shape, stays, now, one)
        if not _equal(made, one):
            yield Update(made)
    while rest or empty_one_needed:
        yield Create(_slice(service, shape, rest[:ENDPOINTS_MAX], now))
        rest, empty_one_needed = rest[ENDPOINTS_MAX:], False


def _slice(service: Object, shape: Shape, endpoints: list[Object], now: float, old: Object | None = None) -> Object:
    copied = {key: value for key, value in objects.labels(service).items() if key != members.HEADLESS_LABEL}
    labels = {**copied, SERVICE_LABEL: objects.name(service), MANAGER_LABEL: MANAGER}
    if members.is_headless(service):
        labels[members.HEADLESS_LABEL] = ""
    metadata: Object = (
        dict(old["metadata"])
        if old
        else {"generateName": objects.name(service) + "-", "namespace": objects.namespace(service)}
    )
    metadata["labels"] = labels
    metadata["ownerReferences"] = [objects.owner_reference(service)]
    metadata["annotations"] = {**(metadata.get("annotations") or {}), members.TRIGGER: moment.time(now)}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": shape[0],
        "endpoints": endpoints,
        "ports": [dict(row) for row in shape[1]],
    }


def _equal(made: Object, old: Object) -> bool:
    if objects.labels(made) != objects.labels(old) or objects.owners(made) != objects.owners(old):
        return False
    return same([made["endpoints"], made["ports"]], [old.get("endpoints") or [], old.get("ports") or []])


def shape_of(one: Object) -> Shape:
    rows = [{"name": "", "protocol": "TCP", **row} for row in one.get("ports") or ()]
    return one["addressType"], tuple(tuple(sorted(row.items())) for row in rows)


def _identity(endpoint: Object) -> tuple[str, str]:
    return (endpoint.get("targetRef") or {}).get("uid", ""), endpoint["addresses"][0]


def _index_key(service: Object) -> str:
    return f"{objects.namespace(service)}/{objects.name(service)}"


def by_service(one: Object) -> Iterable[str]:
    name = objects.labels(one).get(SERVICE_LABEL)
    return () if not name else (f"{objects.namespace(one)}/{name}",)


def of_slice(one: Object, view: View) -> Iterable[Key]:
    if objects.labels(one).get(MANAGER_LABEL) == MANAGER and SERVICE_LABEL in objects.labels(one):
        yield objects.namespace(one), objects.labels(one)[SERVICE_LABEL]


def gone(key: Key, view: View) -> Writes:
    """The service went: its slices go too, without waiting for the garbage collector."""
    found = view.by("endpointslices.discovery.k8s.io", "service", "/".join(key))
    yield [Delete(one) for one in found if objects.labels(one).get(MANAGER_LABEL) == MANAGER]


CONTROLLER = Controller(
    name="endpoint-slice-controller",
    resource="services",
    reconcile=reconcile,
    watches={
        "pods": members.of_pod,
        "endpointslices.discovery.k8s.io": of_slice,
        "nodes": lambda node, view: (),
    },
    absent=gone,
    indexes={"pods": members.PODS, "endpointslices.discovery.k8s.io": {"service": by_service}},
)
