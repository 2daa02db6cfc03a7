"""discovery.k8s.io: endpoint slices."""

import pytest

from tests.apiserver.kinds import play

NAME = "endpointslices.discovery.k8s.io"


def slice_of(*endpoints, kind="IPv4", ports=()):
    return {"addressType": kind, "endpoints": list(endpoints), "ports": list(ports)}


def test_ports_are_defaulted_and_labels_count():
    made, errors = play.create(NAME, slice_of({"addresses": ["192.0.2.1"]}, ports=[{"port": 80}]))
    assert not errors and made["ports"] == [{"port": 80, "name": "", "protocol": "TCP"}]
    labelled, _ = play.update(NAME, made, {"metadata": {"labels": {"a": "b"}}})
    noted, _ = play.update(NAME, labelled, {"metadata": {"annotations": {"a": "b"}}})
    assert [o["metadata"]["generation"] for o in (made, labelled, noted)] == [1, 2, 2]


@pytest.mark.parametrize(
    "obj, errors",
    [
        (
            slice_of({"addresses": ["2001:db8::1"]}),
            ['endpoints[0].addresses: Invalid value: "2001:db8::1": must be an IPv4 address'],
        ),
        (slice_of({"addresses": []}), ["endpoints[0].addresses: Required value"]),
        (slice_of(kind="IPv5"), ['addressType: Unsupported value: "IPv5": supported values: "FQDN", "IPv4", "IPv6"']),
        (slice_of(ports=[{"name": "a"}, {"name": "a"}]), ['ports[1].name: Duplicate value: "a"']),
    ],
)
def test_slices_are_refused_in_upstream_words(obj, errors):
    assert play.refused(NAME, obj) == errors


def test_the_type_of_addresses_is_fixed():
    made, _ = play.create(NAME, slice_of({"addresses": ["192.0.2.1"]}))
    assert play.update(NAME, made, {"addressType": "FQDN"})[1] == [
        "addressType: Invalid value: null: field is immutable"
    ]
