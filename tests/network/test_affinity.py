"""Endpoints that remember their clients."""

from picok8s.network import services
from picok8s.network.family import IPV4
from picok8s.network.skeleton import Here
from tests.network.things import endpoint, service, slice_of

HERE = Here("one", ("10.1.0.0/16",), ("10.152.183.0/24",))


def test_a_client_goes_where_it_went():
    timeout = {"clientIP": {"timeoutSeconds": 60}}
    made = service(sessionAffinity="ClientIP", sessionAffinityConfig=timeout)
    found = services.piece(made, [slice_of("web", endpoint("10.1.0.2"), endpoint("10.1.0.3"))], IPV4, HERE)
    assert found.elements["services", "10.152.183.5 . tcp . 80"] == "goto service/default/web/tcp/http"
    assert found.chains["service/default/web/tcp/http"] == (
        "ip saddr != 10.1.0.0/16 jump masquerade-later",
        "ip saddr @clients-60/default/web/tcp/http/10.1.0.2/8080 goto endpoint/default/web/tcp/http/10.1.0.2/8080",
        "ip saddr @clients-60/default/web/tcp/http/10.1.0.3/8080 goto endpoint/default/web/tcp/http/10.1.0.3/8080",
        "numgen random mod 2 vmap { 0 : goto endpoint/default/web/tcp/http/10.1.0.2/8080, "
        "1 : goto endpoint/default/web/tcp/http/10.1.0.3/8080 }",
    )
    assert "timeout 60s" in found.sets["clients-60/default/web/tcp/http/10.1.0.2/8080"]
