"""The system packages that a node needs: which are missing, and how Debian and Ubuntu install them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from picok8s.cli.problem import Problem

# Package -> a program or file that it brings, by which it is found wherever it came from.
NEEDED = {
    "containerd": ("containerd", "/opt/bin/containerd"),
    "runc": ("runc",),
    "containernetworking-plugins": ("/usr/lib/cni/bridge", "/opt/cni/bin/bridge"),
    "nftables": ("nft", "/usr/sbin/nft"),
    "conntrack": ("conntrack", "/usr/sbin/conntrack"),
    "catatonit": ("catatonit", "/usr/libexec/podman/catatonit"),
}


def missing() -> list[str]:
    return [package for package, signs in NEEDED.items() if not any(_there(sign) for sign in signs)]


def _there(sign: str) -> bool:
    return Path(sign).exists() if sign.startswith("/") else shutil.which(sign) is not None


def install(packages: list[str], agreed: bool) -> None:
    """Install by apt. Asks on a terminal unless it is agreed. Raises Problem."""
    listed = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise Problem(f"these are missing: {listed}; install them with this system's package manager, then start again")
    print(f"picok8s needs these system packages: {listed}")
    if not agreed:
        if not sys.stdin.isatty():
            raise Problem(f"type `picok8s start --yes` to install them, or `apt-get install {listed}` yourself")
        if input("Install them now? [Y/n] ").strip().lower() not in ("", "y", "yes"):
            raise Problem(f"nothing was changed; `apt-get install {listed}` installs them")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", *packages]
    with _no_services():
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:  # Lists may be old or were never fetched.
            subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False, capture_output=True)
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise Problem(f"apt-get could not install {listed}:\n  " + "\n  ".join(said))


class _no_services:
    """While packages are installed their own services are not started: picok8s runs its own containerd."""

    path = Path("/usr/sbin/policy-rc.d")

    def __enter__(self) -> None:
        self.made = not self.path.exists()
        if self.made:
            self.path.write_text("#!/bin/sh\nexit 101\n")
            self.path.chmod(0o755)

    def __exit__(self, *_: object) -> None:
        if self.made:
            self.path.unlink(missing_ok=True)
