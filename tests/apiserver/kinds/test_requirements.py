"""Requests, limits, claims."""

import pytest

from picok8s.apiserver.kinds.requirements import is_extended, is_overcommitted, validate_requirements


def told(claims=(), **resources):
    return [str(error) for error in validate_requirements(resources, "r", set(claims))]


@pytest.mark.parametrize(
    ("resources", "errors"),
    [
        ({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}, []),
        (
            {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}},
            ['r.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
        ),
        (
            {"requests": {"memory": "-1"}},
            ['r.requests[memory]: Invalid value: "-1": must be greater than or equal to 0'],
        ),
        (
            {"limits": {"example.com/x": "2"}, "requests": {"example.com/x": "1"}},
            ['r.requests: Invalid value: "1": must be equal to example.com/x limit of 2'],
        ),
        (
            {"requests": {"example.com/x": "1"}},
            ["r.limits: Required value: Limit must be set for non overcommitable resources"],
        ),
        ({"limits": {"hugepages-2Mi": "4Mi"}}, ["r: Forbidden: HugePages require cpu or memory"]),
        (
            {"limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}},
            ['r.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi'],
        ),
        (
            {"requests": {"requests.cpu": "1"}},
            ['r.requests[requests.cpu]: Invalid value: "requests.cpu": must be a standard resource for containers'],
        ),
    ],
)
def test_requirements(resources, errors):
    assert told(**resources) == errors


def test_claims():
    assert told(claims=["a"], claims_=None) == []
    found = validate_requirements({"claims": [{"name": "a", "request": "r"}, {"name": "a"}, {"name": "b"}]}, "r", {"a"})
    assert [str(error) for error in found] == [
        'r.claims[1]: Duplicate value: "a"',
        'r.claims[2]: Not found: "b": must be one of the names in pod.spec.resourceClaims: a',
    ]


def test_names():
    assert is_extended("example.com/gpu") and not is_extended("cpu") and not is_extended("kubernetes.io/x")
    assert is_overcommitted("cpu") and not is_overcommitted("hugepages-2Mi") and not is_overcommitted("a.b/c")
