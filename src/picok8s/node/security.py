"""What a container may do, as the runtime wants it told: users, capabilities, seccomp, namespaces. Pure."""

from typing import Any

from picok8s.node import pods
from picok8s.node.env import ConfigError

Object = dict[str, Any]

MASKED_PATHS = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

# Sysctls that touch only the pod's own namespaces, and so may be set by anybody.
SAFE_SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
)


def forbidden_sysctl(pod: Object, allowed: tuple[str, ...] = ()) -> str:
    """Why the node must refuse the pod for its sysctls; "" when it need not."""
    for row in (pod["spec"].get("securityContext") or {}).get("sysctls") or []:
        name = row["name"].replace("/", ".")
        if name not in SAFE_SYSCTLS and name not in allowed:
            return f'forbidden sysctl: "{name}" not allowlisted'
    return ""


def effective(pod: Object, container: Object) -> Object:
    """The pod's security context with the container's words over it."""
    whole = pod["spec"].get("securityContext") or {}
    shared = ("runAsUser", "runAsGroup", "runAsNonRoot", "seLinuxOptions", "seccompProfile", "appArmorProfile")
    return {**{key: whole[key] for key in shared if key in whole}, **(container.get("securityContext") or {})}


def namespaces(pod: Object, target_id: str = "") -> Object:
    """CRI's NamespaceOption. `target_id`: an ephemeral container looks into the processes of that one."""
    spec = pod["spec"]
    made: Object = {
        "network": "NODE" if spec.get("hostNetwork") else "POD",
        "ipc": "NODE" if spec.get("hostIPC") else "POD",
        "pid": "CONTAINER",
    }
    if spec.get("hostPID"):
        made["pid"] = "NODE"
    elif spec.get("shareProcessNamespace"):
        made["pid"] = "POD"
    elif target_id:
        made |= {"pid": "TARGET", "target_id": target_id}
    return made


def supplemental_groups(pod: Object, extra: tuple[int, ...] = ()) -> list[int]:
    context = pod["spec"].get("securityContext") or {}
    groups = [*(context.get("supplementalGroups") or []), *extra]
    if context.get("fsGroup") is not None:
        groups.append(context["fsGroup"])
    return list(dict.fromkeys(groups))


def profile(given: Object | None, root: str, privileged: bool) -> Object:
    """CRI's SecurityProfile of a seccompProfile; nothing is asked of a privileged container."""
    kind = "Unconfined" if privileged else (given or {}).get("type", "Unconfined")
    if kind == "Localhost":
        return {"profile_type": "Localhost", "localhost_ref": f"{root}/seccomp/{(given or {})['localhostProfile']}"}
    return {"profile_type": kind}


def sandbox_context(pod: Object, root: str) -> Object:
    context = pod["spec"].get("securityContext") or {}
    privileged = any((c.get("securityContext") or {}).get("privileged") for c in pods.all_containers(pod))
    made: Object = {
        "namespace_options": namespaces(pod),
        "privileged": privileged,
        # The sandbox runs as any of the pod's containers could; RuntimeDefault where nothing else is said.
        "seccomp": profile(context.get("seccompProfile") or {"type": "RuntimeDefault"}, root, privileged),
        "supplemental_groups": supplemental_groups(pod),
    }
    if context.get("runAsUser") is not None:
        made["run_as_user"] = {"value": context["runAsUser"]}
        if context.get("runAsGroup") is not None:
            made["run_as_group"] = {"value": context["runAsGroup"]}
    if options := context.get("seLinuxOptions"):
        made["selinux_options"] = options
    return made


def container_context(
    pod: Object, container: Object, image_user: tuple[int | None, str], root: str, target: str
) -> Object:
    """`image_user`: (uid, user name) that the image runs as; exactly one of them says something."""
    context = effective(pod, container)
    privileged = bool(context.get("privileged"))
    made: Object = {
        "namespace_options": namespaces(pod, target),
        "privileged": privileged,
        "readonly_rootfs": bool(context.get("readOnlyRootFilesystem")),
        "no_new_privs": context.get("allowPrivilegeEscalation") is False,
        "seccomp": profile(context.get("seccompProfile"), root, privileged),
        "supplemental_groups": supplemental_groups(pod),
    }
    if given := context.get("appArmorProfile"):  # Without a word the runtime chooses, by what the kernel has.
        made["apparmor"] = _apparmor(given, privileged)
    if not privileged and context.get("procMount") != "Unmasked":
        made |= {"masked_paths": list(MASKED_PATHS), "readonly_paths": list(READONLY_PATHS)}
    if capabilities := context.get("capabilities"):
        made["capabilities"] = {
            "add_capabilities": [_bare(word) for word in capabilities.get("add") or []],
            "drop_capabilities": [_bare(word) for word in capabilities.get("drop") or []],
        }
    if options := context.get("seLinuxOptions"):
        made["selinux_options"] = options
    made |= _user(pod, container["name"], context, image_user)
    if (pod["spec"].get("securityContext") or {}).get("supplementalGroupsPolicy") == "Strict":
        made["supplemental_groups_policy"] = "Strict"
    return made


def _apparmor(given: Object, privileged: bool) -> Object:
    if privileged:
        return {"profile_type": "Unconfined"}
    if given["type"] == "Localhost":
        return {"profile_type": "Localhost", "localhost_ref": given["localhostProfile"]}
    return {"profile_type": given["type"]}


def _bare(capability: str) -> str:
    return capability.removeprefix("CAP_")


def _user(pod: Object, name_of: str, context: Object, image_user: tuple[int | None, str]) -> Object:
    uid, name = image_user
    made: Object = {}
    given = context.get("runAsUser")
    if given is not None:
        made["run_as_user"] = {"value": given}
    elif uid is not None:
        made["run_as_user"] = {"value": uid}
    elif name:
        made["run_as_username"] = name
    if context.get("runAsGroup") is not None:
        made["run_as_group"] = {"value": context["runAsGroup"]}
        if not made.keys() & {"run_as_user", "run_as_username"}:
            made["run_as_user"] = {"value": 0}  # The runtime takes a group only with a user.
    if context.get("runAsNonRoot"):
        where = f'(pod: "{pods.full_name(pod)}", container: {name_of})'
        if given == 0:
            raise ConfigError(f"container's runAsUser breaks non-root policy {where}")
        if given is None and name:
            raise ConfigError(
                f"container has runAsNonRoot and image has non-numeric user ({name}), "
                f"cannot verify user is non-root {where}"
            )
        if given is None and not uid:
            raise ConfigError(f"container has runAsNonRoot and image will run as root {where}")
    return made
