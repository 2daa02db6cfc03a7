"""Security contexts of pods and containers, and the profiles in them."""

import re
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required, too_long, unsupported
from picok8s.apiserver.kinds import shapes
from picok8s.apiserver.kinds.paths import descending_path

Object = dict[str, Any]
Errors = list[FieldError]

SYSCTL_MAX = 253
SYSCTL = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
SYSCTL_RULE = rf"must have at most {SYSCTL_MAX} characters and match regex ^{SYSCTL.pattern}$"
PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
APPARMOR_MAX = 4095
GMSA_MAX = 64 * 1024

# Sysctls of the host's namespaces, which a pod that shares them may not set.
IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
NET_SYSCTLS = ("net.",)


def number_errors(context: Object, path: str, *keys: str) -> Errors:
    """User and group numbers."""
    errors: Errors = []
    for key in keys:
        if context.get(key) is not None:
            errors += [invalid_value(f"{path}.{key}", context[key], w) for w in names.identity_number(context[key])]
    return errors


def seccomp_profile(profile: Object | None, path: str) -> Errors:
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    errors: Errors = []
    if not kind:
        errors.append(required(f"{path}.type", "type is required when seccompProfile is set"))
    elif kind not in PROFILE_TYPES:
        errors.append(unsupported(f"{path}.type", kind, PROFILE_TYPES))
    at = f"{path}.localhostProfile"
    if kind == "Localhost":
        if local is None:
            return [*errors, required(at, "must be set when seccomp type is Localhost")]
        return errors + descending_path(local, at)
    if local is not None:
        detail = "can only be set when seccomp type is Localhost"
        errors.append(invalid_value(at, shapes.shown("SeccompProfile", profile), detail))
    return errors


def apparmor_profile(profile: Object | None, path: str) -> Errors:
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    at = f"{path}.localhostProfile"
    if kind == "Localhost":
        if local is None:
            return [required(at, "must be set when AppArmor type is Localhost")]
        errors: Errors = []
        if local != local.strip():
            errors.append(invalid_value(at, local, "must not be padded with whitespace"))
        elif not local:
            errors.append(required(at, "must be set when AppArmor type is Localhost"))
        return errors + ([too_long(at, APPARMOR_MAX)] if len(local.encode()) > APPARMOR_MAX else [])
    if kind in PROFILE_TYPES:
        detail = "can only be set when AppArmor type is Localhost"
        return [invalid_value(at, local, detail)] if local is not None else []
    if not kind:
        return [required(f"{path}.type", "type is required when appArmorProfile is set")]
    return [unsupported(f"{path}.type", kind, PROFILE_TYPES)]


