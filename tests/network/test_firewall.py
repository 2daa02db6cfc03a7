"""The word with iptables."""

from picok8s.network import firewall
from picok8s.network.family import IPV4, IPV6


def test_both_directions_of_each_network():
    found = firewall.rules(IPV4, ("10.1.0.0/16", "fd01::/64"), "-I")
    assert [(rule[0], rule[2], rule[4], rule[5]) for rule in found] == [
        ("iptables", "-I", "-s", "10.1.0.0/16"),
        ("iptables", "-I", "-d", "10.1.0.0/16"),
    ]
    assert {rule[0] for rule in firewall.rules(IPV6, ("fd01::/64",), "-D")} == {"ip6tables"}


def test_where_it_is_used():
    assert firewall.is_used(IPV4, "table ip picok8s\ntable ip filter\n", "")
    assert firewall.is_used(IPV4, "", "nat\nfilter\n")
    assert not firewall.is_used(IPV4, "table ip6 filter\ntable ip picok8s\n", "nat\n")
