"""`picok8s testing serve`: an API server in memory, without controllers, for tests."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["serve"])
    parser.add_argument("--port", type=int, default=0, help="default: a free one")


def run(args: argparse.Namespace) -> int:
    from picok8s.testing.serve import main

    return main(args.port)
