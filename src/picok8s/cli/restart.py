"""Stop the node and start it again."""

import argparse

from picok8s.cli import start, stop


def arguments(parser: argparse.ArgumentParser) -> None:
    start.arguments(parser)


def run(args: argparse.Namespace) -> int:
    stop.control.must_be_root()
    stop.stop(start.Paths(args.root))
    return start.run(args)
