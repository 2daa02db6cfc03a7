"""Which UDP connections are forgotten."""

from picok8s.network.conntrack import deletions

ONE, TWO = ("10.152.183.5", 53, "10.1.0.2"), ("10.152.183.5", 53, "10.1.0.3")
SERVICE = ("-D", "-p", "udp", "--orig-dst", "10.152.183.5", "--orig-port-dst", "53")


def test_an_endpoint_that_goes():
    assert deletions({ONE, TWO}, {TWO}) == [(*SERVICE, "--reply-src", "10.1.0.2")]


def test_a_service_that_appears_takes_over_what_went_past_it():
    assert deletions(set(), {ONE, TWO}) == [SERVICE]
    assert deletions(set(), {("", 30053, "10.1.0.2")}) == [("-D", "-p", "udp", "--orig-port-dst", "30053")]


def test_an_endpoint_more_disturbs_nobody():
    assert deletions({ONE}, {ONE, TWO}) == []
