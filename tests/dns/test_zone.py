"""The cluster's names, as the Kubernetes DNS specification has them, read back by another implementation of DNS."""

import dnslib
import pytest

from picok8s.client.view import View
from picok8s.dns import answer, message, run, zone
from tests.network.things import endpoint, port, service, slice_of

SVC = "default.svc.cluster.local"


def view_of(services, slices):
    view = View(run.INDEXES)
    view.replace("services", services, "1")
    view.replace(run.SLICES, slices, "1")
    return view


def make(services=(), slices=()):
    config = run.Config(addresses=("10.152.183.10",), networks=("10.1.0.0/16", "10.152.183.0/24"))
    return run.zone(config, view_of(list(services), list(slices)), serial=7)


def headless(name="db", *endpoints, ports=None):
    found = slice_of(name, *endpoints, **({"ports": ports} if ports is not None else {}))
    found["metadata"]["labels"]["service.kubernetes.io/headless"] = ""
    return service(name, "None", ports=[port()]), found


def ask(place, name, kind="A", edns=0):
    question = dnslib.DNSRecord.question(name, kind)
    if edns:
        question.add_ar(dnslib.EDNS0(udp_len=edns))
    query = message.read(bytes(question.pack()))
    found = answer.answer(place, query)
    if isinstance(found, answer.Forward):
        return found
    return dnslib.DNSRecord.parse(message.write(query, found, query.udp_max))


def lines(reply):
    return sorted(str(record.rdata) for record in reply.rr)


def test_a_cluster_ip():
    place = make([service()])
    reply = ask(place, f"web.{SVC}")
    assert lines(reply) == ["10.152.183.5"] and reply.header.aa == 1 and reply.rr[0].ttl == zone.TTL


def test_another_type_of_a_name_that_exists_is_no_data():
    reply = ask(make([service()]), f"web.{SVC}", "AAAA")
    assert reply.header.rcode == 0 and not reply.rr
    assert str(reply.auth[0].rname) == "cluster.local." and reply.auth[0].rdata.times[-1] == 5


@pytest.mark.parametrize(
    "name",
    [f"no.{SVC}", "web.other.svc.cluster.local", "nonsense.cluster.local", f"x.web.{SVC}", f"_no._tcp.web.{SVC}"],
)
def test_a_name_that_does_not_exist(name):
    reply = ask(make([service()]), name)
    assert reply.header.rcode == 3 and str(reply.auth[0].rname) == "cluster.local."


@pytest.mark.parametrize(
    "name", ["cluster.local", "svc.cluster.local", SVC, f"_tcp.web.{SVC}", f"_http._tcp.web.{SVC}"]
)
def test_names_above_others_exist(name):
    reply = ask(make([service()]), name)
    assert reply.header.rcode == 0 and not reply.rr


def test_both_families():
    place = make([service(clusterIPs=["10.152.183.5", "fd00::5"])])
    assert lines(ask(place, f"web.{SVC}", "AAAA")) == ["fd00::5"]


def test_capitals_are_kept():
    reply = ask(make([service()]), "WeB.Default.svc.cluster.LOCAL")
    assert str(reply.q.qname) == str(reply.rr[0].rname) == "WeB.Default.svc.cluster.LOCAL."


def test_srv_of_a_named_port():
    reply = ask(make([service()]), f"_http._tcp.web.{SVC}", "SRV")
    assert lines(reply) == [f"0 100 80 web.{SVC}."]
    assert str(reply.ar[0].rname) == f"web.{SVC}." and str(reply.ar[0].rdata) == "10.152.183.5"


def test_headless_names_every_ready_endpoint():
    unready = endpoint("10.1.0.4", conditions={"ready": False})
    svc, found = headless("db", endpoint("10.1.0.2", hostname="db-0"), endpoint("10.1.0.3"), unready)
    place = make([svc], [found])
    assert lines(ask(place, f"db.{SVC}")) == ["10.1.0.2", "10.1.0.3"]
    assert lines(ask(place, f"db-0.db.{SVC}")) == ["10.1.0.2"]
    assert lines(ask(place, f"10-1-0-3.db.{SVC}")) == ["10.1.0.3"]
    assert ask(place, f"db-9.db.{SVC}").header.rcode == 3
    srv = lines(ask(place, f"_http._tcp.db.{SVC}", "SRV"))
    assert srv == [f"0 100 8080 10-1-0-3.db.{SVC}.", f"0 100 8080 db-0.db.{SVC}."]


