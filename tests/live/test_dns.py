"""DNS on a real kernel: at the service address over UDP and TCP, from pods and the node, with a resolver outside."""

import asyncio
import contextlib
import subprocess
import sys
import time

import pytest

from picok8s.client.view import View
from picok8s.dns import run
from tests.live.node_namespace import Node, sh
from tests.network.things import endpoint, node, service, slice_of

ADDRESS = "10.152.183.10"
OUTSIDE = "198.18.0.2"

UPSTREAM = """
import dnslib.server, dnslib, time, sys
class Resolver:
    def resolve(self, request, handler):
        reply, name = request.reply(), str(request.q.qname).lower()
        print(name, flush=True)
        if name == "example.com.":
            reply.add_answer(*dnslib.RR.fromZone("example.com. 60 IN A 192.0.2.80"))
        elif name == "big.example.com.":
            for n in range(200):
                reply.add_answer(*dnslib.RR.fromZone(f"big.example.com. 60 IN A 192.0.2.{n}"))
        else:
            reply.header.rcode = 3
            reply.add_auth(*dnslib.RR.fromZone("com. 60 IN SOA a.com. b.com. 1 2 3 4 60"))
        return reply
for tcp in (True, False):
    dnslib.server.DNSServer(Resolver(), port=53, address="0.0.0.0", tcp=tcp,
        logger=dnslib.server.DNSLogger("-request,-reply,-truncated,-error")).start_thread()
print("up", flush=True)
time.sleep(1000)
"""

ASK = """
import dnslib, sys
name, kind, server, tcp = sys.argv[1:5]
try:
    question = dnslib.DNSRecord.question(name, kind)
    reply = dnslib.DNSRecord.parse(question.send(server, 53, tcp=tcp == "tcp", timeout=6))
    print(reply.header.rcode, "TC" if reply.header.tc else "-", *sorted(str(r.rdata) for r in reply.rr))
except OSError as error:
    print(type(error).__name__)
"""


class Dns:
    def __init__(self, place, folder):
        self.place = place
        self.view = View(run.INDEXES)
        self.resolv_conf = folder / "resolv.conf"
        self.resolv_conf.write_text(f"nameserver {ADDRESS}\nnameserver {OUTSIDE}\n")
        networks = ("10.1.0.0/16", "10.152.183.0/24")
        self.config = run.Config((ADDRESS, "127.0.0.1"), networks, resolv_conf=self.resolv_conf)
        self.health = run.Health()
        self.place.runner.run(self.begin())

    async def begin(self):
        self.view.replace("services", [service(), service("db", "None")], "1")
        found = slice_of("db", endpoint("10.1.0.2", hostname="db-0"), endpoint("10.1.0.3"))
        self.view.replace(run.SLICES, [found], "1")
        self.task = asyncio.get_running_loop().create_task(run.serve(self.config, self.view, self.health))
        async with asyncio.timeout(5):
            await self.health.ready.wait()

    async def ask(self, source, name, kind="A", how="udp"):
        found = [one for one in self.place.namespaces if one.endswith(f"-{source}")] if source else []
        prefix = ["ip", "netns", "exec", found[0]] if found else []
        server = ADDRESS if source != "loopback" else "127.0.0.1"
        command = [*prefix, sys.executable, "-c", ASK, name, kind, server, how]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        return (await process.communicate())[0].decode().strip()

    def asked(self, *words):
        return self.place.runner.run(self.ask(*words))

    async def end(self):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
def place(tmp_path):
    with Node(tmp_path) as one:
        one.view.replace("nodes", [node(podCIDR="10.1.0.0/24")], "1")
        one.start()
        one.pod("a", "10.1.0.102")
        yield one


@pytest.fixture
def dns(place, tmp_path):
    one = Dns(place, tmp_path)
    yield one
    place.runner.run(one.end())


@pytest.fixture
def upstream(place):
    netns = next(one for one in place.namespaces if one.endswith("-outside"))
    process = subprocess.Popen(
        ["ip", "netns", "exec", netns, sys.executable, "-c", UPSTREAM], stdout=subprocess.PIPE, text=True
    )
    place.processes.append(process)
    assert process.stdout.readline() == "up\n"
    return process


def test_names_of_the_cluster_from_everywhere(dns):
    for source in ("a", "", "loopback"):
        for how in ("udp", "tcp"):
            assert dns.asked(source, "web.default.svc.cluster.local", "A", how) == "0 - 10.152.183.5", (source, how)
    assert dns.asked("a", "db.default.svc.cluster.local") == "0 - 10.1.0.2 10.1.0.3"
    assert dns.asked("a", "db-0.db.default.svc.cluster.local") == "0 - 10.1.0.2"
    assert dns.asked("a", "no.default.svc.cluster.local") == "3 -"


def test_a_service_is_known_as_soon_as_the_view_shows_it(dns):
    assert dns.asked("a", "new.default.svc.cluster.local") == "3 -"
    dns.view.apply("services", "ADDED", service("new", "10.152.183.9"))
    assert dns.asked("a", "new.default.svc.cluster.local") == "0 - 10.152.183.9"


def test_other_names_come_from_the_machines_resolvers(dns, upstream):
    assert dns.asked("a", "Example.com") == "0 - 192.0.2.80"
    assert dns.asked("a", "example.com", "A", "tcp") == "0 - 192.0.2.80"
    assert dns.asked("a", "absent.com") == "3 -" and dns.asked("a", "absent.com") == "3 -"
    assert dns.asked("a", "big.example.com") == "0 TC"
    assert len(dns.asked("a", "big.example.com", "A", "tcp").split()) == 202
    upstream.kill()
    heard = upstream.stdout.read().split()
    assert heard.count("example.com.") == 1 and heard.count("absent.com.") == 1  # The rest came from the cache.


def test_an_alias_leads_outside(dns, upstream):
    outside = service("alias", "", type="ExternalName", externalName="example.com")
    dns.view.apply("services", "ADDED", outside)
    assert dns.asked("a", "alias.default.svc.cluster.local") == "0 - 192.0.2.80 example.com."


def test_without_resolvers_the_answer_is_a_failure_and_soon(dns):
    dns.resolv_conf.write_text(f"nameserver {ADDRESS}\n")
    begin = time.monotonic()
    assert dns.asked("a", "example.com") == "2 -"
    assert time.monotonic() - begin < 1.5
    dns.resolv_conf.write_text("nameserver 198.18.0.99\n")  # Nobody is there.
    first, second = time.monotonic(), 0.0
    assert dns.asked("a", "example.org") == "2 -"
    second = time.monotonic()
    assert second - first < 4


def test_nothing_is_left(dns, place):
    place.runner.run(dns.end())
    assert ADDRESS in sh("ip address show dev lo")
    place.runner.run(run.remove(dns.config))
    assert ADDRESS not in sh("ip address show dev lo")
    place.runner.run(run.remove(dns.config))
