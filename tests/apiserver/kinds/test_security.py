"""Security contexts."""

from picok8s.apiserver.kinds import security


def told(errors):
    return [str(error) for error in errors]


def test_profiles():
    assert told(security.seccomp_profile({"type": "Localhost"}, "p")) == [
        "p.localhostProfile: Required value: must be set when seccomp type is Localhost"
    ]
    assert security.apparmor_profile({"type": "Localhost", "localhostProfile": "x"}, "p") == []
    assert told(security.apparmor_profile({"type": "Unconfined", "localhostProfile": "x"}, "p")) == [
        'p.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost'
    ]


def test_a_privileged_container_may_escalate():
    found = told(security.container_context({"privileged": True, "allowPrivilegeEscalation": False}, "c", True))
    assert len(found) == 1
    assert found[0].startswith('c: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null')
    assert found[0].endswith("cannot set `allowPrivilegeEscalation` to false and `privileged` to true")


def test_an_unmasked_proc_needs_users_of_its_own():
    assert security.container_context({"procMount": "Unmasked"}, "c", False) == []
    assert told(security.container_context({"procMount": "Unmasked"}, "c", True)) == [
        'c.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`'
    ]


def test_sysctls():
    items = [{"name": "net/ipv4/x.y", "value": "1"}, {"name": "net/ipv4/x.y", "value": "2"}, {"name": "B"}]
    assert told(security.sysctls(items, {"hostNetwork": True}, "s")) == [
        "s[0].name: Invalid value: \"net/ipv4/x.y\": may not be specified when 'hostNetwork' is true",
        's[1].name: Duplicate value: "net/ipv4/x.y"',
        "s[1].name: Invalid value: \"net/ipv4/x.y\": may not be specified when 'hostNetwork' is true",
        f's[2].name: Invalid value: "B": {security.SYSCTL_RULE}',
    ]
    assert security.dotted("net/ipv4/eth0.1") == "net.ipv4.eth0/1"


def test_windows_users():
    assert security.windows_user("DOMAIN\\user") == []
    assert security.windows_user("a\\b\\c") == ["runAsUserName cannot contain more than one backslash"]
    assert security.windows_user("...") == ["runAsUserName's User cannot contain only periods or spaces"]


def test_each_system_has_its_own_fields():
    spec = {"securityContext": {"windowsOptions": {}, "runAsUser": 1}, "hostPID": True, "containers": []}
    assert told(security.for_linux(spec, "s")) == [
        "s.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"
    ]
    assert told(security.for_windows(spec, "s")) == [
        "s.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
        "s.hostPID: Forbidden: cannot be set for a windows pod",
    ]


def test_host_process_containers_are_all_or_none():
    wanted = {"securityContext": {"windowsOptions": {"hostProcess": True}}}
    assert security.host_process({"containers": [wanted], "hostNetwork": True}, "s") == []
    assert len(security.host_process({"containers": [wanted, {}]}, "s")) == 2
