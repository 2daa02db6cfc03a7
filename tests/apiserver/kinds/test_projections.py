"""Projected volumes."""

from picok8s.apiserver.kinds.projections import projected


def told(*sources):
    return [str(error) for error in projected({"sources": list(sources)}, "p")]


def test_no_two_sources_write_one_file():
    secret = {"secret": {"name": "s", "items": [{"key": "k", "path": "same"}]}}
    config = {"configMap": {"name": "m", "items": [{"key": "k", "path": "same"}]}}
    assert told(secret, config) == ['p: Invalid value: "m": conflicting duplicate paths']


def test_one_kind_a_source():
    assert told({"secret": {"name": "s"}, "configMap": {"name": "m"}}) == [
        "p.sources[0]: Forbidden: may not specify more than 1 volume type per source"
    ]


def test_tokens():
    assert told({"serviceAccountToken": {"path": "t", "expirationSeconds": 10}}) == [
        "p.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 10: "
        "may not specify a duration less than 10 minutes"
    ]


def test_trust_bundles_and_certificates():
    assert told({"clusterTrustBundle": {"path": "b", "name": "x"}}) == []
    assert told({"clusterTrustBundle": {"path": "b"}}) == [
        "p.sources[0].clusterTrustBundle: Required value: either name or signerName must be specified"
    ]
    good = {"signerName": "example.com/s", "keyType": "ED25519", "keyPath": "k"}
    assert told({"podCertificate": good}) == []
    assert told({"podCertificate": {**good, "maxExpirationSeconds": 60}}) == [
        "p.sources[0].podCertificate.maxExpirationSeconds: Invalid value: 60: "
        "if provided, maxExpirationSeconds must be >= 3600"
    ]
