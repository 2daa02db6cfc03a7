"""The network of a node: follows services, endpoints, this node and its pods, and keeps rules, bridge and settings so.

    run(config, calls)    for ever, with a view of its own
    serve(config, view)   the same over a view that somebody follows (`followed` says what, `INDEXES` how)
    remove(config)        takes away everything that was made: rules, bridge, addresses, files; settings go back

Changes are gathered for a moment and go to the kernel in one transaction. A table that was there before is replaced in
one transaction too, so a restart loses no packet.
"""

import asyncio
import json
import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from picok8s.api import objects
from picok8s.api.objects import Object
from picok8s.client.calls import Calls
from picok8s.client.view import View, follow
from picok8s.network import cni, conntrack, firewall, hostports, leave, news, services, sysctls
from picok8s.network.family import FAMILIES, Family, networks
from picok8s.network.skeleton import Here, skeleton
from picok8s.network.table import EMPTY, TABLE, Owner, Piece, Table

SLICES = "endpointslices.discovery.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"  # A label of slices.
ZONE = "topology.kubernetes.io/zone"  # A label of nodes.

GATHER_S = 0.01  # Changes that come together are applied together; this is all that a change waits.
COMMAND_S = 60.0
RETRY_MIN_S, RETRY_MAX_S = 1.0, 30.0
MTU = 1500  # Where there is no default route to learn it from.

log = logging.getLogger("picok8s.network")


@dataclass(frozen=True, slots=True)
class Config:
    node: str
    pod_networks: tuple[str, ...]  # Of the cluster, one for each family.
    service_networks: tuple[str, ...]
    cni_folder: Path  # Where the runtime looks for the pod network's configuration.
    state_folder: Path  # Of the network's own: what settings were.
    run_folder: Path  # Emptied by a restart of the machine: addresses in use.
    answered: frozenset[str] = frozenset()  # Service addresses that this node answers itself: DNS.
    bridge: str = "picok8s0"
    mtu: int = 0  # Of pods; 0: that of the interface of the default route.


@dataclass(slots=True)
class Health:
    """What is told about the network. `ready` once the rules of all services and the pod network were in place."""

    ready: asyncio.Event = field(default_factory=asyncio.Event)
    problems: dict[str, str] = field(default_factory=dict)  # What is wrong, by what it concerns.

    def say(self, subject: str, problem: str) -> None:
        if problem and self.problems.get(subject) != problem:
            log.warning('event="network problem" subject=%s problem=%r', subject, problem)
        if problem:
            self.problems[subject] = problem
        else:
            self.problems.pop(subject, None)


def by_service(slice_: Object) -> Iterable[str]:
    name = objects.labels(slice_).get(SERVICE_NAME)
    return (f"{objects.namespace(slice_)}/{name}",) if name else ()


INDEXES: dict[str, dict[str, Callable[[Object], Iterable[str]]]] = {SLICES: {"service": by_service}}


def followed(node: str) -> dict[str, str]:
    """The resources that the view must hold, each with its field selector."""
    return {"services": "", SLICES: "", "pods": f"spec.nodeName={node}", "nodes": f"metadata.name={node}"}


async def run(config: Config, calls: Calls, health: Health | None = None) -> None:
    view = View(INDEXES)
    async with asyncio.TaskGroup() as tasks:
        for resource, fields in followed(config.node).items():
            tasks.create_task(follow(calls, view, resource, fields=fields))
        tasks.create_task(serve(config, view, health))


async def serve(config: Config, view: View, health: Health | None = None) -> None:
    health = health or Health()
    proxy = Proxy(config, view, health)
    links = Links(config, view, health)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(links.keep())
        tasks.create_task(proxy.keep())
        tasks.create_task(proxy.guard())
        await proxy.applied.wait()
        await links.made.wait()
        health.ready.set()


async def remove(config: Config) -> None:
    """Leaves nothing. What is not there is no failure, so this may be called at any time."""
    await close_firewall(config)
    for command in leave.commands(config.bridge):
        await call(*command)
    left = left_by_pods(config)
    for one in left:
        await call("umount", "--lazy", one.netns)
    remove_files(config, left)
    turn_back(config)


def left_by_pods(config: Config) -> list[cni.Left]:
    remembered = [result.read_text() for result in cni.RESULTS.glob(f"{cni.NAME}-*")]
    return [one for one in (cni.left(text, str(addresses(config))) for text in remembered) if one]


