"""Nothing new in namespaces that are missing or going away."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import namespace_lifecycle
from tests.apiserver.shelf import Cluster, Shelf, call, named


def judge(new, old=None, resource="configmaps", **namespaces):
    shelf = Shelf(namespaces=[named(name, status={"phase": phase}) for name, phase in namespaces.items()])
    namespace_lifecycle.judge(Cluster(shelf), call(resource), new, old)


def test_a_missing_namespace_is_not_found():
    with pytest.raises(ApiError) as refused:
        judge(named("a", "x"))
    assert (refused.value.code, refused.value.message) == (404, 'namespaces "x" not found')


def test_a_terminating_namespace_takes_nothing_new():
    with pytest.raises(ApiError) as refused:
        judge(named("a", "x"), x="Terminating")
    assert refused.value.message == (
        'configmaps "a" is forbidden: unable to create new content in namespace x because it is being terminated'
    )
    assert refused.value.details["causes"] == [
        {"reason": "NamespaceTerminating", "message": "namespace x is being terminated", "field": "metadata.namespace"}
    ]


def test_a_terminating_namespace_takes_changes_and_deletions():
    judge(named("a", "x"), named("a", "x"), x="Terminating")
    judge(None, named("a", "x"), x="Terminating")


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_the_first_namespaces_stay(name):
    with pytest.raises(ApiError, match="this namespace may not be deleted"):
        judge(None, named(name), "namespaces")


def test_others_go():
    judge(None, named("other"), "namespaces")
