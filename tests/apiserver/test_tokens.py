"""Service-account tokens: signed, read back, and held against what they are bound to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver import tokens
from picok8s.apiserver.tokens import TokenError, Tokens
from picok8s.cluster import certificates
from tests.apiserver.shelf import NOW, Shelf, named, pod

KEYS = Tokens(certificates.service_account_key())
OURS = (tokens.ISSUER,)
ACCOUNT = named("robot", "x")


def claims(**bound) -> dict:
    made = tokens.claims(ACCOUNT, list(OURS), int(NOW), 600, "7")
    made["kubernetes.io"] |= bound
    return made


def test_a_token_is_read_back():
    token = KEYS.sign(claims())
    assert KEYS.read(token) == {"iss": tokens.ISSUER, **claims()}
    assert KEYS.read(token[:-4] + "AAAA") is None


def test_tokens_of_an_older_key_are_still_read():
    old = certificates.service_account_key()
    token = Tokens(old).sign(claims())
    assert KEYS.read(token) is None
    assert Tokens(certificates.new_key(), (certificates.public_pem(old),)).read(token) is not None


@given(st.text(max_size=60))
def test_garbage_is_no_token(text):
    assert KEYS.read(text) is None


def test_an_elliptic_key_signs_too():
    keys = Tokens(certificates.new_key())
    assert keys.read(keys.sign(claims())) is not None
    assert keys.discovery("https://x/openid/v1/jwks")["id_token_signing_alg_values_supported"] == ["ES256"]


def test_the_key_set_shows_no_secret():
    (key,) = KEYS.jwks()["keys"]
    assert set(key) == {"use", "kty", "kid", "alg", "n", "e"}


POD = {"pod": {"name": "a", "uid": "uid-a"}}


@pytest.mark.parametrize(
    "bound, shelf, now, told",
    [
        ({}, Shelf(), NOW, 'serviceaccounts "robot" not found'),
        ({}, Shelf(serviceaccounts=[ACCOUNT]), NOW + 700, "service account token has expired"),
        ({}, Shelf(serviceaccounts=[ACCOUNT]), NOW - 700, "service account token is not valid yet"),
        (POD, Shelf(serviceaccounts=[ACCOUNT]), NOW, "service account token has been invalidated"),
        (
            {"pod": {"name": "a", "uid": "other"}},
            Shelf(serviceaccounts=[ACCOUNT], pods=[pod("a")]),
            NOW,
            "pod UID (uid-a) does not match service account pod ref claim (other)",
        ),
    ],
)
def test_why_a_token_of_ours_is_not_taken(bound, shelf, now, told):
    with pytest.raises(TokenError) as refused:
        tokens.check(claims(**bound), shelf, OURS, now)
    assert str(refused.value) == told


def test_a_pod_token_tells_the_pod_and_its_node():
    shelf = Shelf(serviceaccounts=[ACCOUNT], pods=[pod("a")])
    found, shared = tokens.check(claims(**POD, node={"name": "n"}), shelf, OURS, NOW)
    assert shared == list(OURS)
    assert dict(found.extra) == {
        "authentication.kubernetes.io/credential-id": ("JTI=7",),
        "authentication.kubernetes.io/node-name": ("n",),
        "authentication.kubernetes.io/pod-name": ("a",),
        "authentication.kubernetes.io/pod-uid": ("uid-a",),
    }


def test_audiences_must_meet():
    with pytest.raises(TokenError) as refused:
        tokens.check({**claims(), "aud": ["mine", "yours"]}, Shelf(serviceaccounts=[ACCOUNT]), ("zz",), NOW)
    assert str(refused.value) == 'token audiences ["mine" "yours"] is invalid for the target audiences ["zz"]'