def remove_files(config: Config, left: list[cni.Left]) -> None:
    for one in left:
        if one.netns:
            Path(one.netns).unlink(missing_ok=True)
        for each in cni.RESULTS.glob(f"*-{one.container}-*"):  # The loopback of the same pod too.
            each.unlink(missing_ok=True)
    (config.cni_folder / cni.FILE).unlink(missing_ok=True)
    shutil.rmtree(addresses(config), ignore_errors=True)


def turn_back(config: Config) -> None:
    for name, value in read_saved(config).items():
        with suppress(OSError):
            if sysctl(name) == sysctls.ON:  # Who changed it meanwhile meant it.
                write_sysctl(name, value)
    saved_file(config).unlink(missing_ok=True)


class Proxy:
    """The rules: which objects changed, and their way into the kernel."""

    def __init__(self, config: Config, view: View, health: Health) -> None:
        self.config, self.view, self.health = config, view, health
        self.here = Here(config.node, config.pod_networks, config.service_networks, answered=config.answered)
        self.tables: dict[Family, Table] = {}
        self.changed: set[Owner] = set()
        self.refused: set[Owner] = set()
        self.all_changed = True
        self.wake = asyncio.Event()
        self.applied = asyncio.Event()  # The first time.
        for resource, hears in (
            ("services", self.service_changed),
            (SLICES, self.slice_changed),
            ("pods", self.pod_changed),
            ("nodes", self.node_changed),
        ):
            view.subscribe(resource, hears)

    def service_changed(self, kind: str, new: Object, old: Object | None) -> None:
        self.change(("service", objects.namespace(new), objects.name(new)))

    def slice_changed(self, kind: str, new: Object, old: Object | None) -> None:
        for one in (new, old) if old else (new,):
            for key in by_service(one):
                self.change(("service", *key.split("/")))

    def pod_changed(self, kind: str, new: Object, old: Object | None) -> None:
        if any(hostports.ports(one["spec"]) for one in (new, old) if one):
            self.change(("pod", objects.namespace(new), objects.name(new)))

    def node_changed(self, kind: str, new: Object, old: Object | None) -> None:
        if objects.name(new) == self.config.node and objects.labels(new).get(ZONE, "") != self.here.zone:
            self.all_changed = True
            self.wake.set()

    def change(self, owner: Owner) -> None:
        self.changed.add(owner)
        self.wake.set()

    async def keep(self) -> None:
        await self.view.until_synced(*followed(self.config.node))
        pause = RETRY_MIN_S
        while True:
            self.wake.clear()
            await self.bring()
            if not self.all_changed:
                self.applied.set()
            pause = min(pause * 2, RETRY_MAX_S) if self.refused or self.all_changed else RETRY_MIN_S
            try:
                async with asyncio.timeout(pause if self.refused or self.all_changed else None):
                    await self.wake.wait()
                await asyncio.sleep(GATHER_S)
            except TimeoutError:
                self.changed |= self.refused

    async def bring(self) -> None:
        """Bring what changed into the kernel. What it refuses stays in `refused`, to be tried again."""
        if self.all_changed:
            problem = await self.bring_all()
            self.all_changed = bool(problem)
            self.health.say("rules", problem)
        if self.changed and not self.all_changed:
            owners, self.changed = self.changed, set()
            problems: dict[Owner, str] = {}
            for family, table in self.tables.items():
                problems |= await self.update(table, {owner: self.piece(owner, family) for owner in owners})
            self.refused = (self.refused - owners) | problems.keys()
            problem = "; ".join(f"{'/'.join(owner)}: {text}" for owner, text in problems.items())
            if problem or not self.refused:  # Otherwise what is wrong has been said.
                self.health.say("rules", problem)

    async def bring_all(self) -> str:
        self.changed, self.refused = set(), set()
        node = self.view.get("nodes", self.config.node)
        zone = objects.labels(node).get(ZONE, "") if node else ""
        self.here = replace(self.here, zone=zone)
        owners: list[Owner] = [("service", objects.namespace(o), objects.name(o)) for o in self.view.list("services")]
        owners += [("pod", objects.namespace(o), objects.name(o)) for o in self.view.list("pods")]
        families = [family for family in FAMILIES if networks(family, self.config.pod_networks)]
        pieces = {family: {owner: self.piece(owner, family) for owner in owners} for family in families}
        self.tables = self.bare_tables(families)
        for family, table in self.tables.items():
            table.update(pieces[family])
        problem = await nft("".join(table.replace() for table in self.tables.values()))
        if not problem:
            return ""
        # Either nothing can be done here, or one object is at fault: begin without any, and find it.
        self.tables = self.bare_tables(families)
        if await nft("".join(table.replace() for table in self.tables.values())):
            return problem
        self.changed = set(owners)
        return ""

    def bare_tables(self, families: list[Family]) -> dict[Family, Table]:
        return {family: Table(family, skeleton(family, self.here)) for family in families}

    def piece(self, owner: Owner, family: Family) -> Piece:
        kind, namespace, name = owner
        if kind == "pod":
            pod = self.view.get("pods", name, namespace)
            if pod is None or pod["spec"].get("nodeName") != self.config.node:
                return EMPTY
            return hostports.piece(pod, family)
        service = self.view.get("services", name, namespace)
        if service is None:
            return EMPTY
        return services.piece(service, self.view.by(SLICES, "service", f"{namespace}/{name}"), family, self.here)

    async def update(self, table: Table, changes: dict[Owner, Piece]) -> dict[Owner, str]:
        """One transaction. Where the kernel refuses it, what it refuses is searched, so that one object that it cannot
        take keeps its own last rules and no other object waits for it.
        """
        before = {owner: table.pieces.get(owner, EMPTY) for owner in changes}
        text = table.update(changes)
        if not text:
            return {}
        problem = await nft(text)
        if problem:
            problem = await nft(table.replace())  # Somebody may have flushed our table.
        if not problem:
            await self.forget(before, changes)
            return {}
        table.update(before)
        if len(changes) == 1:
            return dict.fromkeys(changes, problem)
        owners = list(changes)
        refused: dict[Owner, str] = {}
        for half in (owners[: len(owners) // 2], owners[len(owners) // 2 :]):
            refused |= await self.update(table, {owner: changes[owner] for owner in half})
        return refused

    async def forget(self, before: dict[Owner, Piece], after: dict[Owner, Piece]) -> None:
        """Stale UDP connections."""
        if shutil.which("conntrack") is None:
            return
        for owner, piece in after.items():
            for arguments in conntrack.deletions(before[owner].flows, piece.flows):
                await call("conntrack", *arguments)

    async def guard(self) -> None:
        """Put the table back when somebody deletes it, as `nft flush ruleset` and reloads of firewalls do, and have a
        word with iptables when it comes.
        """
        await self.applied.wait()
        self.health.say("firewall", await open_firewall(self.config))
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_NETFILTER) as told:
            told.bind((0, 0))
            told.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTABLES)
            loop = asyncio.get_running_loop()
            while True:
                try:
                    message = await loop.sock_recv(told, 65536)
                except OSError:  # More news than the socket holds: look.
                    message = b""
                if message and not news.is_of_tables(message):
                    continue
                present, _ = await output("nft", "list", "tables")
                if any(f"table {family.table} {TABLE}" not in present.splitlines() for family in self.tables):
                    log.warning('event="rules were deleted by another program" action="put back"')
                    self.all_changed = True
                    self.wake.set()
                self.health.say("firewall", await open_firewall(self.config))


