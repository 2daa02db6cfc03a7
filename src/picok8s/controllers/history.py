"""ControllerRevisions: which templates a DaemonSet or StatefulSet had, for updates and for `kubectl rollout undo`.

The data of a revision is the patch that brings its template back.
"""

from collections.abc import Generator
from typing import Any

from picok8s.api import objects, selectors
from picok8s.controllers import rollout
from picok8s.reconcile import ownership
from picok8s.reconcile.controller import View
from picok8s.reconcile.writes import Create, Delete, Outcome, Patch, Write, refused

Object = dict[str, Any]
Revised = Generator[Write | list[Write], Outcome, tuple[Object | None, list[Object], int]]

RESOURCE = "controllerrevisions.apps"
HASH_LABEL = "controller-revision-hash"


def revise(owner: Object, view: View) -> Revised:
    """The revision of the present template (made or renumbered if need be), the older ones by age, the collisions."""
    chosen = selectors.requirements(owner["spec"].get("selector"))
    found = ownership.candidates(owner, RESOURCE, view)
    owned = yield from ownership.claim(owner, lambda labels: selectors.matches(chosen, labels), found)
    owned = sorted(owned, key=lambda one: (one["revision"], objects.name(one)))
    collisions = (owner.get("status") or {}).get("collisionCount") or 0
    data = content(owner)
    equal = [one for one in owned if one.get("data") == data]
    newest = owned[-1]["revision"] if owned else 0
    if equal:
        current = equal[-1]
        older = [one for one in owned if one is not current]
        if current["revision"] != newest:
            made = yield Patch(current, {"revision": newest + 1})
            if refused(made):
                return None, older, collisions
            current = made or {**current, "revision": newest + 1}
        return current, older, collisions
    wanted = revision_of(owner, data, newest + 1, collisions)
    made = yield Create(wanted)
    if refused(made, "AlreadyExists"):
        return None, owned, collisions + 1
    return (None if refused(made) else made or wanted), owned, collisions


def content(owner: Object) -> Object:
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}


def template_of(revision: Object) -> Object:
    return {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}


def revision_of(owner: Object, data: Object, number: int, collisions: int) -> Object:
    word = rollout.template_hash(data, collisions)
    template_labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"{objects.name(owner)}-{word}",
            "namespace": objects.namespace(owner),
            "labels": {**template_labels, HASH_LABEL: word},
            "annotations": {
                key: value
                for key, value in objects.annotations(owner).items()
                if key != "kubectl.kubernetes.io/last-applied-configuration"
            },
            "ownerReferences": [objects.owner_reference(owner)],
        },
        "data": data,
        "revision": number,
    }


def word(revision: Object) -> str:
    return objects.labels(revision).get(HASH_LABEL, "")


def forget(owner: Object, older: list[Object], in_use: set[str]) -> Generator[Write | list[Write], Outcome, None]:
    """Delete the oldest revisions beyond `revisionHistoryLimit`, those in use (by name or hash) apart."""
    limit = owner["spec"].get("revisionHistoryLimit")
    spare = [one for one in older if objects.name(one) not in in_use and word(one) not in in_use]
    for one in spare[: max(0, len(spare) - (10 if limit is None else limit))]:
        yield Delete(one)
