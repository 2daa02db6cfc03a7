"""Stop, and remove all that picok8s made on this machine. System packages stay; the last line says how to remove them."""

import argparse

from picok8s.cli import control, packages, stop, systemd
from picok8s.cli.reset import confirm
from picok8s.daemon.paths import Paths


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    control.must_be_root()
    paths = Paths(args.root)
    confirm(args.yes, f"This deletes the cluster, its data below {paths.state} and its configuration.")
    stop.stop(paths, 0)
    systemd.remove(paths)
    stop.delete_logs(paths)
    stop.delete(paths.state, paths.run, paths.logs, paths.config.parent)
    print("picok8s is gone from this machine")
    print(f"The system packages stay; `apt-get remove {' '.join(packages.NEEDED)}` removes those that only it needed.")
    return 0
