"""Messages: whatever comes, either a query or Malformed; what is written can be read by another implementation."""

import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.dns import message
from picok8s.dns.message import Answer, Malformed, Record


@given(st.binary(max_size=200))
def test_any_bytes(data):
    try:
        message.read(data)
    except Malformed as error:
        if error.code is not None:
            assert len(message.refusal(data, error.code)) == message.HEADER.size


LABEL = st.text(st.sampled_from("abcXYZ019-_"), min_size=1, max_size=20)


@given(st.lists(LABEL, min_size=1, max_size=8), st.sampled_from(["A", "AAAA", "SRV", "TXT"]), st.booleans())
def test_questions(labels, kind, edns):
    question = dnslib.DNSRecord.question(".".join(labels), kind)
    if edns:
        question.add_ar(dnslib.EDNS0(udp_len=4000, flags="do"))
    query = message.read(bytes(question.pack()))
    assert query.name == ".".join(labels).lower() and query.type == getattr(dnslib.QTYPE, kind)
    assert query.edns == (4000 if edns else 0) and query.dnssec is edns


@given(st.lists(st.integers(0, 2**32 - 1), max_size=120), st.integers(512, 1232))
def test_answers_stay_within_the_limit(numbers, limit):
    query = message.read(bytes(dnslib.DNSRecord.question("a.example").pack()))
    records = tuple(Record(message.A, 5, number.to_bytes(4, "big")) for number in numbers)
    data = message.write(query, Answer(records=records), limit)
    parsed = dnslib.DNSRecord.parse(data)
    assert len(data) <= limit and bool(parsed.header.tc) == (len(parsed.rr) < len(records))


@pytest.mark.parametrize(
    ("change", "code"),
    [({"qr": 1}, None), ({"opcode": 4}, message.NOT_IMPLEMENTED)],
)
def test_what_is_no_query(change, code):
    record = dnslib.DNSRecord.question("a.example")
    for name, value in change.items():
        setattr(record.header, name, value)
    with pytest.raises(Malformed) as raised:
        message.read(bytes(record.pack()))
    assert raised.value.code == code
