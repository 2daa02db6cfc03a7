"""certificates.k8s.io: what nodes ask for their pods."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.apiserver.kinds import play

NAME = "podcertificaterequests.certificates.k8s.io"
WHO = {
    "signerName": "example.com/s",
    "podName": "p",
    "podUID": "u1",
    "serviceAccountName": "s",
    "serviceAccountUID": "u2",
    "nodeName": "n",
    "nodeUID": "u3",
}


def stub(curve):
    builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
    request = builder.sign(ec.generate_private_key(curve), hashes.SHA256())
    return base64.b64encode(request.public_bytes(Encoding.DER)).decode()


def test_a_request_brings_one_proof_of_its_key():
    assert play.refused(NAME, {"spec": {**WHO, "stubPKCS10Request": stub(ec.SECP256R1())}}) == []
    assert play.refused(NAME, {"spec": WHO}) == [
        "spec: Invalid value: exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"
    ]


def test_a_signature_over_the_uid_proves_too():
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for signed, errors in (
        (b"u1", []),
        (b"u9", ["spec.proofOfPossession: Invalid value: could not verify proof-of-possession signature"]),
    ):
        proof = base64.b64encode(key.sign(signed)).decode()
        spec = {**WHO, "pkixPublicKey": base64.b64encode(public).decode(), "proofOfPossession": proof}
        assert play.refused(NAME, {"spec": spec}) == errors


def test_a_status_waits_for_an_outcome():
    made, _ = play.create(NAME, {"spec": {**WHO, "stubPKCS10Request": stub(ec.SECP256R1())}})
    assert play.status(NAME, made, {"certificateChain": "x"})[1] == [
        'status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"'
    ]
    denied = {"type": "Denied", "status": "True", "reason": "No", "message": "", "lastTransitionTime": play.BORN}
    assert play.status(NAME, made, {"conditions": [denied]})[1] == []
