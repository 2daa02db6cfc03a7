"""How one node agent is set up."""

from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Everything that the agent is told; it reads nothing else but the machine itself.

    name, addresses   the node's name and its own addresses, the first being the one that others use
    root              where pods' volumes are kept: R/var/lib/picok8s/node
    run               a folder of this boot, for secrets in memory: R/run/picok8s/node
    logs              R/var/log/pods; links for log agents go beside it
    socket            the runtime's
    cni_conf_dir      watched, so that the node is ready as soon as its network is
    cgroup_root       where pods' cgroups go: "/kubepods", or below the unit's own cgroup under systemd
    certificate, key, client_ca   files of the node's own HTTPS server; without them it serves nothing
    api_client_names  common names of client certificates that are the API server itself
    """

    name: str
    addresses: tuple[str, ...]
    root: str
    run: str
    logs: str
    socket: str
    cluster_dns: tuple[str, ...] = ("10.152.183.10",)
    cluster_domain: str = "cluster.local"
    cni_conf_dir: str = "/etc/cni/net.d"
    cgroup_root: str = "/kubepods"
    port: int = 10250
    listen: str = ""
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    api_client_names: tuple[str, ...] = ("picok8s-apiserver",)
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[Object, ...] = ()
    kubernetes_version: str = "v1.37.2"
    allowed_sysctls: tuple[str, ...] = ()
    resolv_conf: str = "/etc/resolv.conf"
