"""admissionregistration.k8s.io: webhooks."""

import pytest

from tests.apiserver.kinds import play

MUTATING = "mutatingwebhookconfigurations.admissionregistration.k8s.io"
VALIDATING = "validatingwebhookconfigurations.admissionregistration.k8s.io"


def hook(**more):
    given = {
        "name": "a.example.com",
        "clientConfig": {"service": {"namespace": "n", "name": "s"}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {"webhooks": [{**given, **more}]}


def test_a_mutating_webhook_is_defaulted_and_counted():
    made, errors = play.create(MUTATING, hook())
    assert not errors
    first = made["webhooks"][0]
    assert (first["clientConfig"]["service"]["port"], first["reinvocationPolicy"]) == (443, "Never")
    labelled, _ = play.update(MUTATING, made, {"metadata": {"labels": {"a": "b"}}})
    changed, _ = play.update(MUTATING, labelled, hook(timeoutSeconds=5))
    assert [o["metadata"]["generation"] for o in (made, labelled, changed)] == [1, 1, 2]


@pytest.mark.parametrize(
    "more, error",
    [
        (
            {"name": "short"},
            '.name: Invalid value: "short": should be a domain with at least three segments separated by dots',
        ),
        ({"sideEffects": "Some"}, '.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'),
        (
            {"timeoutSeconds": 31},
            ".timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
        ),
        (
            {"admissionReviewVersions": ["v9"]},
            '.admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
        ),
    ],
)
def test_webhooks_are_refused_in_upstream_words(more, error):
    assert play.refused(VALIDATING, hook(**more)) == [f"webhooks[0]{error}"]