def test_headless_without_endpoints_exists():
    reply = ask(make([headless()[0]]), f"db.{SVC}")
    assert reply.header.rcode == 0 and not reply.rr


def test_the_first_endpoint_differs_from_query_to_query():
    svc, found = headless("db", *(endpoint(f"10.1.0.{n}") for n in range(2, 6)))
    place = make([svc], [found])
    assert len({str(ask(place, f"db.{SVC}").rr[0].rdata) for _ in range(100)}) > 1


def test_reverse_names():
    svc, found = headless("db", endpoint("10.1.0.2", hostname="db-0"))
    place = make([service(), svc], [found, slice_of("web", endpoint("10.1.0.9"))])
    assert lines(ask(place, "5.183.152.10.in-addr.arpa", "PTR")) == [f"web.{SVC}."]
    assert lines(ask(place, "2.0.1.10.in-addr.arpa", "PTR")) == [f"db-0.db.{SVC}."]
    assert ask(place, "9.0.1.10.in-addr.arpa", "PTR").header.rcode == 3  # Not headless: the pod has no name.
    assert isinstance(ask(place, "1.1.168.192.in-addr.arpa", "PTR"), answer.Forward)


def test_reverse_names_of_ipv6():
    config = run.Config(addresses=(), networks=("fd00::/112",))
    place = run.zone(config, view_of([service(clusterIPs=["fd00::5"])], []), 1)
    name = ".".join(reversed("fd000000000000000000000000000005")) + ".ip6.arpa"
    assert lines(ask(place, name, "PTR")) == [f"web.{SVC}."]


def test_pods_by_address():
    assert lines(ask(make(), "10-1-0-7.default.pod.cluster.local")) == ["10.1.0.7"]
    assert lines(ask(make(), "fd00--7.default.pod.cluster.local", "AAAA")) == ["fd00::7"]
    assert ask(make(), "ten-one.default.pod.cluster.local").header.rcode == 3


def test_the_version_of_the_specification():
    assert lines(ask(make(), "dns-version.cluster.local", "TXT")) == ['"1.1.0"']


def test_an_external_name_inside_is_followed():
    alias = service("alias", "", type="ExternalName", externalName=f"web.{SVC}")
    reply = ask(make([service(), alias]), f"alias.{SVC}")
    assert [str(record.rname) for record in reply.rr] == [f"alias.{SVC}.", f"web.{SVC}."]
    assert lines(ask(make([service(), alias]), f"alias.{SVC}", "CNAME")) == [f"web.{SVC}."]


def test_an_external_name_outside_is_asked_elsewhere():
    alias = service("alias", "", type="ExternalName", externalName="example.com")
    found = ask(make([alias]), f"alias.{SVC}")
    assert found.name == "example.com" and found.before[0].type == message.CNAME


def test_aliases_that_go_round_end():
    one = service("one", "", type="ExternalName", externalName=f"two.{SVC}")
    two = service("two", "", type="ExternalName", externalName=f"one.{SVC}")
    assert 1 < len(ask(make([one, two]), f"one.{SVC}").rr) <= answer.ALIASES_MAX


def test_many_endpoints_are_cut_short_over_udp_and_whole_over_tcp():
    svc, found = headless("db", *(endpoint(f"10.1.{n // 250}.{n % 250 + 2}") for n in range(300)))
    place = make([svc], [found])
    plain, edns = ask(place, f"db.{SVC}"), ask(place, f"db.{SVC}", edns=4096)
    assert plain.header.tc and len(plain.pack()) <= 512 and len(plain.rr) > 20
    assert edns.header.tc and len(edns.pack()) <= message.UDP_MAX and edns.ar[0].rtype == message.OPT
    query = message.read(bytes(dnslib.DNSRecord.question(f"db.{SVC}").pack()))
    whole = dnslib.DNSRecord.parse(message.write(query, answer.answer(place, query), message.TCP_MAX))
    assert len(whole.rr) == 300 and not whole.header.tc


def test_another_class_is_refused():
    query = message.read(bytes(dnslib.DNSRecord(q=dnslib.DNSQuestion(f"web.{SVC}", 1, 3)).pack()))
    assert answer.answer(make(), query).code == message.REFUSED
