"""The two address families, as nftables and EndpointSlices call them."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Family:
    table: str  # nftables' name of the family, and the word before `saddr` in a rule.
    address: str  # The type of an address in a set.
    slices: str  # `addressType` of EndpointSlices.
    version: int
    loopback: str
    multicast: str


IPV4 = Family("ip", "ipv4_addr", "IPv4", 4, "127.0.0.0/8", "224.0.0.0/4")
IPV6 = Family("ip6", "ipv6_addr", "IPv6", 6, "::1/128", "ff00::/8")
FAMILIES = (IPV4, IPV6)


def networks(family: Family, cidrs: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `cidrs` that are of this family."""
    return tuple(cidr for cidr in cidrs if ip_network(cidr).version == family.version)


@lru_cache(maxsize=4096)
def version(address: str) -> int:
    """4, 6, or 0 for what is no address: nft would take that for a host name and wait for an answer of DNS."""
    try:
        return ip_address(address).version
    except ValueError:
        return 0


def is_of(family: Family, address: str) -> bool:
    return version(address) == family.version


def joined(family: Family, address: str, port: int) -> str:
    """Address and port in one word, as `dnat to` takes them."""
    return f"[{address}]:{port}" if family.version == 6 else f"{address}:{port}"
