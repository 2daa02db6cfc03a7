"""networking.k8s.io: ingresses and their classes."""

import pytest

from tests.apiserver.kinds import play

INGRESSES = "ingresses.networking.k8s.io"
CLASSES = "ingressclasses.networking.k8s.io"
BACKEND = {"service": {"name": "s", "port": {"number": 80}}}


def test_an_ingress_starts_without_addresses():
    made, errors = play.create(INGRESSES, {"spec": {"defaultBackend": BACKEND}})
    assert not errors and made["status"] == {"loadBalancer": {}}


@pytest.mark.parametrize(
    "spec, errors",
    [
        ({}, ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]),
        (
            {"rules": [{"host": "1.2.3.4"}]},
            ['spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
        ),
        ({"defaultBackend": {}}, ['spec.defaultBackend: Invalid value: "": resource or service backend is required']),
        (
            {"defaultBackend": {"service": {"name": "s", "port": {"number": 70000}}}},
            ["spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"],
        ),
        (
            {"rules": [{"http": {"paths": [{"path": "/a//b", "pathType": "Prefix", "backend": BACKEND}]}}]},
            ["spec.rules[0].http.paths[0].path: Invalid value: \"/a//b\": must not contain '//'"],
        ),
    ],
)
def test_ingresses_are_refused_in_upstream_words(spec, errors):
    assert play.refused(INGRESSES, {"spec": spec}) == errors


def test_the_old_annotation_warns_and_must_agree():
    noted = {"metadata": {"annotations": {"kubernetes.io/ingress.class": "x"}}, "spec": {"defaultBackend": BACKEND}}
    made, errors = play.create(INGRESSES, noted)
    assert not errors
    assert play.kind(INGRESSES).behaviour.warnings(made, None) == [
        "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    ]
    noted["spec"]["ingressClassName"] = "y"
    assert play.refused(INGRESSES, noted) == [
        'annotations.kubernetes.io/ingress.class: Invalid value: "x": '
        "must match `ingressClassName` when both are specified"
    ]


def test_a_class_scopes_its_parameters_and_keeps_its_controller():
    spec = {"controller": "example.com/c", "parameters": {"apiGroup": "k.io", "kind": "P", "name": "p"}}
    made, errors = play.create(CLASSES, {"spec": spec})
    assert not errors and made["spec"]["parameters"]["scope"] == "Cluster"
    assert play.update(CLASSES, made, {"spec": {"controller": "example.com/d"}})[1] == [
        'spec.controller: Invalid value: "example.com/d": field is immutable'
    ]
