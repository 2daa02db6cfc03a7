"""Which requests admission looks at."""

import pytest

from picok8s.apiserver.kinds import admission_rules


def rule(**more):
    return {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], **more}


@pytest.mark.parametrize(
    "given, errors",
    [
        (rule(), []),
        (
            rule(operations=["EAT"]),
            [
                'r.operations[0]: Unsupported value: "EAT": '
                'supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"'
            ],
        ),
        (
            rule(apiGroups=["*", "a"]),
            ['r.apiGroups: Invalid value: ["*","a"]: if \'*\' is present, must not specify other API groups'],
        ),
        (
            rule(resources=["pods/*", "pods/status"]),
            ["r.resources[1]: Invalid value: \"pods/status\": if 'pods/*' is present, must not specify pods/status"],
        ),
        (
            rule(scope="Galaxy"),
            ['r.scope: Unsupported value: "Galaxy": supported values: "*", "Cluster", "Namespaced"'],
        ),
    ],
)
def test_rules(given, errors):
    assert [str(error) for error in admission_rules.validate_rule(given, "r")] == errors


def test_conditions_have_names_and_expressions():
    found = admission_rules.validate_conditions(
        [{"name": "a", "expression": "true"}, {"name": "a", "expression": " "}], "m"
    )
    assert [str(error) for error in found] == ["m[1].expression: Required value", 'm[1].name: Duplicate value: "a"']


def test_matching_is_defaulted():
    matching = {"resourceRules": [rule()]}
    admission_rules.default_matching(matching)
    assert matching["matchPolicy"] == "Equivalent" and matching["resourceRules"][0]["scope"] == "*"
