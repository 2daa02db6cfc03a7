"""`picok8s version`: of picok8s, of the Kubernetes API that it serves, and of the engines below."""

import argparse
import subprocess

import picok8s

ENGINES = (("containerd", "--version"), ("runc", "--version"), ("nft", "--version"))


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    from picok8s.apiserver.discovery import MAJOR, MINOR, PATCH

    print(f"picok8s {picok8s.__version__}")
    print(f"Kubernetes API {MAJOR}.{MINOR}.{PATCH}")
    for name, flag in ENGINES:
        print(engine(name, flag))
    return 0


def engine(name: str, flag: str) -> str:
    """The first line that a program says of its version."""
    try:
        said = subprocess.run([name, flag], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return f"{name}: not installed"
    return said.splitlines()[0] if said else f"{name}: no version"
