"""The Pod Security Standards, check by check."""

import pytest

from picok8s.apiserver.admission.pod_security_checks import LATEST, findings


def told(level: str, spec: dict, minor: int = LATEST, annotations: dict | None = None) -> list[str]:
    spec = {"containers": [{"name": "c"}], **spec}
    return [f"{f.reason} ({f.detail})" for f in findings(level, minor, {"annotations": annotations or {}}, spec)]


def secured(**context) -> dict:
    return {"containers": [{"name": "c", "securityContext": context}]}


GOOD = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def port(number: int) -> dict:
    return {"hostPort": number}


@pytest.mark.parametrize(
    "spec, finding",
    [
        ({"hostNetwork": True, "hostIPC": True}, "host namespaces (hostNetwork=true, hostIPC=true)"),
        (
            {"volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "hostPath": {"path": "/"}}]},
            'hostPath volumes (volumes "v", "w")',
        ),
        ({"containers": [{"name": "c", "ports": [port(80)]}]}, 'hostPort (container "c" uses hostPort 80)'),
        (secured(privileged=True), 'privileged (container "c" must not set securityContext.privileged=true)'),
        (
            secured(capabilities={"add": ["NET_RAW", "CHOWN"]}),
            'non-default capabilities (container "c" must not include "NET_RAW" in securityContext.capabilities.add)',
        ),
        (
            {"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}},
            'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
        ),
        (
            secured(seccompProfile={"type": "Unconfined"}),
            'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        ({"securityContext": {"sysctls": [{"name": "kernel.x"}]}}, "forbidden sysctls (kernel.x)"),
        (
            {"securityContext": {"windowsOptions": {"hostProcess": True}}},
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
        (
            secured(procMount="Unmasked"),
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
        ),
        (
            {"containers": [{"name": "c", "livenessProbe": {"httpGet": {"host": "h"}}}]},
            'probe or lifecycle host (container "c" uses probe or lifecycle host "h")',
        ),
    ],
)
def test_baseline_forbids(spec, finding):
    assert told("baseline", spec) == [finding]


def test_an_app_armor_annotation_counts():
    found = told("baseline", {}, annotations={"container.apparmor.security.beta.kubernetes.io/c": "unconfined"})
    assert found[0].startswith("forbidden AppArmor profile")


def test_restricted_wants_four_things():
    assert [line.split(" (")[0] for line in told("restricted", {})] == [
        "allowPrivilegeEscalation != false",
        "unrestricted capabilities",
        "runAsNonRoot != true",
        "seccompProfile",
    ]
    assert told("restricted", secured(**GOOD)) == []


def test_restricted_replaces_the_baseline_check_that_it_sharpens():
    volumes = [{"name": "v", "hostPath": {"path": "/"}}]
    assert told("restricted", {**secured(**GOOD), "volumes": volumes}) == [
        'restricted volume types (volume "v" uses restricted volume type "hostPath")'
    ]


def test_older_versions_know_less():
    assert [line.split(" (")[0] for line in told("restricted", {}, 18)] == [
        "allowPrivilegeEscalation != false",
        "runAsNonRoot != true",
    ]
    assert told("baseline", {"containers": [{"name": "c", "livenessProbe": {"httpGet": {"host": "h"}}}]}, 33) == []


def test_a_user_namespace_lets_root_be():
    root = secured(**{**GOOD, "runAsNonRoot": None, "runAsUser": 0})
    assert told("restricted", {**root, "hostUsers": False}) == []
    assert len(told("restricted", root)) == 2


def test_windows_needs_only_non_root():
    spec = {"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": True}}
    assert told("restricted", spec) == []


def test_privileged_forbids_nothing():
    assert told("privileged", {"hostPID": True, **secured(privileged=True)}) == []
