"""The node's configuration: one YAML file, read once, checked; unknown keys are errors. A missing file is all defaults."""

import ipaddress
import socket
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml


class ConfigError(Exception):
    """The configuration cannot be used; the message names the key and what it may be."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting with its default; the keys of the file are these names."""

    node_name: str = ""  # Default: the host name, in lower case.
    address: str = ""  # The node's address that others reach; default: of the default route's interface.
    api_port: int = 16443
    node_port: int = 10250  # Of the node's own API.
    pod_cidr: str = "10.1.0.0/16"
    service_cidr: str = "10.152.183.0/24"
    dns_address: str = ""  # Default: the tenth address of the services.
    cluster_domain: str = "cluster.local"
    node_ports: str = "30000-32767"
    dns_upstreams: tuple[str, ...] = ()  # Default: those of /etc/resolv.conf.
    extra_sans: tuple[str, ...] = ()  # More names and addresses in the server's certificate.
    bridge: str = "picok8s0"  # The pods' bridge on this machine.

    @property
    def dns(self) -> str:
        return self.dns_address or str(ipaddress.ip_network(self.service_cidr)[10])

    @property
    def service_ip(self) -> str:
        """Of the API server."""
        return str(ipaddress.ip_network(self.service_cidr)[1])

    @property
    def node_port_range(self) -> tuple[int, int]:
        low, _, high = self.node_ports.partition("-")
        return int(low), int(high)


def load(path: Path) -> Config:
    """The configuration of a file. Raises ConfigError."""
    if not path.exists():
        return complete(Config())
    try:
        given = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    except (yaml.YAMLError, OSError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    return complete(read(given, str(path)))


def read(given: Any, where: str) -> Config:
    """A Config from parsed YAML. Raises ConfigError that names the key."""
    if not isinstance(given, dict):
        raise ConfigError(f"{where}: a map of settings is wanted, not {type(given).__name__}")
    known = {f.name: f for f in fields(Config)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise ConfigError(f"{where}: there is no setting {key!r}; there are {', '.join(sorted(known))}")
        default = known[key].default
        if isinstance(default, tuple):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise ConfigError(f"{where}: {key} is a list of words")
            values[key] = tuple(value)
        elif type(value) is not type(default):
            raise ConfigError(f"{where}: {key} is a {type(default).__name__}, not {value!r}")
        else:
            values[key] = value
    config = Config(**values)
    _check(config, where)
    return config


def _check(config: Config, where: str) -> None:
    for key in ("pod_cidr", "service_cidr"):
        try:
            ipaddress.ip_network(getattr(config, key))
        except ValueError as error:
            raise ConfigError(f"{where}: {key}: {error}") from None
    if ipaddress.ip_network(config.pod_cidr).overlaps(ipaddress.ip_network(config.service_cidr)):
        raise ConfigError(f"{where}: pod_cidr and service_cidr overlap")
    for key in ("api_port", "node_port"):
        if not 0 < getattr(config, key) < 65536:
            raise ConfigError(f"{where}: {key} is between 1 and 65535")
    low, dash, high = config.node_ports.partition("-")
    if not (dash and low.isdigit() and high.isdigit() and 0 < int(low) <= int(high) < 65536):
        raise ConfigError(f"{where}: node_ports is of the form 30000-32767")


def complete(config: Config) -> Config:
    """Fill in what depends on the machine."""
    name = config.node_name or socket.gethostname().lower().rstrip(".")
    return replace(config, node_name=name, address=config.address or own_address())


def own_address() -> str:
    """The address that this machine would send from; loopback where it has no route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # No packet is sent; the kernel only picks the route.
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
