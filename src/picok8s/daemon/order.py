"""The components of a node, in the order in which they start; they stop in reverse."""

import sys

from picok8s.daemon.component import Component
from picok8s.daemon.paths import Paths


def components(paths: Paths) -> tuple[Component, ...]:
    python = (sys.executable, "-m", "picok8s", "--root", str(paths.root))
    return (
        Component("containerd", ("containerd", "--config", str(paths.containerd_config)), says_ready=False),
        Component("server", (*python, "run-server")),
        Component("node", (*python, "run-node"), then=(*python, "clean")),
    )
