"""Set up what is missing on this machine and start the node. Running it again is harmless."""

import argparse
import shutil
import socket
import sys
import time
from pathlib import Path

from picok8s.cli import control, packages, systemd
from picok8s.cli.problem import Problem
from picok8s.daemon import guard
from picok8s.daemon.config import Config, ConfigError, load
from picok8s.daemon.paths import Paths

ENDS_MAX = 3  # Of a component while it is waited for; after that it will not come.
DISK_MIN = 500 * 1024 * 1024  # Bytes free, below which a datastore should not begin.


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="return when the node is Ready and DNS answers")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="how long to wait (default 120)")
    parser.add_argument("--yes", "-y", action="store_true", help="install missing system packages without asking")
    parser.add_argument("--no-systemd", action="store_true", help="do not install a unit even where systemd runs")


def run(args: argparse.Namespace) -> int:
    began = time.monotonic()
    control.must_be_root()
    paths = Paths(args.root)
    if not control.is_running(paths):
        config = _checked(paths)
        if absent := packages.missing():
            packages.install(absent, args.yes)
            print(f"installed {', '.join(absent)}")
        from picok8s.daemon import prepare

        prepare.prepare(paths, config)
        _launch(paths, args)
    elif not args.wait:
        print("picok8s is running already")
    if args.wait:
        _wait(paths, args.timeout)
        print(f"The node is Ready after {time.monotonic() - began:.1f} s.")
        print("Next: `picok8s kubectl get pods -A`, or `picok8s config > ~/.kube/config` for your own kubectl.")
    return 0


def _checked(paths: Paths) -> Config:
    """The configuration, after what commonly stands in the way was looked at. Raises Problem."""
    try:
        config = load(paths.config)
    except ConfigError as error:
        raise Problem(str(error)) from None
    for port, what in ((config.api_port, "api_port"), (config.node_port, "node_port")):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                raise Problem(
                    f"port {port} is taken by another program (`ss -ltnp 'sport = :{port}'` shows which); "
                    f"stop it, or set {what} in {paths.config}"
                ) from None
    existing = next(p for p in (paths.state, *paths.state.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    if free < DISK_MIN:
        raise Problem(
            f"only {free // 2**20} MiB are free below {existing}, and a node needs {DISK_MIN // 2**20}; make room first"
        )
    return config


def _launch(paths: Paths, args: argparse.Namespace) -> None:
    paths.stopping.unlink(missing_ok=True)
    if systemd.is_there() and not args.no_systemd:
        systemd.start(paths)
    else:
        guard.revive(paths)
    end = time.monotonic() + 10
    while control.now(paths) is None:  # A moment: to answer is the first thing that the supervisor does.
        if time.monotonic() > end:
            raise Problem(
                f"the supervisor did not start; `picok8s logs supervisor` or {paths.log('supervisor')} says why"
            )
        time.sleep(0.01)


def _wait(paths: Paths, timeout: float) -> None:
    """Until all components are ready, showing what is awaited. Raises Problem."""
    shown: set[str] = set()

    def tell(state: control.State) -> None:
        for name, part in state["components"].items():
            if part["state"] == "ready" and name not in shown:
                shown.add(name)
                print(f"  {name} is ready", file=sys.stderr)
            if part["state"] == "failed" and part["restarts"] >= ENDS_MAX:
                raise Problem(
                    f"{name} ends each time that it is started; the last it said is:\n{_last_line(paths.log(name))}"
                )

    if not control.until(paths, timeout, control.all_ready, tell):
        raise Problem(f"not ready after {timeout:.0f} s; `picok8s inspect` looks for the reason")


def _last_line(log: Path) -> str:
    with open(log, "rb") as source:
        source.seek(max(0, log.stat().st_size - 4096))
        lines = source.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing"
