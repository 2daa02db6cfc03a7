"""A pod's spec as a whole."""

import pytest

from picok8s.apiserver.kinds.pods_defaults import default_template
from picok8s.apiserver.kinds.pods_validate import validate_template
from tests.apiserver.kinds import play

SPEC = {"containers": [{"name": "c", "image": "x:1"}], "serviceAccountName": "default"}


def refused(**spec):
    return play.refused("pods", {"metadata": {"name": "a"}, "spec": {**SPEC, **spec}})


def test_a_pod_needs_containers():
    assert refused(containers=[]) == ["spec.containers: Required value"]


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"restartPolicy": "Odd"},
            'spec.restartPolicy: Unsupported value: "Odd": supported values: "Always", "OnFailure", "Never"',
        ),
        ({"dnsPolicy": "None"}, "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
        (
            {"activeDeadlineSeconds": 0},
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        (
            {"shareProcessNamespace": True, "hostPID": True},
            "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled",
        ),
        ({"hostUsers": False, "hostIPC": True}, "spec.HostIPC: Forbidden: when `hostUsers` is false"),
        (
            {"hostnameOverride": "h", "setHostnameAsFQDN": True},
            "spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true",
        ),
        ({"os": {"name": "plan9"}}, 'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'),
        (
            {"nodeName": "n", "schedulingGates": [{"name": "g"}]},
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
        ),
        (
            {"resourceClaims": [{"name": "r"}]},
            "spec.resourceClaims[0]: Invalid value: "
            '{"Name":"r","ResourceClaimName":null,"ResourceClaimTemplateName":null}: '
            "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
        ),
        (
            {"ephemeralContainers": [{"name": "e", "image": "x"}]},
            "spec.ephemeralContainers: Forbidden: cannot be set on create",
        ),
    ],
)
def test_one_thing_wrong(spec, error):
    assert refused(**spec) == [error]


def test_a_template_is_not_held_to_what_only_pods_must_be():
    template = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {
            "hostNetwork": True,
            "containers": [{"name": "c", "image": " x ", "ports": [{"containerPort": 80}]}],
            "volumes": [{"name": "i", "image": {}}],
        },
    }
    default_template(template)
    assert validate_template(template, "spec.template") == []


def test_a_file_key_needs_an_empty_directory():
    env = [{"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "f", "key": "K"}}}]
    container = {"name": "c", "image": "x", "env": env}
    volumes = [{"name": "v", "secret": {"secretName": "s"}}]
    assert refused(containers=[container], volumes=volumes) == [
        'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "v": '
        "referenced volume must be of type emptyDir"
    ]
