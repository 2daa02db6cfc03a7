"""ResourceQuota: how much of what it limits a namespace uses.

Reads   the quota and every object of its namespace that it counts.
Writes  `status.hard` and `status.used`. Admission raises `used` as objects come; this corrects it as they go.
"""

from collections.abc import Iterable
from typing import Any

from picok8s.api import objects, pods, quantity, usage
from picok8s.controllers.garbage import builtin
from picok8s.reconcile.controller import Controller, Key, View
from picok8s.reconcile.writes import Note, Status, Writes

Object = dict[str, Any]

QUOTAS = "resourcequotas"


def reconcile(quota: Object, view: View) -> Writes:
    hard = quota["spec"].get("hard") or {}
    status = {**(quota.get("status") or {}), "hard": hard, "used": used(quota, hard, view)}
    yield Status(quota, status)


def used(quota: Object, hard: dict[str, str], view: View) -> dict[str, str]:
    total = {word: "0" for word in hard}
    namespace = objects.namespace(quota)
    for resource in builtin():
        tracked = usage.tracked(resource, hard)
        if not tracked:
            continue
        for obj in view.list(resource, namespace):
            if not usage.in_scope(quota, resource, obj):
                continue
            for word, amount in usage.of(resource, obj, view.now).items():
                if word in total:
                    total[word] = quantity.add(total[word], amount)
    return {word: quantity.canonical(amount) for word, amount in total.items()}


def controller() -> Controller:
    """The row of the list. It remembers which namespaces have quotas, as most have none."""
    limited: dict[str, set[str]] = {}

    def hears(resource: str, kind: str, obj: Object) -> Iterable[Key]:
        namespace = objects.namespace(obj)
        if resource == QUOTAS:
            known = limited.setdefault(namespace, set())
            (known.discard if kind == "DELETED" else known.add)(objects.name(obj))
            if not known:
                del limited[namespace]
        if namespace in limited and (kind != "MODIFIED" or resource != "pods" or pods.is_finished(obj)):
            yield "", namespace

    def each(key: Key, view: View) -> Writes:
        for name in sorted(limited.get(key[1], ())) if not key[0] else ():
            yield Note((key[1], name))

    return Controller(
        name="resourcequota-controller",
        resource=QUOTAS,
        reconcile=reconcile,
        absent=each,
        hears=hears,
        resources=builtin(),
    )
