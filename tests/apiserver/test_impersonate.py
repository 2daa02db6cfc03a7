"""Acting as another: what the headers ask for, and who may."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver import impersonate
from picok8s.apiserver.authorize import Authorizer
from picok8s.apiserver.rbac import Attributes
from tests.apiserver.shelf import JANE, MASTER, Shelf, binding, fresh, role, rule, subject

LIST_PODS = Attributes(MASTER, "list", resource="pods", namespace="x")


def acting(headers: dict[str, str], requestor=MASTER, shelf: Shelf | None = None):
    return impersonate.acting(Authorizer(shelf or Shelf()), requestor, headers, LIST_PODS)


def test_without_headers_the_requestor_acts():
    assert acting({}) is MASTER


@pytest.mark.parametrize(
    "headers, groups",
    [
        ({"impersonate-user": "bob"}, ("system:authenticated",)),
        ({"impersonate-user": "bob", "impersonate-group": "b\x00a"}, ("b", "a", "system:authenticated")),
        ({"impersonate-user": "bob", "impersonate-group": "system:unauthenticated"}, ("system:unauthenticated",)),
        ({"impersonate-user": "system:anonymous"}, ("system:unauthenticated",)),
        (
            {"impersonate-user": "system:serviceaccount:x:y"},
            ("system:serviceaccounts", "system:serviceaccounts:x", "system:authenticated"),
        ),
        ({"impersonate-user": "system:serviceaccount:bad"}, ("system:authenticated",)),
        ({"impersonate-user": "system:node:n"}, ("system:authenticated",)),
    ],
)
def test_groups_follow_from_the_name(headers, groups):
    assert acting(headers).groups == groups


def test_extra_keys_are_lowered_and_unescaped():
    found = acting({"impersonate-user": "bob", "impersonate-extra-acme.com%2FProject": "p1", "impersonate-uid": "7"})
    assert (found.uid, found.extra) == ("7", (("acme.com/project", ("p1",)),))


def test_anything_without_a_user_is_an_error():
    with pytest.raises(ApiError) as refused:
        acting({"impersonate-extra-x": "1"})
    assert refused.value.message == (
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), '
        'Extra:map[string][]string{"x":[]string{"1"}}} without impersonating a user name'
    )


def test_without_rights_nobody_is_impersonated():
    with pytest.raises(ApiError) as refused:
        acting({"impersonate-user": "bob"}, JANE)
    assert refused.value.code == 403
    assert "impersonate-on:user-info:list" in refused.value.message


def with_rights(*rules) -> Shelf:
    shelf = fresh().put("clusterroles.rbac.authorization.k8s.io", role("i", "", *rules))
    return shelf.put("clusterrolebindings.rbac.authorization.k8s.io", binding("i", "", "i", subject("jane")))


def test_each_part_needs_its_right():
    shelf = with_rights(rule("impersonate", "users", names="bob"))
    assert acting({"impersonate-user": "bob"}, JANE, shelf).name == "bob"
    with pytest.raises(ApiError):
        acting({"impersonate-user": "bob", "impersonate-group": "g"}, JANE, shelf)


def test_constrained_rights_let_act_for_some_requests():
    shelf = with_rights(
        rule("impersonate:user-info", "users", "authentication.k8s.io"), rule("impersonate-on:user-info:list", "pods")
    )
    assert acting({"impersonate-user": "bob"}, JANE, shelf).name == "bob"
    with pytest.raises(ApiError):
        acting({"impersonate-user": "bob", "impersonate-group": "system:masters"}, JANE, shelf)
