"""Delete everything in the cluster (objects, volumes, images), and begin with an empty one under the same keys."""

import argparse
import sys

from picok8s.cli import control, start, stop
from picok8s.cli.problem import Problem
from picok8s.daemon.paths import Paths


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    parser.add_argument("--keep-images", action="store_true", help="keep the container images")


def run(args: argparse.Namespace) -> int:
    control.must_be_root()
    paths = Paths(args.root)
    confirm(args.yes, f"This deletes every object and volume of the cluster below {paths.state}.")
    was_running = control.is_running(paths)
    stop.stop(paths, 0)
    stop.delete_logs(paths)
    stop.delete(paths.datastore.parent, paths.node, paths.cni_conf.parent)
    if not args.keep_images:
        stop.delete(paths.containerd)
    print("the cluster is empty")
    if was_running:
        args.wait, args.timeout, args.no_systemd = True, 120.0, False
        return start.run(args)
    return 0


def confirm(agreed: bool, what: str) -> None:
    """Raises Problem unless the person agrees."""
    if agreed:
        return
    if not sys.stdin.isatty():
        raise Problem(f"{what} Type it again with --yes")
    if input(f"{what}\nGo on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise Problem("nothing was changed")
