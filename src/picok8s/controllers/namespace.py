"""Namespace: empty one that is being deleted, pods first, and let it go when nothing is left.

Reads   the Namespace, and live lists of everything that can be in it (built-in and custom).
Writes  deletions, the conditions that say what remains, and at last the finalizer.
"""

from collections import Counter
from collections.abc import Generator, Iterable
from typing import Any

from picok8s.api import moment, objects
from picok8s.api.resource import facts
from picok8s.reconcile.controller import Controller, Key, View
from picok8s.reconcile.writes import Again, Ask, Delete, Outcome, Status, Update, Write, Writes, refused

Object = dict[str, Any]

FINALIZER = "kubernetes"
LOOK_AGAIN_SECONDS = 1.0  # What waits for finalizers of others tells no one when it goes.
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


def reconcile(namespace: Object, view: View) -> Writes:
    finalizers = namespace["spec"].get("finalizers") or []
    if not objects.is_being_deleted(namespace) or FINALIZER not in finalizers:
        return
    left, failures = yield from empty(objects.name(namespace), view)
    status = {**(namespace.get("status") or {}), "phase": "Terminating"}
    status["conditions"] = _merged(namespace, conditions(left, failures), view.now)
    told = yield Status(namespace, status)
    if refused(told):
        return
    if left or failures:
        yield Again(LOOK_AGAIN_SECONDS)
        return
    spec = {**namespace["spec"], "finalizers": [word for word in finalizers if word != FINALIZER]}
    yield Update({**(told or namespace), "spec": spec}, "finalize")


def empty(
    namespace: str, view: View
) -> Generator[Write | list[Write], Outcome, tuple[dict[str, list[Object]], list[str]]]:
    """Delete what is there; returns what still is, by resource, and what could not be deleted or listed.

    Nothing else goes before the pods: what they use must be there until they have ended.
    """
    left: dict[str, list[Object]] = {}
    failures: list[str] = []
    for resource in resources(view):
        found = yield Ask(resource, namespace=namespace)
        if refused(found):
            if found.reason != "NotFound":
                failures.append(str(found))
            continue
        outcomes = yield [
            Delete(obj, {"propagationPolicy": "Background"}, resource)
            for obj in found
            if not objects.is_being_deleted(obj)
        ]
        failures += [str(outcome) for outcome in outcomes if refused(outcome)]
        if found:
            rest = yield Ask(resource, namespace=namespace)
            if refused(rest):
                failures.append(str(rest))
            elif rest:
                left[resource] = rest
                if resource == "pods":
                    break
    return left, failures


def resources(view: View) -> list[str]:
    """What can be in a namespace, pods first."""
    found = {"pods": None}
    for row in facts():
        if row.namespaced and {"list", "delete"} <= row.verbs and row.storage == row.name:
            found[row.name] = None
    for definition in view.list(DEFINITIONS):
        if definition["spec"]["scope"] == "Namespaced" and any(v.get("served") for v in definition["spec"]["versions"]):
            established = objects.conditions(definition).get("Established", {})
            if established.get("status") == "True":
                found[objects.name(definition)] = None
    return list(found)


def conditions(left: dict[str, list[Object]], failures: list[str]) -> list[Object]:
    """What there is to say, in upstream's words, which clients wait for."""
    finalizers = Counter(
        word for found in left.values() for obj in found for word in obj["metadata"].get("finalizers") or ()
    )
    content = ", ".join(f"{resource} has {len(found)} resource instances" for resource, found in sorted(left.items()))
    held = ", ".join(f"{word} in {count} resource instances" for word, count in sorted(finalizers.items()))
    rows = (
        ("NamespaceDeletionDiscoveryFailure", False, "ResourcesDiscovered", "All resources successfully discovered"),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            False,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            (
                "NamespaceDeletionContentFailure",
                True,
                "ContentDeletionFailed",
                f"Failed to delete all resource types, {len(failures)} remaining: {', '.join(failures)}",
            )
            if failures
            else (
                "NamespaceDeletionContentFailure",
                False,
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            )
        ),
        (
            ("NamespaceContentRemaining", True, "SomeResourcesRemain", f"Some resources are remaining: {content}")
            if left
            else ("NamespaceContentRemaining", False, "ContentRemoved", "All content successfully removed")
        ),
        (
            (
                "NamespaceFinalizersRemaining",
                True,
                "SomeFinalizersRemain",
                f"Some content in the namespace has finalizers remaining: {held}",
            )
            if finalizers
            else (
                "NamespaceFinalizersRemaining",
                False,
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            )
        ),
    )
    return [{"type": t, "status": str(s), "reason": reason, "message": message} for t, s, reason, message in rows]


def _merged(namespace: Object, told: list[Object], now: float) -> list[Object]:
    """New words beside the old; what stayed the same keeps its time."""
    found = dict(objects.conditions(namespace))
    for condition in told:
        before = found.get(condition["type"]) or {}
        same = all(before.get(word) == value for word, value in condition.items())
        stamp = before.get("lastTransitionTime") if same else None
        found[condition["type"]] = {**condition, "lastTransitionTime": stamp or moment.time(now)}
    return list(found.values())


def of_pod(pod: Object, view: View) -> Iterable[Key]:
    """A namespace that is being deleted waits for its pods."""
    namespace = view.get("namespaces", objects.namespace(pod))
    if namespace is not None and objects.is_being_deleted(namespace):
        yield "", objects.name(namespace)


CONTROLLER = Controller(
    name="namespace-controller",
    resource="namespaces",
    reconcile=reconcile,
    watches={"pods": of_pod, DEFINITIONS: lambda definition, view: ()},
)
