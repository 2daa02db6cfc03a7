"""resource.k8s.io: claims, templates, classes."""

import pytest

from tests.apiserver.kinds import play

CLAIMS = "resourceclaims.resource.k8s.io"
TEMPLATES = "resourceclaimtemplates.resource.k8s.io"
CLASSES = "deviceclasses.resource.k8s.io"
RESULT = {"request": "r", "driver": "d.example.com", "pool": "p", "device": "dev-0"}
USER = {"resource": "pods", "name": "p", "uid": "u1"}


def claim(*requests):
    return {"spec": {"devices": {"requests": list(requests)}}}


ONE = claim({"name": "r", "exactly": {"deviceClassName": "c"}})


def test_a_request_is_for_one_device():
    made, errors = play.create(CLAIMS, ONE)
    assert not errors
    asked = made["spec"]["devices"]["requests"][0]["exactly"]
    assert (asked["allocationMode"], asked["count"]) == ("ExactCount", 1)


@pytest.mark.parametrize(
    "request_, errors",
    [
        ({"name": "r"}, ["[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"]),
        ({"name": "r", "exactly": {}}, ["[0].exactly.deviceClassName: Required value"]),
        (
            {"name": "r", "exactly": {"deviceClassName": "c", "allocationMode": "All", "count": 2}},
            ["[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"],
        ),
    ],
)
def test_requests_are_refused_in_upstream_words(request_, errors):
    assert play.refused(CLAIMS, claim(request_)) == [f"spec.devices.requests{error}" for error in errors]


def test_a_claim_is_reserved_when_it_is_allocated():
    made, _ = play.create(CLAIMS, ONE)
    assert play.status(CLAIMS, made, {"reservedFor": [USER]})[1] == [
        "status.reservedFor: Forbidden: may not be specified when `allocated` is not set"
    ]
    allocation = {"devices": {"results": [RESULT]}}
    taken, errors = play.status(CLAIMS, made, {"allocation": allocation, "reservedFor": [USER]})
    assert not errors
    other = {"devices": {"results": [{**RESULT, "device": "dev-1"}]}}
    assert play.status(CLAIMS, taken, {"allocation": other})[1] == [
        "status.allocation: Invalid value: null: field cannot be modified once set"
    ]
    stranger = {"driver": "d.example.com", "pool": "p", "device": "other"}
    assert play.status(CLAIMS, taken, {"devices": [stranger]})[1] == [
        'status.devices[0]: Invalid value: {"Driver":"d.example.com","Pool":"p","Device":"other","ShareID":""}: '
        "must be an allocated device in the claim"
    ]


def test_a_template_is_like_a_claim_and_fixed():
    made, errors = play.create(TEMPLATES, {"spec": ONE})
    assert not errors and made["spec"]["spec"]["devices"]["requests"][0]["exactly"]["count"] == 1
    (error,) = play.update(TEMPLATES, made, {"spec": {"metadata": {"labels": {"a": "c"}}}})[1]
    assert error.startswith('spec: Invalid value: {"labels":{"a":"c"},"Spec":{"Devices":')


def test_a_class_is_called_by_a_prefixed_name():
    assert play.refused(CLASSES, {"spec": {"extendedResourceName": "cpu"}}) == [
        'spec.extendedResourceName: Invalid value: "cpu": '
        "a name must be a domain-prefixed path, such as 'example.com/my-prop'"
    ]
