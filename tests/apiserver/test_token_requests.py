"""TokenRequest: what is asked, what is answered."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver import token_requests
from picok8s.apiserver.tokens import Tokens
from picok8s.cluster import certificates
from tests.apiserver.shelf import NOW, Shelf, named, pod

KEYS = Tokens(certificates.new_key())
ACCOUNT = named("robot", "x")


def answer(request: dict, **objects) -> dict:
    shelf = Shelf(serviceaccounts=[ACCOUNT], **objects)
    return token_requests.answer(token_requests.Issue(KEYS, shelf, NOW, "7"), "x", "robot", request)


def test_an_empty_request_is_filled():
    out = answer({})
    assert out["metadata"]["name"] == "robot"
    assert out["spec"] == {
        "audiences": ["https://kubernetes.default.svc"],
        "expirationSeconds": 3600,
        "boundObjectRef": None,
    }
    assert out["status"]["expirationTimestamp"] == "2023-11-14T23:13:20Z"


@pytest.mark.parametrize(
    "request_, told",
    [
        ({"metadata": {"name": "other"}}, 'metadata.name: Invalid value: "other": must match the service account name'),
        ({"metadata": {"namespace": "y"}}, "the namespace of the provided object does not match"),
        ({"spec": {"expirationSeconds": 599}}, "may not specify a duration less than 10 minutes"),
        ({"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "zz"}}}, 'pods "zz" not found'),
        (
            {"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "a"}}},
            "different serviceaccount name",
        ),
    ],
)
def test_what_is_refused(request_, told):
    with pytest.raises(ApiError) as refused:
        answer(request_, pods=[pod("a", serviceAccountName="other")])
    assert told in refused.value.message


def test_a_pods_token_lives_on_and_names_the_node():
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "a", "uid": "uid-a"}
    spec = {"expirationSeconds": 3607, "boundObjectRef": reference}
    out = answer({"spec": spec}, pods=[pod("a", serviceAccountName="robot", nodeName="n")])
    claims = KEYS.read(out["status"]["token"])
    assert claims["exp"] - claims["iat"] == token_requests.EXTENDED_LIFETIME_S
    assert claims["kubernetes.io"]["warnafter"] == claims["iat"] + 3607
    assert claims["kubernetes.io"]["pod"] == {"name": "a", "uid": "uid-a"}
    assert claims["kubernetes.io"]["node"] == {"name": "n"}
