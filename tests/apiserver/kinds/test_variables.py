"""Environment variables and where they come from."""

import pytest

from picok8s.apiserver.kinds.variables import POD_FIELDS, validate_bulk_sources, validate_field_ref, validate_variables


def told(errors):
    return [str(error) for error in errors]


@pytest.mark.parametrize(
    "field", ["metadata.name", "metadata.labels['a.b/c']", "metadata.annotations['A']", "status.podIPs"]
)
def test_fields_that_may_be_used(field):
    assert validate_field_ref({"apiVersion": "v1", "fieldPath": field}, "f", POD_FIELDS) == []


@pytest.mark.parametrize(
    ("field", "error"),
    [
        (
            "spec.none",
            'f.fieldPath: Invalid value: "spec.none": error converting fieldPath: field label not supported: spec.none',
        ),
        ("metadata.labels['a b']", 'f: Invalid value: "a b": name part must consist of'),
        ("status.phase", 'f.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name"'),
    ],
)
def test_fields_that_may_not(field, error):
    assert told(validate_field_ref({"apiVersion": "v1", "fieldPath": field}, "f", POD_FIELDS))[0].startswith(error)


def test_one_source_and_no_value():
    found = validate_variables(
        [
            {"name": "A", "valueFrom": {}},
            {"name": "B", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "C=", "value": "x"},
            {"name": "D", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "2"}}},
        ],
        "env",
    )
    assert told(found) == [
        'env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, '
        "`secretKeyRef` or `fileKeyRef`",
        'env[1].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        'env[2].name: Invalid value: "C=": a valid environment variable name must consist only of printable ASCII '
        "characters other than '='",
        'env[3].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": '
        "only divisor's values 1m and 1 are supported with the cpu resource",
    ]


def test_bulk_sources():
    assert told(validate_bulk_sources([{}, {"configMapRef": {}}], "envFrom")) == [
        'envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
        "envFrom[1].configMapRef.name: Required value",
    ]
