"""The Service of DNS."""

from picok8s.dns.service import service


def test_it_has_the_address_and_no_selector():
    made = service("10.152.183.10")
    assert made["spec"]["clusterIP"] == "10.152.183.10" and "selector" not in made["spec"]
    assert made["metadata"]["labels"]["k8s-app"] == "kube-dns"
