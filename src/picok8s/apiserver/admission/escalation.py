"""Roles and bindings within the writer's own rights: asked once the object is complete, before it is validated."""

from typing import Any

from picok8s.apiserver import escalation
from picok8s.apiserver.admission.hooks import WRITES, Cluster, Hook
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

RESOURCES = tuple(
    f"{plural}.rbac.authorization.k8s.io" for plural in ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
)


def judge(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    escalation.check(server.authorizer, call.user, call.of.plural, new, old)


HOOK = Hook("RightsEscalation", judge, RESOURCES, WRITES)
