"""The Pod Security Standards: what each level forbids, and since which version.

A check is a pure function of a pod's metadata and spec. `CHECKS` lists them in the order of their findings, baseline
first; a restricted check may stand in for the baseline one that it sharpens.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

Object = dict[str, Any]

LEVELS = ("privileged", "baseline", "restricted")  # From the most to the least that a pod may do.
LATEST = 10_000  # A minor version above all.


@dataclass(frozen=True, slots=True)
class Finding:
    reason: str
    detail: str = ""


Judgement = Callable[[Object, Object], Finding | None]


@dataclass(frozen=True, slots=True)
class Check:
    """`versions` are (first minor version, judgement), rising. `replaces` names the baseline check it stands in for."""

    name: str
    level: str
    versions: tuple[tuple[int, Judgement], ...]
    replaces: str = ""


def findings(level: str, minor: int, metadata: Object, spec: Object) -> list[Finding]:
    """What a level at a version has against a pod."""
    found = (judge(metadata, spec) for judge in judgements(level, minor))
    return [finding for finding in found if finding is not None]


@lru_cache(256)
def judgements(level: str, minor: int) -> tuple[Judgement, ...]:
    """The judgements of a level at a version, in the order of their findings."""
    if level == "privileged":
        return ()
    chosen = {check.name: (check, judge) for check in CHECKS if (judge := _at(check, minor)) is not None}
    if level == "baseline":
        return tuple(judge for check, judge in chosen.values() if check.level == "baseline")
    replaced = {check.replaces for check, _ in chosen.values()}
    return tuple(judge for name, (_, judge) in chosen.items() if name not in replaced)


def _at(check: Check, minor: int) -> Judgement | None:
    return next((judge for since, judge in reversed(check.versions) if since <= minor), None)


# Words


def _quoted(words: list[str]) -> str:
    return '"' + '", "'.join(words) + '"'


def _named(kind: str, names: list[str]) -> str:
    """`container "a"`, `containers "a", "b"`."""
    return f"{kind if len(names) == 1 else kind + 's'} {_quoted(names)}"


def _containers(spec: Object) -> Iterator[Object]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(key) or []


def _context(holder: Object) -> Object:
    return holder.get("securityContext") or {}


def _in_user_namespace(spec: Object) -> bool:
    return spec.get("hostUsers") is False


def _setters(in_pod: bool, names: list[str]) -> str:
    """Who sets something: the pod, some containers, or both."""
    return " and ".join([*(["pod"] if in_pod else []), *([_named("container", names)] if names else [])])


# Baseline


def _app_armor(metadata: Object, spec: Object) -> Finding | None:
    prefix, allowed = "container.apparmor.security.beta.kubernetes.io/", ("RuntimeDefault", "Localhost")
    values: set[str] = set()

    def is_bad(holder: Object) -> bool:
        profile = _context(holder).get("appArmorProfile")
        if profile is None or profile.get("type") in allowed:
            return False
        values.add(profile.get("type", ""))
        return True

    in_pod = is_bad(spec)
    names = [c["name"] for c in _containers(spec) if is_bad(c)]
    annotations = sorted(
        f"{key}={orjson.dumps(value).decode()}"
        for key, value in (metadata.get("annotations") or {}).items()
        if key.startswith(prefix) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    )
    setters = [_setters(in_pod, names)] if in_pod or names else []
    if annotations:
        setters.append("annotation" if len(annotations) == 1 else "annotations")
    if not setters:
        return None
    shown = [*sorted(values), *annotations]
    reason = "forbidden AppArmor profile" if len(shown) == 1 else "forbidden AppArmor profiles"
    return Finding(reason, f"{' and '.join(setters)} must not set AppArmor profile type to {_quoted(shown)}")


CAPABILITIES = frozenset(
    (
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    )
)


def _capabilities(metadata: Object, spec: Object) -> Finding | None:
    names, added = [], set()
    for container in _containers(spec):
        beyond = set((_context(container).get("capabilities") or {}).get("add") or []) - CAPABILITIES
        if beyond:
            names.append(container["name"])
            added |= beyond
    if not names:
        return None
    told = f"{_named('container', names)} must not include {_quoted(sorted(added))} in securityContext.capabilities.add"
    return Finding("non-default capabilities", told)


def _host_namespaces(metadata: Object, spec: Object) -> Finding | None:
    shared = [f"{key}=true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    return Finding("host namespaces", ", ".join(shared)) if shared else None


def _host_paths(metadata: Object, spec: Object) -> Finding | None:
    names = [volume["name"] for volume in spec.get("volumes") or [] if volume.get("hostPath") is not None]
    return Finding("hostPath volumes", _named("volume", names)) if names else None


def _host_ports(metadata: Object, spec: Object) -> Finding | None:
    names, ports = [], set()
    for container in _containers(spec):
        own = {str(port["hostPort"]) for port in container.get("ports") or [] if port.get("hostPort")}
        if own:
            names.append(container["name"])
            ports |= own
    if not names:
        return None
    use, what = "uses" if len(names) == 1 else "use", "hostPort" if len(ports) == 1 else "hostPorts"
    return Finding("hostPort", f"{_named('container', names)} {use} {what} {', '.join(sorted(ports))}")


def _host_probes(metadata: Object, spec: Object) -> Finding | None:
    names, hosts = set(), set()
    for container in _containers(spec):
        lifecycle = container.get("lifecycle") or {}
        probes = [container.get(key) for key in ("livenessProbe", "readinessProbe", "startupProbe")]
        for handler in [*probes, lifecycle.get("postStart"), lifecycle.get("preStop")]:
            for action in ("httpGet", "tcpSocket"):
                host = ((handler or {}).get(action) or {}).get("host")
                if host:
                    names.add(container["name"])
                    hosts.add(host)
    if not names:
        return None
    use = "uses" if len(names) == 1 else "use"
    what = "probe or lifecycle host" if len(hosts) == 1 else "probe or lifecycle hosts"
    told = f"{_named('container', sorted(names))} {use} {what} {_quoted(sorted(hosts))}"
    return Finding("probe or lifecycle host", told)


def _privileged(metadata: Object, spec: Object) -> Finding | None:
    names = [container["name"] for container in _containers(spec) if _context(container).get("privileged")]
    if not names:
        return None
    return Finding("privileged", f"{_named('container', names)} must not set securityContext.privileged=true")


def _proc_mount(metadata: Object, spec: Object) -> Finding | None:
    bad = [
        (c["name"], mount)
        for c in _containers(spec)
        if (mount := _context(c).get("procMount") or "Default") != "Default"
    ]
    if not bad:
        return None
    values = _quoted(sorted({mount for _, mount in bad}))
    told = f"{_named('container', [name for name, _ in bad])} must not set securityContext.procMount to {values}"
    return Finding("procMount", told)


def _unless_in_user_namespace(judge: Judgement) -> Judgement:
    return lambda metadata, spec: None if _in_user_namespace(spec) else judge(metadata, spec)


def _selinux(allowed: frozenset[str]) -> Judgement:
    def judge(metadata: Object, spec: Object) -> Finding | None:
        types: set[str] = set()
        fields: set[str] = set()

        def is_bad(holder: Object) -> bool:
            options = _context(holder).get("seLinuxOptions")
            if options is None:
                return False
            bad_type = options.get("type", "") not in allowed
            if bad_type:
                types.add(options["type"])
            own = {key for key in ("user", "role") if options.get(key)}
            fields.update(own)
            return bad_type or bool(own)

        in_pod = is_bad(spec)
        names = [container["name"] for container in _containers(spec) if is_bad(container)]
        if not in_pod and not names:
            return None
        bad = [_named("type", sorted(types))] if types else []
        bad += [f"{key} may not be set" for key in ("user", "role") if key in fields]
        told = f"{_setters(in_pod, names)} set forbidden securityContext.seLinuxOptions: {'; '.join(bad)}"
        return Finding("seLinuxOptions", told)

    return judge


SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})


def _seccomp_annotations(metadata: Object, spec: Object) -> Finding | None:
    annotations = metadata.get("annotations") or {}
    keys = ["seccomp.security.alpha.kubernetes.io/pod"]
    keys += [f"container.seccomp.security.alpha.kubernetes.io/{c['name']}" for c in _containers(spec)]
    bad = sorted(
        f"{key}={orjson.dumps(annotations[key]).decode()}"
        for key in keys
        if key in annotations
        and annotations[key] not in ("runtime/default", "docker/default")
        and not annotations[key].startswith("localhost/")
    )
    if not bad:
        return None
    return Finding("seccompProfile", f"forbidden {'annotation' if len(bad) == 1 else 'annotations'} {', '.join(bad)}")


SECCOMP = ("Localhost", "RuntimeDefault")


def _seccomp(metadata: Object, spec: Object) -> Finding | None:
    values: set[str] = set()

    def is_bad(holder: Object) -> bool:
        profile = _context(holder).get("seccompProfile")
        if profile is None or profile.get("type") in SECCOMP:
            return False
        values.add(profile.get("type", ""))
        return True

    in_pod = is_bad(spec)
    names = [container["name"] for container in _containers(spec) if is_bad(container)]
    if not in_pod and not names:
        return None
    setters = _setters(in_pod, names)
    told = f"{setters} must not set securityContext.seccompProfile.type to {_quoted(sorted(values))}"
    return Finding("seccompProfile", told)


def _sysctls(allowed: frozenset[str]) -> Judgement:
    def judge(metadata: Object, spec: Object) -> Finding | None:
        names = [s["name"] for s in _context(spec).get("sysctls") or [] if s["name"] not in allowed]
        return Finding("forbidden sysctls", ", ".join(names)) if names else None

    return judge


# Since which version which kernel parameters are safe.
SYSCTLS = (
    (
        0,
        (
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range",
            "net.ipv4.ip_unprivileged_port_start",
        ),
    ),
    (27, ("net.ipv4.ip_local_reserved_ports",)),
    (
        29,
        (
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes",
        ),
    ),
    (32, ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")),
    (37, ("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat")),
)


def _sysctl_versions() -> tuple[tuple[int, Judgement], ...]:
    safe: frozenset[str] = frozenset()
    out = []
    for since, names in SYSCTLS:
        safe = safe | frozenset(names)
        out.append((since, _sysctls(safe)))
    return tuple(out)


def _host_process(metadata: Object, spec: Object) -> Finding | None:
    def is_bad(holder: Object) -> bool:
        return bool((_context(holder).get("windowsOptions") or {}).get("hostProcess"))

    in_pod, names = is_bad(spec), [container["name"] for container in _containers(spec) if is_bad(container)]
    if not in_pod and not names:
        return None
    told = f"{_setters(in_pod, names)} must not set securityContext.windowsOptions.hostProcess=true"
    return Finding("hostProcess", told)


# Restricted


def _escalation(metadata: Object, spec: Object) -> Finding | None:
    names = [c["name"] for c in _containers(spec) if _context(c).get("allowPrivilegeEscalation") is not False]
    if not names:
        return None
    told = f"{_named('container', names)} must set securityContext.allowPrivilegeEscalation=false"
    return Finding("allowPrivilegeEscalation != false", told)


def _unless_windows(judge: Judgement) -> Judgement:
    """Windows has none of these fields."""
    return lambda metadata, spec: None if (spec.get("os") or {}).get("name") == "windows" else judge(metadata, spec)


def _dropped_capabilities(metadata: Object, spec: Object) -> Finding | None:
    keeping, adding, added = [], [], set()
    for container in _containers(spec):
        capabilities = _context(container).get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or []):
            keeping.append(container["name"])
        beyond = set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}
        if beyond:
            adding.append(container["name"])
            added |= beyond
    told = []
    if keeping:
        told.append(f'{_named("container", keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        words = f"must not include {_quoted(sorted(added))} in securityContext.capabilities.add"
        told.append(f"{_named('container', adding)} {words}")
    return Finding("unrestricted capabilities", "; ".join(told)) if told else None


VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)


def _volumes(metadata: Object, spec: Object) -> Finding | None:
    names, types = [], set()
    for volume in spec.get("volumes") or []:
        sources = [key for key, value in volume.items() if key != "name" and value is not None]
        if not any(source in VOLUMES for source in sources):
            names.append(volume["name"])
            types.add(sources[0] if sources else "unknown")
    if not names:
        return None
    use = "uses" if len(names) == 1 else "use"
    what = "restricted volume type" if len(types) == 1 else "restricted volume types"
    return Finding("restricted volume types", f"{_named('volume', names)} {use} {what} {_quoted(sorted(types))}")


def _non_root(metadata: Object, spec: Object) -> Finding | None:
    in_pod = _context(spec).get("runAsNonRoot")
    said = [(container["name"], _context(container).get("runAsNonRoot")) for container in _containers(spec)]
    rooted = [name for name, value in said if value is False]
    if in_pod is False or rooted:
        told = f"{_setters(in_pod is False, rooted)} must not set securityContext.runAsNonRoot=false"
        return Finding("runAsNonRoot != true", told)
    silent = [name for name, value in said if value is None and not in_pod]
    if not silent:
        return None
    return Finding(
        "runAsNonRoot != true", f"pod or {_named('container', silent)} must set securityContext.runAsNonRoot=true"
    )


def _user(metadata: Object, spec: Object) -> Finding | None:
    in_pod = _context(spec).get("runAsUser") == 0
    names = [container["name"] for container in _containers(spec) if _context(container).get("runAsUser") == 0]
    if not in_pod and not names:
        return None
    return Finding("runAsUser=0", f"{_setters(in_pod, names)} must not set runAsUser=0")


def _given_seccomp(metadata: Object, spec: Object) -> Finding | None:
    bad = _seccomp(metadata, spec)
    if bad is not None or (_context(spec).get("seccompProfile") or {}).get("type") in SECCOMP:
        return bad
    silent = [c["name"] for c in _containers(spec) if _context(c).get("seccompProfile") is None]
    if not silent:
        return None
    what = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Finding("seccompProfile", f"pod or {_named('container', silent)} {what}")


CHECKS = (
    Check("appArmorProfile", "baseline", ((0, _app_armor),)),
    Check("capabilities_baseline", "baseline", ((0, _capabilities),)),
    Check("hostNamespaces", "baseline", ((0, _host_namespaces),)),
    Check("hostPathVolumes", "baseline", ((0, _host_paths),)),
    Check("hostPorts", "baseline", ((0, _host_ports),)),
    Check("hostProbesAndHostLifecycle", "baseline", ((34, _host_probes),)),
    Check("privileged", "baseline", ((0, _privileged),)),
    Check("procMount", "baseline", ((0, _proc_mount), (35, _unless_in_user_namespace(_proc_mount)))),
    Check(
        "seLinuxOptions",
        "baseline",
        ((0, _selinux(SELINUX_TYPES)), (31, _selinux(SELINUX_TYPES | {"container_engine_t"}))),
    ),
    Check("seccompProfile_baseline", "baseline", ((0, _seccomp_annotations), (19, _seccomp))),
    Check("sysctls", "baseline", _sysctl_versions()),
    Check("windowsHostProcess", "baseline", ((0, _host_process),)),
    Check("allowPrivilegeEscalation", "restricted", ((8, _escalation), (25, _unless_windows(_escalation)))),
    Check(
        "capabilities_restricted",
        "restricted",
        ((22, _dropped_capabilities), (25, _unless_windows(_dropped_capabilities))),
        "capabilities_baseline",
    ),
    Check("procMount_restricted", "restricted", ((35, _proc_mount),), "procMount"),
    Check("restrictedVolumes", "restricted", ((0, _volumes),), "hostPathVolumes"),
    Check("runAsNonRoot", "restricted", ((0, _non_root), (35, _unless_in_user_namespace(_non_root)))),
    Check("runAsUser", "restricted", ((23, _user), (35, _unless_in_user_namespace(_user)))),
    Check(
        "seccompProfile_restricted",
        "restricted",
        ((19, _given_seccomp), (25, _unless_windows(_given_seccomp))),
        "seccompProfile_baseline",
    ),
)
