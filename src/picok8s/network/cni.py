"""The pod network of this node: what the CNI plugins are told, the bridge, and what pods leave behind.

Pods hang on a bridge and get their addresses from the node's pod range by `host-local`. Masquerade and host ports are
rules of ours, so the plugins are told to do neither, and iptables is not needed.
"""

import base64
import json
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network
from pathlib import Path

FILE = "10-picok8s.conflist"
NAME = "picok8s"  # Of the network, in the names of the plugins' own files.
RESULTS = Path("/var/lib/cni/results")  # Where the plugins' library remembers what it set up.

Commands = list[tuple[str, ...]]  # Arguments of `ip`.


@dataclass(frozen=True, slots=True)
class Bridge:
    name: str
    ranges: tuple[str, ...]  # Of this node's pods, one for each family.
    services: tuple[str, ...]
    mtu: int


def conflist(bridge: Bridge, addresses: str) -> str:
    """The configuration file's text; `addresses` is the folder where host-local keeps what is taken."""
    ranges = [ip_network(cidr) for cidr in bridge.ranges]
    routes = [{"dst": "0.0.0.0/0" if one.version == 4 else "::/0"} for one in ranges]
    plugin = {
        "type": "bridge",
        "bridge": bridge.name,
        "isGateway": True,
        "hairpinMode": True,
        "ipMasq": False,
        "mtu": bridge.mtu,
        "ipam": {
            "type": "host-local",
            "dataDir": addresses,
            "ranges": [[{"subnet": str(one)}] for one in ranges],
            "routes": routes,
        },
    }
    return json.dumps({"cniVersion": "1.0.0", "name": NAME, "plugins": [plugin]}, indent=2) + "\n"


def gateways(bridge: Bridge) -> list[str]:
    """The bridge's addresses: the first of each range, which is the one that host-local leaves free."""
    return [f"{ip_network(cidr)[1]}/{ip_network(cidr).prefixlen}" for cidr in bridge.ranges]


def make(bridge: Bridge, exists: bool, present: list[str]) -> Commands:
    """The bridge before the first pod, so that its link address is fixed (by itself it changes with its ports) and
    packets between its own pods pass the rules (`nf_call_iptables`): the answer of a pod to another one of this node
    must be translated back. `present`: addresses that a bridge that exists has.
    """
    name, wanted = bridge.name, gateways(bridge)
    options = ("type", "bridge", "nf_call_iptables", "1", "nf_call_ip6tables", "1")
    commands: Commands = []
    if exists:
        commands.append(("link", "set", name, "mtu", str(bridge.mtu), *options))
    else:
        commands.append(
            ("link", "add", "name", name, "address", link_address(wanted[0]), "mtu", str(bridge.mtu), *options)
        )
    commands += [("address", "delete", one, "dev", name) for one in present if one not in wanted]
    commands += [("address", "replace", one, "dev", name) for one in wanted]
    commands.append(("link", "set", name, "up"))
    return [*commands, *service_routes(bridge)]


def service_routes(bridge: Bridge) -> Commands:
    """This node reaches services even without a default route, and from an address of the pod network."""
    own = {ip_interface(one).version: str(ip_interface(one).ip) for one in gateways(bridge)}
    found = [(cidr, own.get(ip_network(cidr).version)) for cidr in bridge.services]
    return [("route", "replace", cidr, "dev", bridge.name, "src", source) for cidr, source in found if source]


def link_address(gateway: str) -> str:
    """A link address made from the bridge's address, so that neighbours' caches stay right when it is made again."""
    packed = ip_interface(gateway).ip.packed[-4:]
    return "0a:58:" + ":".join(f"{byte:02x}" for byte in packed)


@dataclass(frozen=True, slots=True)
class Left:
    """A pod that was not taken down, as the plugins' library remembers it."""

    container: str
    netns: str


def left(result: str, addresses: str) -> Left | None:
    """Reads one remembered result; None when it is not of the network whose addresses are in that folder."""
    try:
        found = json.loads(result)
        config = json.loads(base64.b64decode(found["config"]))
        ours = any((plugin.get("ipam") or {}).get("dataDir") == addresses for plugin in config["plugins"])
        sandboxes = [one["sandbox"] for one in found["result"].get("interfaces") or () if one.get("sandbox")]
        return Left(found["containerId"], sandboxes[0] if sandboxes else "") if ours else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
