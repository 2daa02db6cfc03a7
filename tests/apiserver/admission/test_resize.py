"""Claims that grow."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import resize
from tests.apiserver.shelf import Cluster, Shelf, call, named


def claim(size: str, phase: str = "Bound", storage_class: str = "grows") -> dict:
    spec = {"storageClassName": storage_class, "resources": {"requests": {"storage": size}}}
    return named("c", "x", spec=spec, status={"phase": phase})


def judge(new: dict, old: dict) -> None:
    shelf = Shelf().put(resize.CLASSES, named("grows", allowVolumeExpansion=True), named("stays"))
    resize.judge(Cluster(shelf), call("persistentvolumeclaims", "update"), new, old)


def test_a_bound_claim_of_a_growing_class_grows():
    judge(claim("2Gi"), claim("1Gi"))


def test_a_claim_may_shrink_here():
    judge(claim("1Gi", "Pending", "stays"), claim("2Gi", "Pending", "stays"))


@pytest.mark.parametrize(
    "new, old, told",
    [
        (claim("2Gi", "Pending"), claim("1Gi", "Pending"), "Only bound persistent volume claims can be expanded"),
        (claim("2Gi", storage_class="stays"), claim("1Gi", storage_class="stays"), "only dynamically provisioned pvc"),
    ],
)
def test_what_is_refused(new, old, told):
    with pytest.raises(ApiError, match=told):
        judge(new, old)
