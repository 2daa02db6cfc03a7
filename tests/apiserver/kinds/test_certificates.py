"""certificates.k8s.io: signing requests and trust bundles."""

import base64
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.apiserver.kinds import play

REQUESTS = "certificatesigningrequests.certificates.k8s.io"
BUNDLES = "clustertrustbundles.certificates.k8s.io"
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])


def certificate(ca):
    builder = x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 1, datetime(2026, 1, 1), datetime(2126, 1, 1))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


CSR = x509.CertificateSigningRequestBuilder(NAME).sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


def request(**spec):
    given = {"request": base64.b64encode(CSR).decode(), "signerName": "example.com/s", "usages": ["client auth"]}
    return {"spec": {**given, **spec}}


@pytest.mark.parametrize(
    "spec, error",
    [
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["any", "any"]}, 'spec.usages[1]: Duplicate value: "any"'),
        (
            {"signerName": "s"},
            'spec.signerName: Invalid value: "s": must be a fully qualified domain and path of the form '
            "'example.com/signer-name'",
        ),
        (
            {"expirationSeconds": 5},
            "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)",
        ),
    ],
)
def test_requests_are_refused_in_upstream_words(spec, error):
    assert play.refused(REQUESTS, request(**spec)) == [error]


def test_the_spec_of_a_request_is_kept():
    made, errors = play.create(REQUESTS, request())
    assert not errors and made["status"] == {}
    changed, errors = play.update(REQUESTS, made, {"spec": {"usages": ["any"]}})
    assert not errors and changed["spec"] == made["spec"]


def test_approval_is_by_its_own_subresource_and_for_good():
    made, _ = play.create(REQUESTS, request())
    approved = {"conditions": [{"type": "Approved", "status": "True"}]}
    assert play.status(REQUESTS, made, approved)[1] == [
        'status.conditions: Forbidden: updates may not add a condition of type "Approved"'
    ]
    after, errors = play.status(REQUESTS, made, approved, "approval")
    assert not errors
    assert play.status(REQUESTS, after, {"conditions": []}, "approval")[1] == [
        'status.conditions: Forbidden: updates may not remove a condition of type "Approved"'
    ]


def test_a_certificate_is_written_once():
    made, _ = play.create(REQUESTS, request())
    first, second = (base64.b64encode(certificate(ca).encode()).decode() for ca in (False, True))
    signed, errors = play.status(REQUESTS, made, {"certificate": first})
    assert not errors
    assert play.status(REQUESTS, signed, {"certificate": second})[1] == [
        "status.certificate: Forbidden: updates may not modify existing certificate content"
    ]


@pytest.mark.parametrize(
    "text, words",
    [
        ("text", "at least one trust anchor must be provided"),
        (certificate(False), "entry 0 does not have the CA bit set"),
        (CSR.decode(), "entry 0 has bad block type: CERTIFICATE REQUEST"),
        (certificate(True) * 2, None),
    ],
)
def test_bundles_hold_authorities_each_once(text, words):
    words = words or "duplicate trust anchor (indices [0 1])"
    if "duplicate" in words:
        one = certificate(True)
        text = one + one
    assert play.refused(BUNDLES, {"spec": {"trustBundle": text}}) == [
        f'spec.trustBundle: Invalid value: "<value omitted>": {words}'
    ]


def test_the_bundle_of_a_signer_has_its_name():
    spec = {"signerName": "example.com/s", "trustBundle": certificate(True)}
    assert play.refused(BUNDLES, {"metadata": {"name": "example.com:s:a"}, "spec": spec}) == []
    assert play.refused(BUNDLES, {"spec": spec}) == [
        'metadata.name: Invalid value: "a": ClusterTrustBundle for signerName example.com/s must be named with prefix '
        "example.com:s:"
    ]
