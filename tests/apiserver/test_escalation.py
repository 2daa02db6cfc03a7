"""Nobody writes a role or binding beyond his own rights."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver import escalation
from picok8s.apiserver.authorize import Authorizer
from tests.apiserver.shelf import JANE, MASTER, Shelf, binding, fresh, role, rule, subject

ROLES, BINDINGS = "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io"
ADMIN = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}


def authorizer(*rules) -> Authorizer:
    shelf = fresh()
    shelf.put(ROLES, role("own", "x", *rules))
    return Authorizer(shelf.put(BINDINGS, binding("own", "x", "own", subject("jane"))))


def test_a_role_beyond_own_rights_is_refused_with_what_lacks():
    wanted = role("more", "x", rule("get list", "pods secrets"))
    with pytest.raises(ApiError) as refused:
        escalation.check(authorizer(rule("get", "pods")), JANE, "roles", wanted, None)
    assert refused.value.message == (
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["system:authenticated"]) '
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'
    )


@pytest.mark.parametrize(
    "own, wanted",
    [
        (rule("get", "pods"), rule("get", "pods")),
        (rule("get", "pods"), rule("get", "pods", names="a")),
        (rule("*", "*", "*"), rule("delete", "deployments", "apps")),
        (rule("escalate", "roles", "rbac.authorization.k8s.io"), rule("*", "*", "*")),
    ],
)
def test_a_role_within_own_rights_passes(own, wanted):
    escalation.check(authorizer(own), JANE, "roles", role("new", "x", wanted), None)


def test_a_binding_needs_the_rights_of_its_role_or_bind():
    wanted = binding("b", "x", "cluster-admin", subject("jane"), kind="ClusterRole")
    with pytest.raises(ApiError) as refused:
        escalation.check(authorizer(rule("get", "pods")), JANE, "rolebindings", wanted, None)
    assert refused.value.message.endswith(
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}'
    )
    bind = rule("bind", "clusterroles", "rbac.authorization.k8s.io", "cluster-admin")
    escalation.check(authorizer(bind), JANE, "rolebindings", wanted, None)


def test_a_binding_to_a_missing_role_is_not_found():
    with pytest.raises(ApiError) as refused:
        escalation.check(authorizer(), JANE, "rolebindings", binding("b", "x", "none", subject("jane")), None)
    assert refused.value.message == 'rolebindings.rbac.authorization.k8s.io "none" not found'


def test_aggregation_is_for_masters():
    wanted = {"metadata": {"name": "d"}, "rules": [], "aggregationRule": {"clusterRoleSelectors": [{}]}}
    with pytest.raises(ApiError, match="must have cluster-admin privileges to use the aggregationRule"):
        escalation.check(authorizer(), JANE, "clusterroles", wanted, None)
    escalation.check(Authorizer(Shelf()), MASTER, "clusterroles", wanted, None)


def test_owners_may_change_whatever_the_rights():
    old = role("big", "x", rule("*", "*", "*"))
    new = {**old, "metadata": {**old["metadata"], "finalizers": ["a/b"]}}
    escalation.check(authorizer(), JANE, "roles", new, old)
