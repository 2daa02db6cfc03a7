"""RBAC: what rules cover, whose bindings apply, and what refusals say."""

import pytest

from picok8s.apiserver import users
from picok8s.apiserver.rbac import Attributes, Rbac, path_matches, refusal, rule_allows, subject_index
from tests.apiserver.shelf import JANE, Shelf, binding, role, rule, subject

ROLES, BINDINGS = "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io"


@pytest.mark.parametrize(
    "given, wanted, allowed",
    [
        (rule("get", "pods"), ("get", "", "pods", ""), True),
        (rule("get", "pods"), ("list", "", "pods", ""), False),
        (rule("*", "pods"), ("list", "", "pods", ""), True),
        (rule("get", "pods"), ("get", "apps", "pods", ""), False),
        (rule("get", "pods"), ("get", "", "pods", "log"), False),
        (rule("get", "pods/log"), ("get", "", "pods", "log"), True),
        (rule("get", "*/log"), ("get", "", "pods", "log"), True),
        (rule("get", "*"), ("get", "", "pods", "log"), True),
        (rule("get", "*/log"), ("get", "", "pods", ""), False),
    ],
)
def test_a_rule_covers(given, wanted, allowed):
    assert rule_allows(given, *wanted) is allowed


@pytest.mark.parametrize(
    "pattern, path, fits", [("/api", "/api", True), ("/api/*", "/api/v1", True), ("/api", "/api/v1", False)]
)
def test_paths_match(pattern, path, fits):
    assert path_matches(pattern, path) is fits


def test_a_service_account_is_a_subject_by_its_long_name():
    account = users.user("system:serviceaccount:x:robot")
    assert subject_index(account, [subject("jane"), subject("robot", "ServiceAccount")], "x") == 1
    assert subject_index(account, [subject("robot", "ServiceAccount")], "") == -1


def cluster() -> Shelf:
    shelf = Shelf()
    shelf.put(ROLES, role("r", "x", rule("get list", "pods"), rule("get list", "configmaps", names="mine")))
    return shelf.put(BINDINGS, binding("b", "x", "r", subject("jane")))


def test_a_binding_gives_rights_in_its_namespace_only():
    rbac = Rbac(cluster())
    assert rbac.decide(Attributes(JANE, "get", resource="pods", namespace="x")) == (
        True,
        'RBAC: allowed by RoleBinding "b/x" of Role "r" to User "jane"',
    )
    assert rbac.decide(Attributes(JANE, "get", resource="pods", namespace="y")) == (False, "")
    assert rbac.decide(Attributes(JANE, "get", resource="pods")) == (False, "")


def test_names_limit_a_rule():
    rbac = Rbac(cluster())
    assert rbac.decide(Attributes(JANE, "get", resource="configmaps", namespace="x", name="mine"))[0]
    assert not rbac.decide(Attributes(JANE, "get", resource="configmaps", namespace="x", name="other"))[0]
    assert not rbac.decide(Attributes(JANE, "list", resource="configmaps", namespace="x"))[0]


def test_an_answer_is_forgotten_when_rights_change():
    shelf = cluster()
    rbac = Rbac(shelf)
    wanted = Attributes(JANE, "delete", resource="pods", namespace="x")
    assert not rbac.decide(wanted)[0]
    shelf.put(ROLES, role("r", "x", rule("delete", "pods")))
    assert rbac.decide(wanted)[0]


def test_a_missing_role_is_told():
    shelf = Shelf().put(BINDINGS, binding("b", "x", "missing", subject("jane")))
    told = 'RBAC: role.rbac.authorization.k8s.io "missing" not found'
    assert Rbac(shelf).decide(Attributes(JANE, "list", resource="pods", namespace="x")) == (False, told)


def test_refusals_name_resource_and_scope_or_path():
    told = refusal(Attributes(JANE, "get", "apps", "v1", "deployments", "scale", "x", "d"), "").message
    assert told == (
        'deployments.apps "d" is forbidden: User "jane" cannot get resource "deployments/scale" '
        'in API group "apps" in the namespace "x"'
    )
    assert refusal(Attributes(JANE, "post", path="/zz"), "").message == 'forbidden: User "jane" cannot post path "/zz"'
