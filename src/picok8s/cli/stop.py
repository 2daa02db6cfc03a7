"""Stop the node: pods first, then the components. No process, mount, network or rule of picok8s is left."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from picok8s.cli import control, systemd
from picok8s.cli.problem import Problem
from picok8s.daemon import processes
from picok8s.daemon.paths import Paths

GRACE_S = 30
END_S = 120.0  # In which everything else has ended.


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        type=int,
        default=GRACE_S,
        metavar="SECONDS",
        help=f"how long pods may take to end, if they ask for so much (default {GRACE_S})",
    )


def run(args: argparse.Namespace) -> int:
    control.must_be_root()
    paths = Paths(args.root)
    if not control.is_running(paths) and not paths.run.exists():
        print("picok8s is not running")
        return 0
    began = time.monotonic()
    stop(paths, args.timeout)
    print(f"picok8s is stopped after {time.monotonic() - began:.1f} s; `picok8s start` brings the same workloads back")
    return 0


def stop(paths: Paths, grace: int = GRACE_S) -> None:
    """The node agent ends, its pods are removed by `clean` while containerd still runs, then the rest ends in reverse."""
    if not paths.run.exists():
        return
    paths.stopping.write_text(str(grace))
    systemd.stop(paths)
    if pid := processes.running(paths.pid("supervisor")):
        processes.end(pid, grace + END_S)
    clean(paths)
    delete(paths.run)


def delete_logs(paths: Paths) -> None:
    """The pods' logs, which outlive a stop."""
    from picok8s.daemon import clean

    clean.logs(paths)


def delete(*folders: Path) -> None:
    """Raises Problem, and deletes nothing, while something is mounted there."""
    from picok8s.daemon import clean

    try:
        clean.delete(*folders)
    except OSError as error:
        raise Problem(f"{error}, so nothing below it is deleted; unmount it and type this again") from None


def clean(paths: Paths) -> None:
    """Remove what a supervisor that was killed may have left, too."""
    subprocess.run([sys.executable, "-m", "picok8s", "--root", str(paths.root), "clean"], check=False)
