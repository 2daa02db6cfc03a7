"""NamespaceLifecycle: nothing new in a namespace that is missing or going away, and some namespaces stay."""

from typing import Any

from picok8s.api.errors import not_found
from picok8s.apiserver.admission.hooks import CREATE, DELETE, UPDATE, Cluster, Hook, refused
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

UNDELETABLE = frozenset({"default", "kube-system", "kube-public"})


def judge(server: Cluster, call: Call, new: Object | None, old: Object | None) -> None:
    resource = call.of
    if resource.name == "namespaces":
        if new is None and old is not None and old["metadata"]["name"] in UNDELETABLE:
            raise refused(call, old, "this namespace may not be deleted")
        return
    if not resource.namespaced or new is None:
        return
    name = call.namespace
    namespace = server.lookup.get("namespaces", name)
    if namespace is None:
        raise not_found("", "namespaces", name)
    if old is None and (namespace.get("status") or {}).get("phase") == "Terminating":
        why = f"unable to create new content in namespace {name} because it is being terminated"
        error = refused(call, new, why)
        assert error.details is not None
        told = f"namespace {name} is being terminated"
        error.details["causes"] = [{"reason": "NamespaceTerminating", "message": told, "field": "metadata.namespace"}]
        raise error


HOOK = Hook("NamespaceLifecycle", judge, None, (CREATE, UPDATE, DELETE), None)
