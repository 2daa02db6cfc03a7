"""The part of the table that is always there: where packets enter, the shared maps, masquerade and refusal.

A new connection passes `dispatch` once, before routing (from pods and from outside) or on output (from this node):
one look-up by address, protocol and port, then, for an address of this node, one by protocol and port. The cost does
not depend on how many services there are, and packets of established connections pay nothing, since connection
tracking translates them.

Refusals happen in the same look-up: the verdict for a service without endpoints is `goto refused`.
"""

from dataclasses import dataclass

from picok8s.network.family import Family, networks

MARK = 0x4000  # "Masquerade this." The bit that Kubernetes has always used, so that others leave it alone.
PROTOCOLS = "{ tcp, udp, sctp }"

HOST_PORTS = "host-ports"  # protocol . port -> pod's address . port
HOST_PORTS_AT = "host-ports-at"  # The same at one address only.
HAIRPIN = "hairpin"  # address . address of pods here that may reach themselves through a service.

REFUSED = "goto refused"
DROPPED = "goto dropped"


@dataclass(frozen=True, slots=True)
class Front:
    """A kind of way in to a service: by address and port, or by node port on any address of the node."""

    prefix: str  # Of names of chains.
    entries: str  # Map: what the packet carries -> verdict.
    endpoints: str  # Maps, one for each index: what the packet carries -> an endpoint's address . port.
    local: str  # The same for the endpoints of this node.
    addressed: bool

    def carried(self, family: Family) -> str:
        return f"{family.table} daddr . {PORT}" if self.addressed else PORT

    def type(self, family: Family) -> str:
        return f"{family.address} . {PORT_TYPE}" if self.addressed else PORT_TYPE


PORT = "meta l4proto . th dport"
PORT_TYPE = "inet_proto . inet_service"
ADDRESSED = Front("", "services", "endpoints", "local-endpoints", addressed=True)
NODE_PORT = Front("node-port-", "node-ports", "node-port-endpoints", "local-node-port-endpoints", addressed=False)


@dataclass(frozen=True, slots=True)
class Here:
    """What the rules need to know of this node and its cluster."""

    node: str
    pod_networks: tuple[str, ...]  # Of the cluster.
    service_networks: tuple[str, ...]
    zone: str = ""
    answered: frozenset[str] = frozenset()  # Service addresses that a process of this node answers itself (DNS).


def one_of(cidrs: tuple[str, ...]) -> str:
    return cidrs[0] if len(cidrs) == 1 else "{ " + ", ".join(cidrs) + " }"


def skeleton(family: Family, here: Here) -> str:
    ip, address = family.table, family.address
    pods = networks(family, here.pod_networks)
    services = networks(family, here.service_networks)
    inside = one_of(pods)
    outside = "{ " + ", ".join((*pods, family.multicast)) + " }"
    return f"""
map {ADDRESSED.entries} {{ type {ADDRESSED.type(family)} : verdict; }}
map {NODE_PORT.entries} {{ type {NODE_PORT.type(family)} : verdict; }}
map {HOST_PORTS} {{ type inet_proto . inet_service : {address} . inet_service; }}
map {HOST_PORTS_AT} {{ type {address} . inet_proto . inet_service : {address} . inet_service; }}
set {HAIRPIN} {{ type {address} . {address}; }}
chain refused {{
    reject
}}
chain dropped {{
    drop
}}
chain masquerade-later {{
    meta mark set meta mark or {MARK:#x}
}}
chain local-ports {{
    meta l4proto {PROTOCOLS} dnat {ip} to {ip} daddr . meta l4proto . th dport map @{HOST_PORTS_AT}
    meta l4proto {PROTOCOLS} dnat {ip} to meta l4proto . th dport map @{HOST_PORTS}
    meta l4proto . th dport vmap @{NODE_PORT.entries}
}}
chain dispatch {{
    {ip} daddr . meta l4proto . th dport vmap @{ADDRESSED.entries}
    fib daddr type local goto local-ports
}}
chain nat-prerouting {{
    type nat hook prerouting priority -100; policy accept;
    jump dispatch
}}
chain nat-output {{
    type nat hook output priority -100; policy accept;
    jump dispatch
}}
chain nat-postrouting {{
    type nat hook postrouting priority 100; policy accept;
    oifname "lo" return
    ct status dnat meta mark and {MARK:#x} != 0 masquerade fully-random
    ct status dnat {ip} saddr {family.loopback} masquerade fully-random
    ct status dnat {ip} saddr . {ip} daddr @{HAIRPIN} masquerade fully-random
    {ip} saddr {inside} {ip} daddr != {outside} masquerade fully-random
}}
chain loopback {{
    type filter hook prerouting priority -300; policy accept;
    {ip} daddr {family.loopback} iifname != "lo" drop comment "route_localnet is on for node ports"
}}
chain forward {{
    type filter hook forward priority 0; policy accept;
    {ip} saddr {inside} ct state invalid drop comment "a reset would reach a peer that knows only the service"
    {ip} daddr {inside} ct state invalid drop
    {refusal(family, services)}
}}
chain output {{
    type filter hook output priority 0; policy accept;
    {refusal(family, services, 'oifname != "lo"')}
}}"""


def refusal(family: Family, services: tuple[str, ...], where: str = "") -> str:
    """What still has a service's address after `dispatch` belongs to no service: say so at once."""
    return f"{where} {family.table} daddr {one_of(services)} reject" if services else ""
