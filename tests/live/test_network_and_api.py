"""The network and DNS of a node against a running API server, over HTTPS: from a Service to an answered connection."""

import asyncio
import contextlib

import pytest
import uvloop

from picok8s.client.https import Https
from picok8s.dns import run as dns
from picok8s.dns.service import service as dns_service
from picok8s.network import run as network
from picok8s.testing.serve import serving
from tests.live.node_namespace import Node, sh
from tests.network.things import endpoint, port, slice_of

DNS = "10.152.183.10"
WEB = "10.152.183.5"


@pytest.fixture
def place(tmp_path):
    with Node(tmp_path) as one:
        yield one


async def until(holds, patience=5.0):
    async with asyncio.timeout(patience):
        while not await asyncio.to_thread(holds):
            pass  # Each try is a process, which is pause enough.


async def create(calls, place):
    spec = {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"]}
    await calls.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}, "spec": spec})
    await calls.create("services", dns_service(DNS))
    web = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "NodePort", "clusterIP": WEB, "ports": [port(nodePort=30080, targetPort=8080)]},
    }
    await calls.create("services", web)


async def scenario(place, folder):
    async with serving(folder) as server:
        calls = Https(server.url, server.ca, server.cert, server.key)
        await create(calls, place)
        addresses = dns.Config((DNS,), ("10.1.0.0/16", "10.152.183.0/24"))
        health, names = network.Health(), dns.Health()
        async with asyncio.TaskGroup() as tasks:
            both = [
                tasks.create_task(network.run(place.config, calls, health)),
                tasks.create_task(dns.run(addresses, calls, names)),
            ]
            async with asyncio.timeout(10):
                await health.ready.wait()
                await names.ready.wait()
            assert not health.problems and not names.problems
            await asyncio.to_thread(place.pod, "a", "10.1.0.102")
            assert await asyncio.to_thread(place.ask, "a", WEB, 80) == "ConnectionRefusedError"
            found = slice_of("web", endpoint("10.1.0.102"))
            found["metadata"].pop("resourceVersion")
            await calls.create(network.SLICES, {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", **found})
            await until(lambda: place.ask("outside", "198.18.0.1", 30080).startswith("a "))
            sh("nft flush ruleset")
            await until(lambda: place.ask("outside", "198.18.0.1", 30080).startswith("a "))
            await calls.delete("services", "web", "default")
            await until(lambda: place.ask("outside", "198.18.0.1", 30080) == "ConnectionRefusedError")
            for task in both:
                task.cancel()
        await calls.close()
        await network.remove(place.config)
        await dns.remove(addresses)


def test_from_a_service_to_an_answered_connection(place, tmp_path):
    with contextlib.closing(uvloop.new_event_loop()) as loop:
        loop.run_until_complete(scenario(place, tmp_path / "keys"))
    assert sh("nft list ruleset") == "" and DNS not in sh("ip address") and "picok8s0" not in sh("ip link")
