"""What containers may do."""

import pytest

from picok8s.node import security
from picok8s.node.env import ConfigError
from tests.node.test_step import pod


def context(container: dict, user=(None, ""), **more) -> dict:
    return security.container_context(pod(container, **more), {"name": "c", **container}, user, "/r", "")


def own(**words) -> dict:
    return {"name": "c", "securityContext": words}


def test_a_plain_container_has_masked_paths_and_no_seccomp():
    made = context({"name": "c"})
    assert "/proc/kcore" in made["masked_paths"] and made["seccomp"] == {"profile_type": "Unconfined"}
    assert "run_as_user" not in made and "apparmor" not in made


def test_a_privileged_one_sees_everything():
    made = context(own(privileged=True, seccompProfile={"type": "RuntimeDefault"}))
    assert made["privileged"] and "masked_paths" not in made and made["seccomp"]["profile_type"] == "Unconfined"


def test_the_container_speaks_over_the_pod():
    made = context(own(runAsUser=5), securityContext={"runAsUser": 1, "runAsGroup": 2, "fsGroup": 3})
    assert made["run_as_user"] == {"value": 5} and made["run_as_group"] == {"value": 2}
    assert made["supplemental_groups"] == [3]


def test_users_of_the_image():
    assert context({"name": "c"}, (7, ""))["run_as_user"] == {"value": 7}
    assert context({"name": "c"}, (None, "web"))["run_as_username"] == "web"


@pytest.mark.parametrize(
    "user, words", [((None, ""), "run as root"), ((None, "web"), "non-numeric"), ((0, ""), "run as root")]
)
def test_non_root_is_held_to(user, words):
    with pytest.raises(ConfigError, match=words):
        context(own(runAsNonRoot=True), user)
    assert context(own(runAsNonRoot=True), (7, ""))["run_as_user"] == {"value": 7}


def test_capabilities_and_profiles():
    made = context(own(capabilities={"add": ["CAP_NET_ADMIN"], "drop": ["ALL"]}, allowPrivilegeEscalation=False))
    assert (
        made["capabilities"] == {"add_capabilities": ["NET_ADMIN"], "drop_capabilities": ["ALL"]}
        and made["no_new_privs"]
    )
    local = context(own(seccompProfile={"type": "Localhost", "localhostProfile": "p.json"}))
    assert local["seccomp"] == {"profile_type": "Localhost", "localhost_ref": "/r/seccomp/p.json"}


def test_namespaces():
    assert security.namespaces(pod()) == {"network": "POD", "ipc": "POD", "pid": "CONTAINER"}
    assert security.namespaces(pod(hostNetwork=True, hostPID=True))["pid"] == "NODE"
    assert security.namespaces(pod(), "id") == {"network": "POD", "ipc": "POD", "pid": "TARGET", "target_id": "id"}
    assert security.namespaces(pod(shareProcessNamespace=True))["pid"] == "POD"


def test_unsafe_sysctls_are_refused_unless_allowed():
    set_one = {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}
    assert (
        security.forbidden_sysctl(pod(securityContext=set_one)) == 'forbidden sysctl: "kernel.msgmax" not allowlisted'
    )
    assert not security.forbidden_sysctl(pod(securityContext=set_one), ("kernel.msgmax",))
    assert not security.forbidden_sysctl(pod(securityContext={"sysctls": [{"name": "net.ipv4.tcp_syncookies"}]}))
