"""Kernel settings that the pod network needs, and how they go back to what they were."""

from collections.abc import Callable

FORWARD = {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}
# A node port at 127.0.0.1 leads to a pod, over an interface that is not loopback. Rules drop such packets from outside.
ROUTE_LOCALNET = "net/ipv4/conf/all/route_localnet"

ON = "1"


def wanted(versions: set[int]) -> list[str]:
    """The settings to turn on for IP versions."""
    return [FORWARD[version] for version in sorted(versions)] + ([ROUTE_LOCALNET] if 4 in versions else [])


def changes(settings: list[str], read: Callable[[str], str], saved: dict[str, str]) -> dict[str, str]:
    """What each setting that must be changed was; what is in `saved` was changed before and keeps its first value."""
    return {**{one: read(one) for one in settings if read(one) != ON}, **saved}
