"""Writing a role is judged by the writer's rights."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import escalation
from tests.apiserver.shelf import JANE, MASTER, Cluster, Shelf, call, role, rule


def test_masters_only_without_rights():
    new = role("r", "x", rule("get", "pods"))
    escalation.judge(Cluster(Shelf()), call("roles.rbac.authorization.k8s.io", user=MASTER), new, None)
    with pytest.raises(ApiError, match="attempting to grant RBAC permissions not currently held"):
        escalation.judge(Cluster(Shelf()), call("roles.rbac.authorization.k8s.io", user=JANE), new, None)
