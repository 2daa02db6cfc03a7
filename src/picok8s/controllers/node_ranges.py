"""Each node gets its own range of pod addresses, a /24 of the cluster's.

Reads   all nodes.  Writes  `spec.podCIDR` and `spec.podCIDRs` of nodes that have none, once and for good.
All nodes are looked at in one run, which sees its own writes before the next: no range is given twice.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any

from picok8s.api import objects
from picok8s.reconcile.controller import Controller, Key, View, always
from picok8s.reconcile.writes import Event, Patch, Writes

Object = dict[str, Any]

POD_RANGE = "10.1.0.0/16"
NODE_BITS = 24


def controller(pod_range: str = POD_RANGE, node_bits: int = NODE_BITS) -> Controller:
    def look(key: Key, view: View) -> Writes:
        nodes = view.list("nodes")
        taken = {cidr for node in nodes for cidr in node.get("spec", {}).get("podCIDRs") or ()}
        free = ranges(pod_range, node_bits, taken)
        for node in nodes:
            if node.get("spec", {}).get("podCIDR") or objects.is_being_deleted(node):
                continue
            cidr = next(free, None)
            if cidr is None:
                message = f"Node {objects.name(node)} status is now: CIDRNotAvailable"
                yield Event(node, "Normal", "CIDRNotAvailable", message)
                return
            yield Patch(node, {"metadata": {"uid": objects.uid(node)}, "spec": {"podCIDR": cidr, "podCIDRs": [cidr]}})

    return Controller(name="node-ipam-controller", resource="", absent=look, watches={"nodes": always("", "nodes")})


def ranges(pod_range: str, node_bits: int, taken: set[str]) -> Iterator[str]:
    """The free ranges, from the lowest."""
    return (str(net) for net in ipaddress.ip_network(pod_range).subnets(new_prefix=node_bits) if str(net) not in taken)