NETLINK_NETFILTER, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTABLES = 12, 270, 1, 7


class Links:
    """The bridge, the settings and the file that tells the runtime of the pod network."""

    def __init__(self, config: Config, view: View, health: Health) -> None:
        self.config, self.view, self.health = config, view, health
        self.made = asyncio.Event()
        self.wake = asyncio.Event()
        view.subscribe("nodes", lambda kind, new, old: self.wake.set())

    async def keep(self) -> None:
        """Once the node has its range, and again whenever that changes."""
        ranges: tuple[str, ...] = ()
        pause = RETRY_MIN_S
        while True:
            self.wake.clear()
            node = self.view.get("nodes", self.config.node)
            found = pod_ranges(node) if node else ()
            if found and found != ranges:
                problem = await make_links(self.config, found)
                self.health.say("links", problem)
                if problem:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, RETRY_MAX_S)
                    continue
                ranges, pause = found, RETRY_MIN_S
                self.made.set()
            await self.wake.wait()


def pod_ranges(node: Object) -> tuple[str, ...]:
    spec = node.get("spec") or {}
    one = spec.get("podCIDR")
    return tuple(spec.get("podCIDRs") or ((one,) if one else ()))


async def open_firewall(config: Config) -> str:
    """The problem, or ""."""
    for family in await with_iptables():
        there = firewall.rules(family, config.pod_networks, "-C")
        for check, insert in zip(there, firewall.rules(family, config.pod_networks, "-I"), strict=True):
            if await call(*check) and (problem := await call(*insert)):
                return f"iptables may drop packets of pods: {problem}"
    return ""


