"""Find what is wrong with this node, say what to do, and make a report that holds no secret."""

import argparse
import io
import json
import os
import subprocess
import tarfile
import time
from pathlib import Path

from picok8s.cli import cluster, control, logs, packages, troubles, version
from picok8s.cli.problem import Problem
from picok8s.daemon.config import ConfigError, load
from picok8s.daemon.paths import Paths

LOG_TAIL = 2_000_000  # Bytes of each log.
# What the machine says, command by command. None of them prints a key, a token or a Secret.
COMMANDS: dict[str, tuple[str, ...]] = {
    "machine/uname": ("uname", "-a"),
    "machine/memory": ("free", "-m"),
    "machine/disk": ("df", "-h"),
    "machine/mounts": ("cat", "/proc/mounts"),
    "machine/processes": ("ps", "-eo", "pid,ppid,rss,etime,args"),
    "network/addresses": ("ip", "address"),
    "network/routes": ("ip", "route"),
    "network/nftables": ("nft", "list", "ruleset"),
    "network/resolv.conf": ("cat", "/etc/resolv.conf"),
}
OBJECTS = (
    "nodes",
    "pods",
    "services",
    "events",
    "deployments.apps",
    "replicasets.apps",
    "endpointslices.discovery.k8s.io",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", "-o", metavar="FILE", help="of the report; default: picok8s-report-TIME.tar.gz here"
    )
    parser.add_argument("--no-report", action="store_true", help="only look, write no report")


def run(args: argparse.Namespace) -> int:
    control.must_be_root()
    paths = Paths(args.root)
    found = troubles.look(observe(paths))
    for trouble in found:
        print(f"- {trouble.what}\n    {trouble.cure}")
    if not found:
        print("nothing is wrong that picok8s knows of")
    if not args.no_report:
        name = Path(args.output or f"picok8s-report-{time.strftime('%Y%m%d-%H%M%S')}.tar.gz")
        report(paths, name, found)
        print(f"the report is {name}")
    return 1 if found else 0


def observe(paths: Paths) -> troubles.Facts:
    """What the checks need to know of this machine."""
    try:
        config, problem = load(paths.config), ""
    except ConfigError as error:
        config, problem = None, str(error)
    state = control.now(paths)
    ready = bool(state) and state["components"]["server"]["state"] == "ready" if state else False
    nodes, _ = cluster.nodes(paths) if ready else ([], "")
    existing = next(p for p in (paths.state, *paths.state.parents) if p.exists())
    disk = os.statvfs(existing)
    memory = {line.split(":")[0]: int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines()}
    return troubles.Facts(
        running=control.is_running(paths),
        stopping=paths.stopping.exists(),
        config_problem=problem,
        components={name: part for name, part in (state or {"components": {}})["components"].items()},
        nodes=nodes,
        missing_packages=packages.missing(),
        disk_free=disk.f_bavail * disk.f_frsize,
        disk_size=disk.f_blocks * disk.f_frsize,
        inodes_free=disk.f_favail,
        memory_free_kib=memory["MemAvailable"],
        swap_kib=memory["SwapTotal"],
        forwarding=_text("/proc/sys/net/ipv4/ip_forward") == "1",
        inotify=int(_text("/proc/sys/fs/inotify/max_user_instances") or "0"),
        nameservers=[line.split()[1] for line in _text("/etc/resolv.conf").splitlines() if line.startswith("nameserver ")],
        certificates={path.stem: troubles.days_left(path, time.time()) for path in sorted(paths.keys.glob("*.crt"))},
        clock=time.time(),
        datastore=paths.datastore.stat().st_size if paths.datastore.exists() else 0,
        api_port=config.api_port if config else 0,
        other_cni=[str(p) for p in Path("/etc/cni/net.d").glob("*.conf*")] if Path("/etc/cni/net.d").is_dir() else [],
        cgroup_memory=any(Path("/sys/fs/cgroup").glob("memory*")) or "memory" in _text("/sys/fs/cgroup/cgroup.controllers"),
        log_tails={name: _tail(paths.log(name), 20_000).decode(errors="replace") for name in logs.COMPONENTS},
    )  # fmt: skip


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _tail(path: Path, size: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read()
    except OSError:
        return b""


def report(paths: Paths, name: Path, found: list[troubles.Trouble]) -> None:
    """A tarball of logs, of what the machine says, and of objects that hold no secrets. Raises Problem."""
    parts = {f"logs/{log.name}": _tail(log, LOG_TAIL) for log in sorted(paths.logs.glob("*.log"))}
    parts["troubles"] = "".join(f"{t.what}\n  {t.cure}\n" for t in found).encode()
    parts["versions"] = "\n".join(version.engine(*engine) for engine in version.ENGINES).encode()
    if paths.config.exists():
        parts["config.yaml"] = paths.config.read_bytes()
    for target, command in COMMANDS.items():
        try:
            done = subprocess.run(command, capture_output=True, timeout=20, check=False)
            parts[target] = done.stdout + done.stderr
        except (OSError, subprocess.TimeoutExpired) as error:
            parts[target] = str(error).encode()
    for resource in OBJECTS if control.is_running(paths) else ():
        try:
            parts[f"cluster/{resource}.json"] = json.dumps(
                cluster.get(paths, cluster.path(resource)), indent=1
            ).encode()
        except OSError as error:
            parts[f"cluster/{resource}.json"] = str(error).encode()
    try:
        with tarfile.open(name, "w:gz") as tar:
            for part, data in parts.items():
                entry = tarfile.TarInfo(f"picok8s-report/{part}")
                entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
                tar.addfile(entry, io.BytesIO(data))
        name.chmod(0o600)
    except OSError as error:
        raise Problem(f"the report could not be written: {error}") from None
