"""Import, export and list the container images of this node."""

import argparse
import subprocess
import sys
from pathlib import Path

from picok8s.cli import control, ctr
from picok8s.cli.problem import Problem
from picok8s.daemon.paths import Paths


def arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", required=True)
    into = kinds.add_parser("import", help="read images from archives (docker or OCI form)")
    into.add_argument("files", nargs="*", default=["-"], metavar="FILE", help="- is the standard input")
    out = kinds.add_parser("export", help="write images into one archive")
    out.add_argument("file", metavar="FILE", help="- is the standard output")
    out.add_argument("names", nargs="+", metavar="IMAGE")
    kinds.add_parser("list", help="list images")


def run(args: argparse.Namespace) -> int:
    control.must_be_root()
    paths = Paths(args.root)
    control.must_run(paths)
    base = [*ctr.command(paths), "images"]
    if args.what == "list":
        return subprocess.run([*base, "list"], check=False).returncode
    if args.what == "export":
        return subprocess.run([*base, "export", args.file, *args.names], check=False).returncode
    for name in args.files:
        if name != "-" and not Path(name).exists():
            raise Problem(f"there is no file {name}")
        done = subprocess.run([*base, "import", "--all-platforms", name], check=False, stdin=sys.stdin)
        if done.returncode:
            return done.returncode
    return 0
