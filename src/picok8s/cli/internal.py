"""The processes of a node; the supervisor and the system start them, people do not."""

import argparse
import logging

from picok8s.daemon.paths import Paths

FORMAT = "%(asctime)s.%(msecs)03d %(levelname)s %(name)s %(message)s"


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    paths = Paths(args.root)
    if args.command == "daemon":
        from picok8s.daemon import run as supervisor

        return supervisor.main(paths)
    logging.basicConfig(format=FORMAT, datefmt="%Y-%m-%dT%H:%M:%S", level=logging.INFO)
    from picok8s.daemon import config

    settings = config.load(paths.config)
    if args.command == "run-server":
        from picok8s.daemon import server

        return server.main(paths, settings)
    from picok8s.daemon import clean, node

    return clean.main(paths, settings) if args.command == "clean" else node.main(paths, settings)
