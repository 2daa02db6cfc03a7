"""admissionregistration.k8s.io: policies and bindings."""

import pytest

from tests.apiserver.kinds import play

VALIDATING = "validatingadmissionpolicies.admissionregistration.k8s.io"
MUTATING = "mutatingadmissionpolicies.admissionregistration.k8s.io"
BINDINGS = "validatingadmissionpolicybindings.admissionregistration.k8s.io"
RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}


def policy(**more):
    given = {"matchConstraints": {"resourceRules": [RULE]}, "validations": [{"expression": "true"}]}
    return {"spec": {**given, **more}}


def test_a_policy_is_defaulted():
    made, errors = play.create(VALIDATING, policy())
    assert not errors
    assert made["spec"]["failurePolicy"] == "Fail" and made["spec"]["matchConstraints"]["objectSelector"] == {}


@pytest.mark.parametrize(
    "more, errors",
    [
        ({"matchConstraints": None}, ["spec.matchConstraints: Required value"]),
        (
            {"validations": [{"expression": ""}]},
            ["spec.validations[0].expression: Required value: expression is not specified"],
        ),
        (
            {"variables": [{"name": "b-c", "expression": "1"}]},
            ['spec.variables[0].name: Invalid value: "b-c": must be a valid CEL identifier'],
        ),
        (
            {"paramKind": {"apiVersion": "a/b/c", "kind": "K"}},
            ['spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'],
        ),
        (
            {"auditAnnotations": [{"key": "k", "valueExpression": ""}]},
            ["spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified"],
        ),
    ],
)
def test_policies_are_refused_in_upstream_words(more, errors):
    assert play.refused(VALIDATING, policy(**more)) == errors


def test_a_mutation_fits_its_type():
    spec = {"mutations": [{"patchType": "JSONPatch"}], "reinvocationPolicy": "Never"}
    assert play.refused(MUTATING, policy(**spec)) == [
        "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch"
    ]


def test_a_binding_acts_one_way():
    spec = {"policyName": "p", "validationActions": ["Deny", "Warn"]}
    (error,) = play.refused(BINDINGS, {"spec": spec})
    assert error.startswith('spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both')
    assert play.refused(BINDINGS, {"spec": {}}) == [
        "spec.policyName: Required value",
        "spec.validationActions: Required value",
    ]
