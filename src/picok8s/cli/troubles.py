"""Known troubles of a node: for each what shows it, what it means, and what to do. Pure: facts in, troubles out."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from picok8s.cluster import certificates

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Trouble:
    what: str
    cure: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen of the machine. Sizes in bytes where the name says nothing else."""

    running: bool = True
    stopping: bool = False
    config_problem: str = ""
    components: dict[str, Any] = field(default_factory=dict)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    missing_packages: list[str] = field(default_factory=list)
    disk_free: int = 100 * GIB
    disk_size: int = 200 * GIB
    inodes_free: int = 10**6
    memory_free_kib: int = 8 * 2**20
    swap_kib: int = 0
    forwarding: bool = True
    inotify: int = 8192
    nameservers: list[str] = field(default_factory=lambda: ["192.0.2.53"])
    certificates: dict[str, float] = field(default_factory=dict)  # Name -> days left.
    clock: float = 1.9e9
    datastore: int = 0
    api_port: int = 16443
    other_cni: list[str] = field(default_factory=list)
    cgroup_memory: bool = True
    log_tails: dict[str, str] = field(default_factory=dict)


def days_left(certificate: Path, now: float) -> float:
    return (certificates.expires_at(certificate.read_bytes()) - now) / 86400


def look(facts: Facts) -> list[Trouble]:
    """All that is wrong, the root causes first."""
    return [trouble for check in CHECKS for trouble in check(facts)]


def configuration(facts: Facts) -> Iterator[Trouble]:
    if facts.config_problem:
        yield Trouble(
            f"the configuration cannot be used: {facts.config_problem}", "Correct the file, then `picok8s restart`."
        )


def software(facts: Facts) -> Iterator[Trouble]:
    if facts.missing_packages:
        names = " ".join(facts.missing_packages)
        yield Trouble(f"system packages are missing: {names}", f"`apt-get install {names}`, or `picok8s start --yes`.")
    if not facts.cgroup_memory:
        yield Trouble(
            "the kernel does not account memory by cgroup, so memory limits do not work",
            "Boot with `cgroup_enable=memory cgroup_memory=1` on the kernel's command line.",
        )


def space(facts: Facts) -> Iterator[Trouble]:
    if facts.disk_free < GIB or facts.disk_free < facts.disk_size * 0.05:
        free = facts.disk_free // 2**20
        yield Trouble(
            f"only {free} MiB of disk are free: pods are evicted and images removed below 15 %",
            "Make room: `picok8s ctr images prune --all` removes images that nothing uses.",
        )
    if facts.inodes_free < 10_000:
        yield Trouble("the file system is nearly out of inodes", "Remove small files; `df -i` shows where they are.")
    if facts.memory_free_kib < 256 * 1024:
        free = facts.memory_free_kib // 1024
        yield Trouble(f"only {free} MiB of memory are free", "Give pods memory limits, or the machine more memory.")
    if facts.datastore > 2 * GIB:
        yield Trouble(
            f"the datastore has {facts.datastore // 2**20} MiB",
            "See what is many: `picok8s kubectl get events -A | wc -l`, and the same for what your operators make.",
        )


def network(facts: Facts) -> Iterator[Trouble]:
    if facts.running and not facts.forwarding:
        yield Trouble(
            "the kernel forwards no packets, so pods reach nothing outside",
            "`sysctl -w net.ipv4.ip_forward=1`; see what turned it off in /etc/sysctl.d.",
        )
    if not facts.nameservers:
        yield Trouble(
            "the machine has no name server, so pods resolve no names outside of the cluster",
            "Put one into /etc/resolv.conf, or set dns_upstreams in the configuration.",
        )
    elif all(server.startswith("127.") for server in facts.nameservers):
        yield Trouble(
            "the machine's only name server is on loopback, which pods with the host's DNS settings cannot reach",
            "Set dns_upstreams in the configuration to a server that pods reach.",
        )
    if facts.inotify < 128:
        yield Trouble("few inotify instances are allowed", "`sysctl -w fs.inotify.max_user_instances=8192`.")


def time(facts: Facts) -> Iterator[Trouble]:
    year = datetime.datetime.fromtimestamp(facts.clock, datetime.UTC).year
    if year < 2025:
        yield Trouble(
            f"the clock says {year}: certificates and tokens will not be valid", "Set the clock; install chrony."
        )
    for name, days in facts.certificates.items():
        if days < 0:
            yield Trouble(f"the certificate {name} has expired", "`picok8s restart` makes a new one.")
        elif days < 14:
            yield Trouble(f"the certificate {name} ends in {days:.0f} days", "`picok8s restart` renews it.")


def components(facts: Facts) -> Iterator[Trouble]:
    if facts.stopping and facts.running:
        yield Trouble("the node is being stopped", "Wait for `picok8s stop` to end, then `picok8s start`.")
    elif not facts.running:
        yield Trouble("picok8s is not running", "`sudo picok8s start` starts it.")
        return
    for name, part in facts.components.items():
        if part["state"] != "ready":
            last = next((line for line in reversed(facts.log_tails.get(name, "").splitlines()) if line.strip()), "")
            yield Trouble(f"{name} is {part['state']}: {last[:300]}", f"`picok8s logs {name}` shows more.")
        if part.get("restarts", 0) > 3:
            yield Trouble(f"{name} was started again {part['restarts']} times", f"`picok8s logs {name}` says why.")
    if any("address already in use" in tail.lower() for tail in facts.log_tails.values()):
        yield Trouble(
            f"a port of picok8s is taken by another program (the API's is {facts.api_port})",
            "`ss -ltnp` shows which; stop it, or set another port in the configuration.",
        )
    if any("no space left on device" in tail.lower() for tail in facts.log_tails.values()):
        yield Trouble("a write failed because the disk was full", "Make room, then `picok8s restart`.")


def nodes(facts: Facts) -> Iterator[Trouble]:
    for node in facts.nodes:
        if not node["ready"]:
            yield Trouble(
                f"the node {node['name']} is not Ready", f"`picok8s kubectl describe node {node['name']}` says why."
            )


def leftovers(facts: Facts) -> Iterator[Trouble]:
    if facts.other_cni:
        yield Trouble(
            f"another cluster's network is configured on this machine: {', '.join(facts.other_cni)}",
            "It does not disturb picok8s, which has a folder of its own; remove it when that cluster is gone.",
        )


CHECKS: tuple[Callable[[Facts], Iterator[Trouble]], ...] = (
    configuration, software, space, network, time, components, nodes, leftovers,
)  # fmt: skip
