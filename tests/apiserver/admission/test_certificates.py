"""Signing requests: who asked, who may approve and sign."""

import base64

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver import users
from picok8s.apiserver.admission import certificates
from picok8s.cluster import certificates as made
from tests.apiserver.shelf import JANE, MASTER, Cluster, binding, call, fresh, named, role, rule, subject

SIGNER = "kubernetes.io/kube-apiserver-client"


def request(*groups: str, signer: str = SIGNER) -> dict:
    pem = made.request(made.Identity("jane", groups), made.new_key())
    return named("r", spec={"signerName": signer, "request": base64.b64encode(pem).decode()})


def cluster(*rules) -> Cluster:
    shelf = fresh().put("clusterroles.rbac.authorization.k8s.io", role("s", "", *rules))
    return Cluster(shelf.put("clusterrolebindings.rbac.authorization.k8s.io", binding("s", "", "s", subject("jane"))))


def test_the_requester_is_the_caller():
    who = users.user("jane", "7", ("g",), {"k": ["v"]})
    new = named("r", spec={"username": "liar", "usages": ["client auth"]})
    certificates.record_requester(cluster(), call(certificates.REQUESTS, user=who), new, None)
    assert new["spec"] == {
        "usages": ["client auth"],
        "username": "jane",
        "uid": "7",
        "groups": ["g"],
        "extra": {"k": ["v"]},
    }


@pytest.mark.parametrize("name, allowed", [(SIGNER, True), ("kubernetes.io/*", True), ("example.com/*", False)])
def test_approval_needs_a_right_on_the_signer(name, allowed):
    found = cluster(rule("approve", "signers", "certificates.k8s.io", name))
    asked = call(certificates.REQUESTS, "update", JANE, subresource="approval", name="r")
    if allowed:
        certificates.judge_approval(found, asked, request(), request())
    else:
        with pytest.raises(ApiError, match=f'user not permitted to approve requests with signerName "{SIGNER}"'):
            certificates.judge_approval(found, asked, request(), request())


def test_signing_is_judged_when_the_certificate_changes():
    old = request()
    asked = call(certificates.REQUESTS, "update", JANE, subresource="status", name="r")
    certificates.judge_signing(cluster(), asked, old, old)
    with pytest.raises(ApiError, match="user not permitted to sign"):
        certificates.judge_signing(cluster(), asked, {**old, "status": {"certificate": "Q0E="}}, old)


def test_no_client_certificate_makes_a_master():
    certificates.judge_subject(cluster(), call(certificates.REQUESTS), request("devs"), None)
    with pytest.raises(ApiError, match="signer with system:masters group is not allowed"):
        certificates.judge_subject(cluster(), call(certificates.REQUESTS), request("system:masters"), None)


def test_attesting_a_bundle_needs_a_right():
    bundle = named("b", spec={"signerName": "example.com/ca"})
    certificates.judge_attestation(cluster(), call(certificates.BUNDLES, user=MASTER), bundle, None)
    with pytest.raises(ApiError, match="user not permitted to attest"):
        certificates.judge_attestation(cluster(), call(certificates.BUNDLES, user=JANE), bundle, None)


def test_conditions_get_their_times():
    asked = call(certificates.REQUESTS, "update", subresource="approval", name="r")
    said = {"type": "Approved", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    new = named("r", spec={}, status={"conditions": [{"type": "Approved", "status": "True"}]})
    certificates.date_conditions(cluster(), asked, new, named("r", status={"conditions": [said]}))
    (dated,) = new["status"]["conditions"]
    assert dated["lastTransitionTime"] == "2020-01-01T00:00:00Z"
    assert dated["lastUpdateTime"] == "2023-11-14T22:13:20Z"
