"""Run containerd's ctr with this node's containers (namespace k8s.io)."""

import os
import shutil
from pathlib import Path

from picok8s.cli import control
from picok8s.cli.problem import Problem
from picok8s.daemon.paths import Paths


def command(paths: Paths) -> list[str]:
    program = shutil.which("ctr")
    if program is None:
        raise Problem("ctr is not installed; it comes with containerd")
    return [program, "--address", str(paths.containerd_socket), "--namespace", "k8s.io"]


def passed(root: Path, words: list[str]) -> int:
    control.must_be_root()
    paths = Paths(root)
    control.must_run(paths)
    argv = command(paths)
    os.execv(argv[0], [*argv, *words])
