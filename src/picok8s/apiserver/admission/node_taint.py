"""TaintNodesByCondition: a new node gets no pods before it has said that it is ready."""

from typing import Any

from picok8s.apiserver.admission.hooks import Cluster, Hook
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

TAINT = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def complete(server: Cluster, call: Call, node: Object, old: Object | None) -> None:
    spec = node.get("spec") or {}
    taints = spec.get("taints") or []
    if not any(taint.get("key") == TAINT["key"] and taint.get("effect") == TAINT["effect"] for taint in taints):
        node["spec"] = {**spec, "taints": [*taints, dict(TAINT)]}


HOOK = Hook("TaintNodesByCondition", complete, ("nodes",))
