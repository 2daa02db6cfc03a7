"""Show the log of a component."""

import argparse
import os
import shutil

from picok8s.cli.problem import Problem
from picok8s.daemon.paths import Paths

COMPONENTS = ("supervisor", "containerd", "server", "node")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("component", nargs="?", choices=COMPONENTS, help="default: all of them")
    parser.add_argument("--follow", "-f", action="store_true", help="go on as lines are written")
    parser.add_argument("--lines", "-n", type=int, default=100, help="how many to show at first (default 100)")


def run(args: argparse.Namespace) -> int:
    paths = Paths(args.root)
    names = (args.component,) if args.component else COMPONENTS
    there = [str(paths.log(name)) for name in names if paths.log(name).exists()]
    if not there:
        raise Problem(f"there is no log below {paths.logs}; `sudo picok8s start` starts the node")
    if not os.access(there[0], os.R_OK):
        raise Problem("this needs root; type it again with sudo")
    tail = shutil.which("tail") or "/usr/bin/tail"
    os.execv(tail, ["tail", f"--lines={args.lines}", *(["--follow=name", "--retry"] if args.follow else []), *there])
