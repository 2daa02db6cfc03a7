"""Endpoints: the older form of what is behind a service, one object a service, for the clients that still read it.

Reads   the Service and the pods that it selects.
Writes  the Endpoints of its name; at most a thousand addresses, as upstream.
"""

from typing import Any

from picok8s.api import moment, objects, pods
from picok8s.controllers import members
from picok8s.reconcile.controller import Controller, Key, View, itself
from picok8s.reconcile.writes import Create, Delete, Update, Writes, same

Object = dict[str, Any]

MANAGER_LABEL = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
ADDRESSES_MAX = 1000


def reconcile(service: Object, view: View) -> Writes:
    if not members.selector(service) or objects.is_being_deleted(service):
        return
    rows = subsets(service, view)
    old = view.get("endpoints", objects.name(service), objects.namespace(service))
    labels = {**objects.labels(service), MANAGER_LABEL: MANAGER}
    if members.is_headless(service):
        labels[members.HEADLESS_LABEL] = ""
    if old is not None and same(old.get("subsets") or [], rows) and objects.labels(old) == labels:
        return
    metadata: Object = (
        dict(old["metadata"]) if old else {"name": objects.name(service), "namespace": objects.namespace(service)}
    )
    metadata["labels"] = labels
    metadata["annotations"] = {**(metadata.get("annotations") or {}), members.TRIGGER: moment.time(view.now)}
    total = sum(len(row.get("addresses") or ()) + len(row.get("notReadyAddresses") or ()) for row in rows)
    metadata["annotations"].pop(OVER_CAPACITY, None)
    if total > ADDRESSES_MAX:
        rows = _truncated(rows)
        metadata["annotations"][OVER_CAPACITY] = "truncated"
    made = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": rows}
    yield Update(made) if old else Create(made)


def subsets(service: Object, view: View) -> list[Object]:
    """Addresses that have the same ports stand together, ready ones apart from the others."""
    publish = bool(service["spec"].get("publishNotReadyAddresses"))
    family = members.families(service)[0]
    found: dict[tuple[Any, ...], Object] = {}
    for pod in sorted(members.selected(service, view), key=members.addresses):
        own = members.of_family(pod, family)
        if not own or (objects.is_being_deleted(pod) and not publish):
            continue
        rows = members.ports(service, pod)
        if not rows and service["spec"].get("ports"):
            continue
        address: Object = {"ip": own[0], "nodeName": pods.node(pod), "targetRef": members.reference(pod)}
        if name := members.hostname(service, pod):
            address["hostname"] = name
        place = "addresses" if publish or pods.is_ready(pod) else "notReadyAddresses"
        subset = found.setdefault(tuple(tuple(row.items()) for row in rows), {"ports": rows})
        subset.setdefault(place, []).append(address)
    return list(found.values())


def _truncated(rows: list[Object]) -> list[Object]:
    left = ADDRESSES_MAX
    made = [dict(row) for row in rows]
    for place in ("addresses", "notReadyAddresses"):
        for row in made:
            row[place] = (row.get(place) or [])[:left]
            left -= len(row[place])
    return [{key: value for key, value in row.items() if value or key == "ports"} for row in made]


def gone(key: Key, view: View) -> Writes:
    found = view.get("endpoints", key[1], key[0])
    if found is not None and objects.labels(found).get(MANAGER_LABEL) == MANAGER:
        yield Delete(found)


CONTROLLER = Controller(
    name="endpoint-controller",
    resource="services",
    reconcile=reconcile,
    watches={"pods": members.of_pod, "endpoints": itself},
    absent=gone,
    indexes={"pods": members.PODS},
)
