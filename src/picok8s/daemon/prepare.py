"""Before the first process starts: folders, keys, the kubeconfig, containerd's configuration. All of it harmless to repeat."""

import ipaddress
import subprocess
import time
from pathlib import Path

from picok8s.cluster import certificates, kubeconfig
from picok8s.daemon.config import Config
from picok8s.daemon.paths import Paths
from picok8s.node import engine

CNI_DIRS = ("/opt/cni/bin", "/usr/lib/cni")


def prepare(paths: Paths, config: Config) -> None:
    for folder in paths.made():
        folder.mkdir(parents=True, exist_ok=True)
    for folder in (paths.state, paths.keys, paths.run):
        folder.chmod(0o700)
    keys(paths, config)
    containerd(paths)


def keys(paths: Paths, config: Config) -> None:
    """Certificates of this node, made or renewed, and the administrator's kubeconfig."""
    addresses = ["127.0.0.1", config.address, config.service_ip, *filter(_is_address, config.extra_sans)]
    certificates.ensure(paths.keys, tuple(dict.fromkeys(addresses)), config.node_name, time.time())
    credentials = kubeconfig.by_certificate(
        (paths.keys / "admin.crt").read_bytes(), (paths.keys / "admin.key").read_bytes()
    )
    server = f"https://127.0.0.1:{config.api_port}"
    made = kubeconfig.kubeconfig(server, (paths.keys / "ca.crt").read_bytes(), "admin", credentials)
    certificates.write(paths.kubeconfig, kubeconfig.dump(made))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def containerd(paths: Paths) -> None:
    """Its configuration, in the form that the installed version reads."""
    said = subprocess.run(["containerd", "--version"], capture_output=True, text=True, check=True).stdout
    facts = engine.EngineFacts(
        version=said,
        root=str(paths.containerd),
        state=str(paths.run / "containerd"),
        socket=str(paths.containerd_socket),
        cni_bin_dirs=tuple(d for d in CNI_DIRS if Path(d, "bridge").exists()) or CNI_DIRS[-1:],
        cni_conf_dir=str(paths.cni_conf),
        registry_dir=str(paths.registries),
        restrict_oom_score=engine.must_restrict_oom_score(Path("/proc/self/status").read_text()),
    )
    paths.containerd_config.write_text(engine.config_text(facts))
