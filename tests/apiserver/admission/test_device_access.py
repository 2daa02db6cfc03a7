"""Devices: who may look past other users."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import device_access
from tests.apiserver.shelf import Cluster, call, fresh, named

ASKED = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "c", "adminAccess": True}}]}}


def cluster(**labels) -> Cluster:
    namespace = named("ns")
    namespace["metadata"]["labels"] = labels
    return Cluster(fresh().put("namespaces", namespace))


def claim(spec):
    obj = named("a", spec=spec)
    obj["metadata"]["namespace"] = "ns"
    return obj


@pytest.mark.parametrize("name, spec", [(device_access.CLAIMS, ASKED), (device_access.TEMPLATES, {"spec": ASKED})])
def test_access_wants_a_labelled_namespace(name, spec):
    with pytest.raises(ApiError) as refused:
        device_access.judge(cluster(), call(name), claim(spec), None)
    assert refused.value.message.endswith(
        '"a" is invalid: spec.devices.requests[0].adminAccess: Forbidden: ' + device_access.WHY
    )
    device_access.judge(cluster(**{device_access.LABEL: "true"}), call(name), claim(spec), None)


def test_ordinary_claims_are_let_in():
    device_access.judge(cluster(), call(device_access.CLAIMS), claim({"devices": {}}), None)
