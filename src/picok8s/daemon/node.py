"""The node process: the agent that runs pods, the service proxy, the pod network and DNS, each a client of the API."""

import asyncio
import logging
import signal
import tempfile
from pathlib import Path
from typing import Any

import uvloop

from picok8s.api import objects
from picok8s.client.https import Https
from picok8s.client.view import View, follow
from picok8s.daemon import notify
from picok8s.daemon.config import Config
from picok8s.daemon.guard import guard
from picok8s.daemon.paths import Paths
from picok8s.dns import run as dns
from picok8s.network import run as network
from picok8s.node import engine
from picok8s.node import run as agent
from picok8s.node.config import NodeConfig

log = logging.getLogger("picok8s.node")

CATATONIT = ("/usr/libexec/podman/catatonit", "/usr/bin/catatonit")


def calls_of(paths: Paths, config: Config) -> Https:
    """The API as this node: it may do what a node may, and no more."""
    keys = paths.keys
    return Https(
        f"https://127.0.0.1:{config.api_port}",
        keys / "ca.crt",
        keys / "node-client.crt",
        keys / "node-client.key",
        agent="kubelet",
    )


def agent_config(paths: Paths, config: Config) -> NodeConfig:
    keys = paths.keys
    return NodeConfig(
        name=config.node_name,
        addresses=(config.address,),
        root=str(paths.node),
        run=str(paths.run / "node"),
        logs=str(paths.pod_logs),
        socket=str(paths.containerd_socket),
        cluster_dns=(config.dns,),
        cluster_domain=config.cluster_domain,
        cni_conf_dir=str(paths.cni_conf),
        port=config.node_port,
        certificate=str(keys / "node-server.crt"),
        key=str(keys / "node-server.key"),
        client_ca=str(keys / "ca.crt"),
        cgroup_root=cgroup_root(paths, config),
    )


def cgroup_root(paths: Paths, config: Config) -> str:
    """Where pods' cgroups are: cgroups are the machine's, so a node that is not the machine's has a root of its own."""
    return "/kubepods" if paths.root == Path("/") else f"/kubepods-{config.node_name}"


def network_config(paths: Paths, config: Config) -> network.Config:
    return network.Config(
        node=config.node_name,
        pod_networks=(config.pod_cidr,),
        service_networks=(config.service_cidr,),
        cni_folder=paths.cni_conf,
        state_folder=paths.state / "network",
        run_folder=paths.run / "network",
        answered=frozenset({config.dns}),
        bridge=config.bridge,
    )


def dns_config(config: Config) -> dns.Config:
    return dns.Config(
        addresses=(config.dns,),
        networks=(config.pod_cidr, config.service_cidr),
        domain=config.cluster_domain,
        upstreams=config.dns_upstreams,
    )


async def serve(paths: Paths, config: Config) -> None:
    """Runs until SIGTERM; pods run on when it ends."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    calls = calls_of(paths, config)
    health, names = network.Health(), dns.Health()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(guard(paths)),
            group.create_task(images(paths)),
            group.create_task(agent.run(agent_config(paths, config), calls)),
            group.create_task(network.run(network_config(paths, config), calls, health)),
            group.create_task(dns.run(dns_config(config), calls, names)),
            group.create_task(ready(config, calls, health, names)),
        ]
        await stop.wait()
        for task in tasks:
            task.cancel()
    await calls.close()


async def ready(config: Config, calls: Https, health: network.Health, names: dns.Health) -> None:
    """Tell the supervisor when the node is Ready, the network is in place and DNS answers."""
    await health.ready.wait()
    await names.ready.wait()
    view = View()
    nodes = asyncio.create_task(follow(calls, view, "nodes", fields=f"metadata.name={config.node_name}"))
    is_ready = asyncio.Event()

    def look(kind: str, node: dict[str, Any], old: dict[str, Any] | None) -> None:
        if objects.conditions(node).get("Ready", {}).get("status") == "True":
            is_ready.set()

    view.subscribe("nodes", look)
    await is_ready.wait()
    nodes.cancel()
    notify.ready("node")


async def images(paths: Paths) -> None:
    """The pause image is made here when containerd has not got it: a cluster starts without a network."""
    while not paths.containerd_socket.exists():
        await asyncio.sleep(0.02)
    base = ("ctr", "--address", str(paths.containerd_socket), "--namespace", "k8s.io", "images")
    if engine.PAUSE_IMAGE in await output(*base, "list", "--quiet"):
        return
    static = next(path for path in CATATONIT if Path(path).exists())
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        archive.write(engine.pause_archive(Path(static).read_bytes()))
        archive.flush()
        await output(*base, "import", archive.name)


async def output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, failed = await process.communicate()
    if process.returncode:
        log.warning('event="command failed" command=%r said=%r', command[0], failed[-300:])
    return said.decode()


def main(paths: Paths, config: Config) -> int:
    """`picok8s run-node`."""
    uvloop.run(serve(paths, config))
    return 0
