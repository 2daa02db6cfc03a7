"""Where everything of one node is: below a root prefix, "" for the whole machine. Nothing else decides on a path."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    root: Path

    @property
    def state(self) -> Path:
        return self.root / "var/lib/picok8s"

    @property
    def config(self) -> Path:
        return self.root / "etc/picok8s/config.yaml"

    @property
    def run(self) -> Path:
        return self.root / "run/picok8s"

    @property
    def logs(self) -> Path:
        return self.root / "var/log/picok8s"

    @property
    def keys(self) -> Path:
        return self.state / "pki"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "admin.kubeconfig"

    @property
    def datastore(self) -> Path:
        return self.state / "db/store.sqlite"

    @property
    def node(self) -> Path:
        """Pods' volumes and what the node agent keeps."""
        return self.state / "node"

    @property
    def pod_logs(self) -> Path:
        """Of the whole machine where the node is the machine's: log collectors look there."""
        return self.root / "var/log/pods"

    @property
    def log_links(self) -> Path:
        return self.root / "var/log/containers"

    @property
    def cni_conf(self) -> Path:
        return self.state / "cni/net.d"

    @property
    def containerd(self) -> Path:
        return self.state / "containerd"

    @property
    def containerd_config(self) -> Path:
        return self.state / "containerd.toml"

    @property
    def registries(self) -> Path:
        """HOST/hosts.toml: mirrors of image registries."""
        return self.root / "etc/picok8s/certs.d"

    @property
    def containerd_socket(self) -> Path:
        return self.run / "containerd.sock"

    @property
    def control(self) -> Path:
        """The supervisor's socket, which tells what runs."""
        return self.run / "control.sock"

    @property
    def notify(self) -> Path:
        """Where components say that they are ready."""
        return self.run / "notify.sock"

    @property
    def lock(self) -> Path:
        """Held by the one supervisor."""
        return self.run / "supervisor.lock"

    @property
    def stopping(self) -> Path:
        """Exists while the node is being stopped: nobody is to be brought back then."""
        return self.run / "stopping"

    def pid(self, component: str) -> Path:
        return self.run / f"{component}.pid"

    def log(self, component: str) -> Path:
        return self.logs / f"{component}.log"

    def made(self) -> tuple[Path, ...]:
        """The folders that a node needs, secret ones first."""
        secret = (self.state, self.keys, self.datastore.parent, self.run)
        return (*secret, self.config.parent, self.logs, self.node, self.cni_conf, self.containerd, self.registries)
