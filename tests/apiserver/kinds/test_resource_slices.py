"""resource.k8s.io: slices and taint rules."""

import pytest

from tests.apiserver.kinds import play

SLICES = "resourceslices.resource.k8s.io"
RULES = "devicetaintrules.resource.k8s.io"


def slice_of(*devices, **more):
    given = {"driver": "d.example.com", "nodeName": "n", "pool": {"name": "p", "resourceSliceCount": 1}}
    return {"spec": {**given, "devices": list(devices), **more}}


def test_a_slice_says_where_its_devices_are():
    made, errors = play.create(SLICES, slice_of({"name": "d", "attributes": {"m": {"string": "x"}}}))
    assert not errors and made["spec"]["pool"]["generation"] == 0
    assert play.kind(SLICES).behaviour.fields["spec.pool.name"](made) == "p"
    assert play.refused(SLICES, {"spec": {}}) == [
        "spec.driver: Required value",
        "spec.pool.name: Required value",
        "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
        "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` "
        "is required",
    ]


@pytest.mark.parametrize(
    "device, errors",
    [
        (
            {"name": "d", "attributes": {"v": {"version": "one"}}},
            ['.attributes[v].version: Invalid value: "one": must be a string compatible with semver.org spec 2.0.0'],
        ),
        (
            {"name": "d", "attributes": {"two": {"string": "x", "int": 1}}},
            [
                '.attributes[two]: Invalid value: "{int, string}": must specify exactly one of: '
                "`int`, `bool`, `string`, `version`, `ints`, `bools`, `strings`, `versions`"
            ],
        ),
        (
            {"name": "d", "capacity": {"m": {"value": "8Gi", "requestPolicy": {"default": "1Gi"}}}},
            [".capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true"],
        ),
        (
            {
                "name": "d",
                "allowMultipleAllocations": True,
                "capacity": {
                    "m": {
                        "value": "8Gi",
                        "requestPolicy": {"default": "3Gi", "validRange": {"min": "1Gi", "step": "4Gi"}},
                    }
                },
            },
            [
                '.capacity[m].requestPolicy.validRange.step: Invalid value: "3Gi": '
                "value is not a multiple of a given step (4Gi) from (1Gi)"
            ],
        ),
    ],
)
def test_devices_are_refused_in_upstream_words(device, errors):
    assert play.refused(SLICES, slice_of(device)) == [f"spec.devices[0]{error}" for error in errors]


def test_driver_node_and_pool_are_fixed():
    made, _ = play.create(SLICES, slice_of())
    assert play.update(SLICES, made, {"spec": {"driver": "e.example.com", "pool": {"name": "q"}}})[1] == [
        'spec.pool.name: Invalid value: "q": field is immutable',
        'spec.driver: Invalid value: "e.example.com": field is immutable',
    ]


def test_a_taint_says_since_when():
    made, errors = play.create(RULES, {"spec": {"taint": {"key": "k", "effect": "NoSchedule"}}})
    assert not errors and made["spec"]["taint"]["timeAdded"] == play.BORN
    assert play.refused(RULES, {"spec": {"taint": {"key": "k"}}}) == ["spec.taint.effect: Required value"]
