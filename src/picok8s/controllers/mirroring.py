"""Endpoints that users wrote themselves, for services without a selector, shown as EndpointSlices.

Reads   the Endpoints, the Service of its name, its mirrored slices.
Writes  one slice for each set of ports and family of addresses.
"""

from collections.abc import Iterable
from typing import Any

from picok8s.api import objects
from picok8s.controllers import endpoints, endpointslice, members
from picok8s.controllers.endpointslice import ENDPOINTS_MAX, MANAGER_LABEL, SERVICE_LABEL, Shape
from picok8s.reconcile.controller import Controller, Key, View, itself
from picok8s.reconcile.writes import Create, Delete, Update, Writes, same

Object = dict[str, Any]

MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP_LABEL = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
ADDRESSES_MAX = 1000  # Of one subset, as upstream.


def reconcile(given: Object, view: View) -> Writes:
    key = (objects.namespace(given), objects.name(given))
    old = _mirrors(key, view)
    service = view.get("services", key[1], key[0])
    if not _is_mirrored(given, service):
        yield [Delete(one) for one in old]
        return
    left = list(old)
    for shape, rows in wanted(given).items():
        for start in range(0, len(rows), ENDPOINTS_MAX):
            found = next((one for one in left if endpointslice.shape_of(one) == shape), None)
            made = _slice(given, shape, rows[start : start + ENDPOINTS_MAX], found)
            if found is None:
                yield Create(made)
                continue
            left.remove(found)
            if not same(made, found):
                yield Update(made)
    yield [Delete(one) for one in left]


def _is_mirrored(given: Object, service: Object | None) -> bool:
    if service is None or service["spec"].get("selector") or objects.is_being_deleted(given):
        return False
    ours = objects.labels(given).get(endpoints.MANAGER_LABEL) == endpoints.MANAGER
    return not ours and objects.labels(given).get(SKIP_LABEL) != "true" and LEADER not in objects.annotations(given)


def wanted(given: Object) -> dict[Shape, list[Object]]:
    found: dict[Shape, list[Object]] = {}
    for subset in given.get("subsets") or ():
        rows = tuple(
            tuple(sorted({"name": "", "protocol": "TCP", **port}.items())) for port in subset.get("ports") or ()
        )
        for ready, place in ((True, "addresses"), (False, "notReadyAddresses")):
            for address in (subset.get(place) or ())[:ADDRESSES_MAX]:
                family = "IPv6" if ":" in address["ip"] else "IPv4"
                endpoint: Object = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
                for word in ("hostname", "nodeName", "targetRef"):
                    if address.get(word):
                        endpoint[word] = address[word]
                found.setdefault((family, rows), []).append(endpoint)
    return found


def _slice(given: Object, shape: Shape, rows: list[Object], old: Object | None) -> Object:
    labels = {**objects.labels(given), SERVICE_LABEL: objects.name(given), MANAGER_LABEL: MANAGER}
    metadata: Object = dict(old["metadata"]) if old else {"generateName": objects.name(given) + "-"}
    metadata |= {"namespace": objects.namespace(given), "labels": labels}
    metadata["ownerReferences"] = [objects.owner_reference({"apiVersion": "v1", "kind": "Endpoints", **given})]
    copied = {
        k: v for k, v in objects.annotations(given).items() if k != "kubectl.kubernetes.io/last-applied-configuration"
    }
    if copied:
        metadata["annotations"] = copied
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": shape[0],
        "endpoints": rows,
        "ports": [dict(row) for row in shape[1]],
    }


def _mirrors(key: Key, view: View) -> list[Object]:
    found = view.by("endpointslices.discovery.k8s.io", "service", "/".join(key))
    return [one for one in found if objects.labels(one).get(MANAGER_LABEL) == MANAGER]


def gone(key: Key, view: View) -> Writes:
    yield [Delete(one) for one in _mirrors(key, view)]


def of_slice(one: Object, view: View) -> Iterable[Key]:
    if objects.labels(one).get(MANAGER_LABEL) == MANAGER and SERVICE_LABEL in objects.labels(one):
        yield objects.namespace(one), objects.labels(one)[SERVICE_LABEL]


CONTROLLER = Controller(
    name="endpointslicemirroring-controller",
    resource="endpoints",
    reconcile=reconcile,
    watches={"services": itself, "endpointslices.discovery.k8s.io": of_slice},
    absent=gone,
    indexes={"pods": members.PODS, "endpointslices.discovery.k8s.io": {"service": endpointslice.by_service}},
)
