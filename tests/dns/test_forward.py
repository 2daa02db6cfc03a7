"""What other resolvers say is passed on for the client's question, for as long as it holds."""

import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.dns import forward, message
from picok8s.dns.message import Malformed


def query(name="Example.com", kind="A", ident=77):
    question = dnslib.DNSRecord.question(name, kind)
    question.header.id = ident
    return message.read(bytes(question.pack()))


def reply_to(request, *zone_lines, authority="", code=0):
    made = dnslib.DNSRecord.parse(request).reply()
    for line in zone_lines:
        made.add_answer(*dnslib.RR.fromZone(line))
    if authority:
        made.add_auth(*dnslib.RR.fromZone(authority))
    made.header.rcode = code
    return bytes(made.pack())


SOA = "example.com. 900 IN SOA ns.example.com. root.example.com. 1 2 3 4 60"


def test_a_reply_is_passed_on_with_the_clients_id_and_capitals():
    asked = query()
    request = forward.request(asked, asked.name, 5)
    data = reply_to(request, "example.com. 300 IN A 192.0.2.1", "example.com. 120 IN A 192.0.2.2")
    assert forward.is_reply(request, data)
    reply = forward.read(data)
    assert reply.ttl == 120
    passed = dnslib.DNSRecord.parse(forward.answered(reply, query("EXAMPLE.com", ident=9), 20, 512))
    assert passed.header.id == 9 and str(passed.q.qname) == "EXAMPLE.com."
    assert [record.ttl for record in passed.rr] == [280, 100]


def test_a_reply_to_another_question_is_none():
    asked = query()
    request = forward.request(asked, asked.name, 5)
    other = forward.request(query("example.org"), "example.org", 5)
    assert not forward.is_reply(request, reply_to(other))
    assert not forward.is_reply(request, reply_to(forward.request(asked, asked.name, 6)))
    assert not forward.is_reply(request, request)


def test_absence_is_kept_as_long_as_its_soa_says():
    request = forward.request(query(), "example.com", 5)
    assert forward.read(reply_to(request, authority=SOA, code=3)).ttl == 60
    assert forward.read(reply_to(request, authority=SOA)).ttl == 60
    assert forward.read(reply_to(request, code=3)).ttl == 0
    assert forward.read(reply_to(request, code=2)).ttl == 0


def test_a_reply_that_does_not_fit_is_cut():
    request = forward.request(query(), "example.com", 5)
    data = reply_to(request, *(f"example.com. 300 IN A 192.0.2.{n}" for n in range(100)))
    cut = dnslib.DNSRecord.parse(forward.answered(forward.read(data), query(), 0, 512))
    assert cut.header.tc and not cut.rr


def test_records_behind_an_alias_are_complete():
    request = forward.request(query("a.default.svc.cluster.local"), "example.com", 5)
    data = reply_to(request, "example.com. 9 IN CNAME www.example.com.", "www.example.com. 9 IN A 192.0.2.1")
    cname, address = forward.records(forward.read(data))
    assert (cname.owner, cname.data) == ("example.com", message.name_bytes("www.example.com"))
    assert (address.owner, address.data) == ("www.example.com", bytes((192, 0, 2, 1)))


@given(st.binary(max_size=300))
def test_any_bytes(data):
    try:
        reply = forward.read(data)
        forward.records(reply)
    except (Malformed, IndexError):
        return
    except Exception as error:
        pytest.fail(repr(error))


def test_resolvers_of_the_machine_without_ourselves():
    lines = ("# comment", "nameserver 10.152.183.10", "nameserver 192.0.2.53", "search a b", "nameserver fe80::1%eth0")
    text = "\n".join((*lines, "nameserver x", "nameserver"))
    assert forward.servers(text, frozenset({"10.152.183.10"})) == ("192.0.2.53", "fe80::1%eth0")
