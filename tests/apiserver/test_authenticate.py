"""Who a request comes from, by its credentials."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from picok8s.api.errors import ApiError
from picok8s.apiserver import authenticate, tokens
from picok8s.apiserver.authenticate import Authenticator
from picok8s.apiserver.tokens import Tokens
from picok8s.apiserver.users import ANONYMOUS_USER
from picok8s.cluster import certificates
from tests.apiserver.shelf import NOW, Shelf, named

KEYS = Tokens(certificates.service_account_key())


def authenticator(shelf: Shelf | None = None, **options) -> Authenticator:
    return Authenticator(shelf or Shelf(), KEYS, lambda: NOW, **options)


def der(identity: certificates.Identity) -> bytes:
    pair = certificates.issue(certificates.authority("ca", NOW), identity, NOW)
    return x509.load_pem_x509_certificate(pair.certificate).public_bytes(Encoding.DER)


def test_a_certificate_names_user_and_groups():
    found = authenticator().user(der(certificates.Identity("jane", ("b", "a"))), "")
    assert (found.name, found.groups) == ("jane", ("b", "a", "system:authenticated"))
    (credential,) = found.extra_values(tokens.CREDENTIAL)
    assert credential.startswith("X509SHA256=")


def test_nobody_is_anonymous_where_that_is_taken():
    assert authenticator().user(None, "") == ANONYMOUS_USER
    with pytest.raises(ApiError, match="Unauthorized"):
        authenticator(anonymous=False).user(None, "")


@pytest.mark.parametrize("header", ["Bearer garbage", "bearer a.b.c"])
def test_bad_tokens_are_refused_even_so(header):
    with pytest.raises(ApiError) as refused:
        authenticator().user(None, header)
    assert refused.value.code == 401


def test_an_account_logs_in_by_its_token():
    account = named("robot", "x")
    claims = tokens.claims(account, [tokens.ISSUER], int(NOW), 600, "1")
    found = authenticator(Shelf(serviceaccounts=[account])).user(None, f"Bearer {KEYS.sign(claims)}")
    assert found.name == "system:serviceaccount:x:robot"
    assert found.groups == ("system:serviceaccounts", "system:serviceaccounts:x", "system:authenticated")


def bootstrap_secret(**data: str) -> dict:
    words = {"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true", **data}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in words.items()}
    return named("bootstrap-token-abcdef", "kube-system", type="bootstrap.kubernetes.io/token", data=encoded)


@pytest.mark.parametrize(
    "data, groups",
    [
        ({}, ("system:bootstrappers",)),
        ({"auth-extra-groups": "system:bootstrappers:w"}, ("system:bootstrappers", "system:bootstrappers:w")),
        ({"expiration": "2000-01-01T00:00:00Z"}, None),
        ({"expiration": "soon"}, None),
        ({"usage-bootstrap-authentication": "false"}, None),
        ({"token-secret": "fedcba9876543210"}, None),
        ({"auth-extra-groups": "system:masters"}, None),
    ],
)
def test_bootstrap_tokens(data, groups):
    shelf = Shelf(secrets=[bootstrap_secret(**data)])
    found = authenticate.bootstrap_user(shelf, "abcdef.0123456789abcdef", NOW)
    assert (found and found.groups) == groups
