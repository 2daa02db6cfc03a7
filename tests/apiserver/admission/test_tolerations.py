"""Default tolerations."""

import pytest

from picok8s.apiserver.admission import tolerations
from tests.apiserver.shelf import Cluster, Shelf, call, pod

NOT_READY, UNREACHABLE = tolerations.KEYS


@pytest.mark.parametrize(
    "given, added",
    [
        ([], [NOT_READY, UNREACHABLE]),
        ([{"key": NOT_READY, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}], [UNREACHABLE]),
        ([{"operator": "Exists"}], []),
        ([{"key": UNREACHABLE, "operator": "Exists"}], [NOT_READY]),
        ([{"key": NOT_READY, "operator": "Exists", "effect": "NoSchedule"}], [NOT_READY, UNREACHABLE]),
    ],
)
def test_what_a_pod_does_not_say_is_added(given, added):
    new = pod(tolerations=given)
    tolerations.complete(Cluster(Shelf()), call("pods"), new, None)
    assert [toleration["key"] for toleration in new["spec"]["tolerations"][len(given) :]] == added
