"""ClusterRoles that are made of others: the rules of all roles that their selectors choose.

Reads   all ClusterRoles.  Writes  `rules` of those with an `aggregationRule`.
"""

from collections.abc import Iterable
from typing import Any

from picok8s.api import objects, selectors
from picok8s.reconcile.controller import Controller, Key, View, key_of
from picok8s.reconcile.writes import Patch, Writes

Object = dict[str, Any]

RESOURCE = "clusterroles.rbac.authorization.k8s.io"


def reconcile(role: Object, view: View) -> Writes:
    chosen = (role.get("aggregationRule") or {}).get("clusterRoleSelectors")
    if not chosen:
        return
    rules: list[Object] = []
    others = sorted(view.list(RESOURCE), key=objects.name)
    for selector in chosen:
        for other in others:
            if objects.name(other) != objects.name(role) and selectors.selects(selector, objects.labels(other)):
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
    if rules != (role.get("rules") or []):
        yield Patch(role, {"rules": rules})


def made_of_others(role: Object, view: View) -> Iterable[Key]:
    return [key_of(other) for other in view.list(RESOURCE) if other.get("aggregationRule")]


CONTROLLER = Controller(
    name="clusterrole-aggregation-controller",
    resource=RESOURCE,
    reconcile=reconcile,
    watches={RESOURCE: made_of_others},
)
