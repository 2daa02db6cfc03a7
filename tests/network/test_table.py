"""Whatever changes, the commands lead from one state to the next, and to the same that the whole table would have."""

from hypothesis import given
from hypothesis import strategies as st

from picok8s.network import services
from picok8s.network.family import IPV4
from picok8s.network.skeleton import Here
from picok8s.network.table import EMPTY, Piece, Table
from tests.network.kernel import Kernel
from tests.network.things import endpoint, port, service, slice_of

HERE = Here("one", ("10.1.0.0/16",), ("10.152.183.0/24",))
OWNER = ("service", "default", "web")


@st.composite
def pieces(draw):
    """One of four services as it may be; two of them want the same external address."""
    number = draw(st.integers(0, 3))
    spec = {"ports": [port(nodePort=30080 + number), port(53, "dns", protocol="UDP")], "type": "NodePort"}
    if draw(st.booleans()):
        spec["externalIPs"] = [f"203.0.113.{number // 2}"]
    spec["externalTrafficPolicy"] = draw(st.sampled_from(["Cluster", "Local"]))
    spec["internalTrafficPolicy"] = draw(st.sampled_from(["Cluster", "Local"]))
    spec["sessionAffinity"] = draw(st.sampled_from(["None", "ClientIP"]))
    name = f"web{number}"
    found = draw(st.lists(st.tuples(st.integers(2, 6), st.sampled_from(["one", "two"])), max_size=4))
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    behind = slice_of(name, *(endpoint(f"10.1.0.{last}", node=where) for last, where in found), ports=ports)
    owner = ("service", "default", name)
    if draw(st.booleans()):
        return owner, EMPTY
    return owner, services.piece(service(name, f"10.152.183.{number}", **spec), [behind], IPV4, HERE)


@given(st.lists(st.lists(pieces(), max_size=3), max_size=6))
def test_updates_lead_where_the_whole_leads(steps):
    table, kernel = Table(IPV4, ""), Kernel()
    for step in steps:
        kernel.take(table.update(dict(step)))
        whole = Kernel()
        whole.take(table.replace())
        assert kernel.state() == whole.state()
    kernel.take(table.update(dict.fromkeys(list(table.pieces), EMPTY)))
    assert kernel.state() == ({}, {}) and not table.pieces and not table.chains.owners


def test_nothing_changes_nothing():
    made = services.piece(service(), [slice_of("web", endpoint("10.1.0.2"))], IPV4, HERE)
    table = Table(IPV4, "")
    assert table.update({OWNER: made})
    assert table.update({OWNER: made}) == ""


def test_a_change_of_endpoints_is_a_change_of_elements():
    table = Table(IPV4, "")
    addresses = ("10.1.0.2", "10.1.0.3")
    table.update({OWNER: services.piece(service(), [slice_of("web", *map(endpoint, addresses))], IPV4, HERE)})
    changed = slice_of("web", *map(endpoint, ("10.1.0.2", "10.1.0.4")))
    text = table.update({OWNER: services.piece(service(), [changed], IPV4, HERE)})
    assert {" ".join(line.split()[:2]) for line in text.splitlines()} == {"delete element", "add element"}


def test_the_first_to_come_has_a_disputed_element_until_it_goes():
    key = ("services", "203.0.113.1 . tcp . 80")
    table = Table(IPV4, "")
    table.update({("service", "b", "x"): Piece(elements={key: "goto b"})})
    assert table.update({("service", "a", "x"): Piece(elements={key: "goto a"})}) == ""
    text = table.update({("service", "b", "x"): EMPTY})
    assert text.splitlines() == [
        "delete element ip picok8s services { 203.0.113.1 . tcp . 80 : goto b }",
        "add element ip picok8s services { 203.0.113.1 . tcp . 80 : goto a }",
    ]