def container_context(context: Object | None, path: str, host_users: bool) -> Errors:
    """`host_users`: whether the pod is in the host's user namespace."""
    if context is None:
        return []
    errors = number_errors(context, path, "runAsUser", "runAsGroup")
    mount = context.get("procMount")
    if mount is not None:
        if mount not in ("Default", "Unmasked"):
            errors.append(unsupported(f"{path}.procMount", mount, ("Default", "Unmasked")))
        if host_users and mount == "Unmasked":
            detail = "`hostUsers` must be false to use `Unmasked`"
            errors.append(invalid_value(f"{path}.procMount", mount, detail))
    errors += seccomp_profile(context.get("seccompProfile"), f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        errors += contradictions(context, path)
    errors += windows_options(context.get("windowsOptions"), f"{path}.windowsOptions")
    return errors + apparmor_profile(context.get("appArmorProfile"), f"{path}.appArmorProfile")


def contradictions(context: Object, path: str) -> Errors:
    """What cannot be had together with allowPrivilegeEscalation: false."""
    errors: Errors = []
    whole = shapes.shown("SecurityContext", context)
    without = "cannot set `allowPrivilegeEscalation` to false and"
    if context.get("privileged"):
        errors.append(invalid_value(path, whole, f"{without} `privileged` to true"))
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability == "CAP_SYS_ADMIN":
            errors.append(invalid_value(path, whole, f"{without} `capabilities.Add` CAP_SYS_ADMIN"))
    return errors


def pod_context(context: Object, spec: Object, path: str) -> Errors:
    errors = number_errors(context, path, "fsGroup", "runAsUser", "runAsGroup")
    for i, group in enumerate(context.get("supplementalGroups") or ()):
        at = f"{path}.supplementalGroups[{i}]"
        errors += [invalid_value(at, group, word) for word in names.identity_number(group)]
    errors += sysctls(context.get("sysctls") or [], spec, f"{path}.sysctls")
    errors += choice(context, path, "fsGroupChangePolicy", {"Always", "OnRootMismatch"})
    errors += seccomp_profile(context.get("seccompProfile"), f"{path}.seccompProfile")
    errors += windows_options(context.get("windowsOptions"), f"{path}.windowsOptions")
    errors += apparmor_profile(context.get("appArmorProfile"), f"{path}.appArmorProfile")
    errors += choice(context, path, "supplementalGroupsPolicy", {"Merge", "Strict"})
    return errors + choice(context, path, "seLinuxChangePolicy", {"MountOption", "Recursive"})


def choice(context: Object, path: str, key: str, words: set[str]) -> Errors:
    value = context.get(key)
    return [] if value is None or value in words else [unsupported(f"{path}.{key}", value, words)]


def sysctls(items: list[Object], spec: Object, path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, item in enumerate(items):
        name, at = item.get("name", ""), f"{path}[{i}].name"
        if not name:
            errors.append(required(at))
        elif len(name) > SYSCTL_MAX or not SYSCTL.fullmatch(name):
            errors.append(invalid_value(at, name, SYSCTL_RULE))
        elif name in seen:
            errors.append(duplicate(at, name))
        errors += host_sysctl(name, spec, at)
        seen.add(name)
    return errors


def dotted(name: str) -> str:
    """A sysctl's name with dots between its parts; its first separator tells which of two ways it is written."""
    first = next((letter for letter in name if letter in "./"), ".")
    return name if first == "." else name.translate(str.maketrans("./", "/."))


def host_sysctl(name: str, spec: Object, path: str) -> Errors:
    plain = dotted(name)
    if spec.get("hostNetwork") and plain.startswith(NET_SYSCTLS):
        return [invalid_value(path, name, "may not be specified when 'hostNetwork' is true")]
    if spec.get("hostIPC") and plain.startswith(IPC_SYSCTLS):
        return [invalid_value(path, name, "may not be specified when 'hostIPC' is true")]
    return []


CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NET_BIOS = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
USER_DOMAIN = re.compile(
    r"[a-zA-Z0-9](?:[a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?)*"
)
USER_LETTERS = re.compile(r'["/\\:;|=,+*?<>@\[\]]')
DOMAIN_MAX, USER_MAX = 256, 104


def windows_options(options: Object | None, path: str) -> Errors:
    if options is None:
        return []
    errors: Errors = []
    name, spec, user = (options.get(key) for key in ("gmsaCredentialSpecName", "gmsaCredentialSpec", "runAsUserName"))
    if name is not None:
        at = f"{path}.gmsaCredentialSpecName"
        errors += [invalid_value(at, name, word) for word in names.dns_subdomain(name)]
    at = f"{path}.gmsaCredentialSpec"
    if spec == "":
        errors.append(invalid_value(at, spec, "gmsaCredentialSpec cannot be an empty string"))
    elif spec is not None and len(spec.encode()) > GMSA_MAX:
        detail = f"gmsaCredentialSpec size must be under {GMSA_MAX // 1024} KiB"
        errors.append(invalid_value(at, spec, detail))
    if user is not None:
        errors += [invalid_value(f"{path}.runAsUserName", user, word) for word in windows_user(user)]
    return errors


def windows_user(text: str) -> list[str]:
    """`USER` or `DOMAIN\\USER`."""
    if not text:
        return ["runAsUserName cannot be an empty string"]
    if CONTROL.search(text):
        return ["runAsUserName cannot contain control characters"]
    if text.count("\\") > 1:
        return ["runAsUserName cannot contain more than one backslash"]
    domain, slash, user = text.rpartition("\\")
    errors = []
    if len(domain) >= DOMAIN_MAX:
        errors.append(f"runAsUserName's Domain length must be under {DOMAIN_MAX} characters")
    if slash and not (NET_BIOS.fullmatch(domain) or USER_DOMAIN.fullmatch(domain)):
        errors.append("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
    if not user:
        errors.append("runAsUserName's User cannot be empty")
    elif len(user) > USER_MAX:
        errors.append(f"runAsUserName's User length must not be longer than {USER_MAX} characters")
    if user and not user.strip(". "):
        errors.append("runAsUserName's User cannot contain only periods or spaces")
    if USER_LETTERS.search(user):
        errors.append("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
    return errors


def host_process(spec: Object, path: str) -> Errors:
    """Windows' containers in the host's own session: all of a pod's or none, and then in its network."""

    def asked(context: Object | None) -> bool | None:
        return ((context or {}).get("windowsOptions") or {}).get("hostProcess")

    pod = asked(spec.get("securityContext"))
    errors: Errors = []
    wanted, count = 0, 0
    for at, container in located_containers(spec, path):
        count += 1
        own = asked(container.get("securityContext"))
        if pod is not None and own is not None and pod != own:
            detail = f"pod hostProcess value must be identical if both are specified, was {str(pod).lower()}"
            errors.append(invalid_value(f"{at}.securityContext.windowsOptions.hostProcess", own, detail))
        wanted += bool(own if own is not None else pod)
    if not wanted:
        return errors
    if wanted != count:
        detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        errors.append(invalid_value(path, "", detail))
    if not spec.get("hostNetwork"):
        detail = "hostNetwork must be true if pod contains any hostProcess containers"
        errors.append(invalid_value(f"{path}.hostNetwork", False, detail))
    return errors


def located_containers(spec: Object, path: str) -> list[tuple[str, Object]]:
    """Every container with its path, init containers first."""
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return [(f"{path}.{kind}[{i}]", c) for kind in kinds for i, c in enumerate(spec.get(kind) or ())]


# What neither a pod nor a container of the other operating system may set.
LINUX_POD_FIELDS = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
)
LINUX_SPEC_FIELDS = ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace")
LINUX_CONTAINER_FIELDS = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)


def for_linux(spec: Object, path: str) -> Errors:
    told = "windows options cannot be set for a linux pod"
    contexts = [(f"{path}.securityContext", spec.get("securityContext"))]
    contexts += [(f"{at}.securityContext", c.get("securityContext")) for at, c in located_containers(spec, path)]
    return [forbidden_field(f"{at}.windowsOptions", told) for at, ctx in contexts if ctx and "windowsOptions" in ctx]


def for_windows(spec: Object, path: str) -> Errors:
    told = "cannot be set for a windows pod"
    context = spec.get("securityContext") or {}
    errors = [forbidden_field(f"{path}.securityContext.{key}", told) for key in LINUX_POD_FIELDS if key in context]
    for key in LINUX_SPEC_FIELDS:
        if spec.get(key) or (key in ("hostUsers", "shareProcessNamespace") and key in spec):
            errors.append(forbidden_field(f"{path}.{key}", told))
    for at, container in located_containers(spec, path):
        own = container.get("securityContext") or {}
        errors += [forbidden_field(f"{at}.securityContext.{key}", told) for key in LINUX_CONTAINER_FIELDS if key in own]
    return errors
