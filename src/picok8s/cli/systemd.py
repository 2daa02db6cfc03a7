"""Where systemd runs, the supervisor is one unit of it."""

import shutil
import subprocess
import sys
from pathlib import Path

from picok8s.cli.problem import Problem
from picok8s.daemon.paths import Paths

UNIT = """[Unit]
Description=picok8s, Kubernetes on this machine
Documentation=file:{readme}
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={python} -m picok8s --root {root} daemon
ExecStopPost={python} -m picok8s --root {root} clean
WorkingDirectory={home}
Restart=always
RestartSec=100ms
# A supervisor that dies leaves its components alone; the next one takes them over.
KillMode=process
TimeoutStopSec=60
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
TasksMax=infinity

[Install]
WantedBy=multi-user.target
"""


def is_there() -> bool:
    return Path("/run/systemd/system").is_dir() and shutil.which("systemctl") is not None


def name(paths: Paths) -> str:
    """One unit for each root."""
    rest = str(paths.root).strip("/").replace("/", "-")
    return f"picok8s-{rest}.service" if rest else "picok8s.service"


def unit_file(paths: Paths) -> Path:
    return Path("/etc/systemd/system") / name(paths)


def text(paths: Paths) -> str:
    home = Path(__file__).parent.parent.parent
    return UNIT.format(python=sys.executable, root=paths.root, home=home, readme=home / "README.md")


def start(paths: Paths) -> None:
    """Install the unit when it is missing or old, and start it. Raises Problem."""
    unit = unit_file(paths)
    if not unit.exists() or unit.read_text() != text(paths):
        unit.write_text(text(paths))
        _systemctl("daemon-reload")
    _systemctl("enable", "--now", unit.name)


def stop(paths: Paths) -> bool:
    """Stop the unit; whether there was one."""
    if not is_there() or not unit_file(paths).exists():
        return False
    _systemctl("stop", unit_file(paths).name)
    return True


def remove(paths: Paths) -> None:
    unit = unit_file(paths)
    if is_there() and unit.exists():
        _systemctl("disable", "--now", unit.name)
        unit.unlink()
        _systemctl("daemon-reload")


def _systemctl(*words: str) -> None:
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"systemctl {' '.join(words)} failed: {done.stderr.strip()}")
