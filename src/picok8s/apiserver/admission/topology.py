"""PodTopologyLabels: a pod carries the zone and region of the node that it is bound to."""

from typing import Any

from picok8s.apiserver.admission.hooks import Cluster, Hook
from picok8s.apiserver.messages import Call

Object = dict[str, Any]

LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


def complete(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    """`new` is a pod, or the binding that gives it a node."""
    if call.subresource == "binding":
        target = new.get("target") or {}
        name = target.get("name", "") if target.get("kind") == "Node" else ""
    else:
        name = new["spec"].get("nodeName", "")
    node = server.lookup.get("nodes", name) if name else None
    found = {
        key: value for key, value in ((node or {}).get("metadata", {}).get("labels") or {}).items() if key in LABELS
    }
    if found:
        new["metadata"]["labels"] = {**(new["metadata"].get("labels") or {}), **found}


HOOK = Hook("PodTopologyLabels", complete, ("pods",), subresources=("", "binding"))
