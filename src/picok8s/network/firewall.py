"""Pods' packets and the rules of others: iptables' FORWARD chain, whose policy Docker and some firewalls set to drop.

What one table accepts another can still drop, so pods need a word in that chain too. It is only spoken to where it is.
"""

from picok8s.network.family import Family, networks

PROGRAMS = {4: "iptables", 6: "ip6tables"}
COMMENT = ("-m", "comment", "--comment", "picok8s: pods")

Command = tuple[str, ...]


def rules(family: Family, pod_networks: tuple[str, ...], verb: str) -> list[Command]:
    """`verb` is -C (is it there?), -I or -D."""
    program = PROGRAMS[family.version]
    return [
        (program, "-w", verb, "FORWARD", side, cidr, *COMMENT, "-j", "ACCEPT")
        for cidr in networks(family, pod_networks)
        for side in ("-s", "-d")
    ]


def is_used(family: Family, tables: str, old_tables: str) -> bool:
    """Whether there is a filter table of iptables: `tables` as nft lists them, `old_tables` as the kernel does."""
    return f"table {family.table} filter" in tables.splitlines() or "filter" in old_tables.split()
