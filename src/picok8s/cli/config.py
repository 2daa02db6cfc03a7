"""Print a kubeconfig of the administrator, for kubectl and other clients."""

import argparse
import sys

import yaml

from picok8s.cli.problem import Problem
from picok8s.daemon.config import load
from picok8s.daemon.paths import Paths


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--use-loopback", "-l", action="store_true", help="reach the server at 127.0.0.1")


def run(args: argparse.Namespace) -> int:
    paths = Paths(args.root)
    try:
        text = paths.kubeconfig.read_text()
    except FileNotFoundError:
        raise Problem("there is no cluster on this machine yet; `sudo picok8s start` makes one") from None
    except PermissionError:
        raise Problem("this needs root; type it again with sudo") from None
    if not args.use_loopback:
        config = load(paths.config)
        kubeconfig = yaml.safe_load(text)
        kubeconfig["clusters"][0]["cluster"]["server"] = f"https://{config.address}:{config.api_port}"
        text = yaml.dump(kubeconfig, sort_keys=False)
    sys.stdout.write(text)
    return 0
