"""Reviews: what may a user do, who is this."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver import reviews, users
from picok8s.apiserver.authenticate import Authenticator
from picok8s.apiserver.authorize import Authorizer
from picok8s.apiserver.tokens import Tokens
from picok8s.cluster import certificates
from tests.apiserver.shelf import JANE, NOW, fresh

KEYS = Tokens(certificates.new_key())


def asker(user=JANE) -> reviews.Asker:
    shelf = fresh()
    return reviews.Asker(user, Authorizer(shelf), Authenticator(shelf, KEYS, lambda: NOW), "now", "x")


def test_discovery_is_for_all_who_logged_in():
    spec = {"user": "zz", "groups": ["system:authenticated"], "nonResourceAttributes": {"path": "/api", "verb": "get"}}
    reason = (
        'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" '
        'to Group "system:authenticated"'
    )
    answer = reviews.subject_access(asker(), {"kind": "SubjectAccessReview", "spec": spec})
    assert answer["status"] == {"allowed": True, "reason": reason}


def test_the_caller_asks_for_himself():
    spec = {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "x"}}
    assert reviews.self_subject_access(asker(), {"spec": spec})["status"] == {"allowed": False}


@pytest.mark.parametrize(
    "spec, told",
    [
        (
            {},
            "[spec: Invalid value: null: exactly one of",
        ),
        (
            {"user": "u", "resourceAttributes": {}, "nonResourceAttributes": {"path": "/", "verb": "get"}},
            'spec: Invalid value: {"Path":"/","Verb":"get"}',
        ),
        ({"resourceAttributes": {}}, 'spec.user: Invalid value: ""'),
    ],
)
def test_a_question_must_be_whole(spec, told):
    with pytest.raises(ApiError) as refused:
        reviews.subject_access(asker(), {"spec": spec})
    assert told in refused.value.message
    assert "kind" not in refused.value.details


def test_a_local_review_is_of_its_namespace():
    spec = {"user": "u", "resourceAttributes": {"namespace": "other", "verb": "get", "resource": "pods"}}
    with pytest.raises(ApiError, match=r"must match metadata\.namespace"):
        reviews.local_subject_access(asker(), {"spec": spec})


def test_rules_are_incomplete_for_a_node():
    node = users.user("system:node:n", groups=("system:nodes",))
    status = reviews.self_subject_rules(asker(node), {"spec": {"namespace": "x"}})["status"]
    assert (status["incomplete"], status["evaluationError"]) == (
        True,
        "node authorizer does not support user rule resolution",
    )


def test_a_token_that_nobody_knows():
    answer = reviews.token(asker(), {"spec": {"token": "garbage"}})
    assert answer["status"] == {"user": {}, "error": "invalid bearer token"}


def test_who_am_i():
    answer = reviews.self_subject(asker(), {})
    assert answer["status"] == {"userInfo": {"username": "jane", "groups": ["system:authenticated"]}}