async def close_firewall(config: Config) -> None:
    for family in await with_iptables():
        for command in firewall.rules(family, config.pod_networks, "-D"):
            await call(*command)


async def with_iptables() -> list[Family]:
    """The families that iptables filters. Asking iptables itself would make its tables."""
    tables, _ = await output("nft", "list", "tables")
    return [family for family in FAMILIES if firewall.is_used(family, tables, old_tables(family))]


def old_tables(family: Family) -> str:
    try:
        return Path("/proc/net", f"{family.table}_tables_names").read_text()
    except OSError:
        return ""


async def make_links(config: Config, ranges: tuple[str, ...]) -> str:
    """The problem, or ""."""
    try:
        turn_on(config, {4 if "." in one else 6 for one in ranges})
    except OSError as error:
        return f"a kernel setting cannot be changed: {error}"
    if not has_bridge_filter():
        await call("modprobe", "br_netfilter")
        if not has_bridge_filter():
            return "the kernel module br_netfilter is missing: pods of one node cannot reach each other by services"
    bridge = cni.Bridge(config.bridge, ranges, config.service_networks, config.mtu or await default_mtu())
    exists = is_link(bridge.name)
    for command in cni.make(bridge, exists, await addresses_of(bridge.name) if exists else []):
        problem = await call("ip", *command)
        if problem:
            return f"ip {' '.join(command)}: {problem}"
    config.cni_folder.mkdir(parents=True, exist_ok=True)
    write(config.cni_folder / cni.FILE, cni.conflist(bridge, str(addresses(config))))
    return ""


def has_bridge_filter() -> bool:
    return Path("/proc/sys/net/bridge").exists()


def is_link(name: str) -> bool:
    try:
        return socket.if_nametoindex(name) > 0
    except OSError:
        return False


def turn_on(config: Config, versions: set[int]) -> None:
    settings = sysctls.wanted(versions)
    saved = sysctls.changes(settings, sysctl, read_saved(config))
    config.state_folder.mkdir(parents=True, exist_ok=True)
    write(saved_file(config), json.dumps(saved))  # First: a crash in between must not lose what was.
    for setting in settings:
        if sysctl(setting) != sysctls.ON:
            write_sysctl(setting, sysctls.ON)


def sysctl(name: str) -> str:
    return Path("/proc/sys", name).read_text().strip()


def write_sysctl(name: str, value: str) -> None:
    Path("/proc/sys", name).write_text(value)


def saved_file(config: Config) -> Path:
    return config.state_folder / "sysctls.json"


def read_saved(config: Config) -> dict[str, str]:
    try:
        return dict(json.loads(saved_file(config).read_text()))
    except (OSError, ValueError):
        return {}


def addresses(config: Config) -> Path:
    return config.run_folder / "addresses"


def write(path: Path, text: str) -> None:
    """Whole or not at all: the runtime may read at any time."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


async def default_mtu() -> int:
    text, _ = await output("ip", "-json", "route", "show", "default")
    links = [route["dev"] for route in json.loads(text or "[]") if "dev" in route]
    if not links:
        return MTU
    text, _ = await output("ip", "-json", "link", "show", "dev", links[0])
    return int(json.loads(text or "[]")[0]["mtu"]) if text else MTU


async def addresses_of(link: str) -> list[str]:
    text, _ = await output("ip", "-json", "address", "show", "dev", link, "scope", "global")
    found = [one for entry in json.loads(text or "[]") for one in entry.get("addr_info") or ()]
    return [f"{one['local']}/{one['prefixlen']}" for one in found if "local" in one]


async def nft(text: str) -> str:
    """One transaction. The kernel's complaint, or ""."""
    _, problem = await output("nft", "-f", "-", given=text)
    return problem


async def call(*command: str) -> str:
    _, problem = await output(*command)
    return problem


async def output(*command: str, given: str = "") -> tuple[str, str]:
    """(what it printed, what it complained when it failed)."""
    try:
        pipe = asyncio.subprocess.PIPE
        stdin = pipe if given else asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, stdin=stdin, stdout=pipe, stderr=pipe)
    except OSError as error:
        return "", f"{command[0]} cannot be run: {error}"
    try:
        async with asyncio.timeout(COMMAND_S):
            printed, complaint = await process.communicate(given.encode() if given else None)
    except TimeoutError:
        return "", f"{command[0]} took more than {COMMAND_S:.0f} s"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    problem = complaint.decode(errors="replace").strip()[:2000]
    return printed.decode(errors="replace"), (problem or f"exit {process.returncode}") if process.returncode else ""
