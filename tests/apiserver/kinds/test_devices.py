"""Names, taints and settings of devices."""

import pytest

from picok8s.apiserver.kinds import devices
from picok8s.apiserver.kinds.devices import Found


@pytest.mark.parametrize(
    "name, bodies",
    [
        ("model", []),
        ("example.com/model", []),
        ("too/many/slashes", []),
        ("/model", ['Invalid value: "": the domain must not be empty']),
        ("example.com/", ['Invalid value: "": the name must not be empty']),
    ],
)
def test_qualified_names(name, bodies):
    assert [error.body for error in devices.qualified(name, "p")] == bodies


def test_what_the_schema_says_comes_last():
    found = Found()
    devices.taint(found, {"key": "k", "value": "!", "effect": "Never"}, "t")
    assert [error.field for error in found.all()] == ["t.value", "t.effect"]


def test_items_are_different():
    found = Found()
    assert devices.many(found, ["a", "a"], "p", 5, str)
    assert [str(error) for error in found.all()] == ['p[1]: Duplicate value: "a"']
    assert not devices.many(found, ["a", "b"], "q", 1)


def test_binding_conditions_come_with_their_failures():
    found = Found()
    devices.binding(found, {"bindingConditions": ["a"]}, "d")
    assert [error.field for error in found.all()] == ["d.bindingFailureConditions"]
