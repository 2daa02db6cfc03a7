"""What a pod or a template is given where its author was silent: literal tables, and the walk that fills them in."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

Object = dict[str, Any]

SPEC = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
}
SPEC_LAST = {"schedulerName": "default-scheduler"}  # After the securityContext, as upstream shows them.
# Fields behind features that are not switched on.
DISABLED = ("schedulingGroup", "evictionResponders")
CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
HTTP_GET = {"path": "/", "scheme": "HTTP"}

# Volume source -> its defaults. 420 is 0644.
VOLUME_SOURCES: dict[str, Object] = {
    "secret": {"defaultMode": 420},
    "configMap": {"defaultMode": 420},
    "downwardAPI": {"defaultMode": 420},
    "projected": {"defaultMode": 420},
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}

# The grammar of an image's name: a registry, a path in lower case, a tag, a digest.
_DOMAIN = (
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])"
)
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = r"\w[\w.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_PATHS = rf"{_PATH}(?:/{_PATH})*"
_IMAGE = re.compile(
    rf"(?:(?P<domain>{_DOMAIN}(?::[0-9]+)?)/)?{_PATHS}(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?", re.ASCII
)
_BARE_DIGEST = re.compile(r"[a-f0-9]{64}")


def image_tag(image: str) -> str:
    """The tag that `image` is pulled by: "latest" where none is said, "" for a digest or a bad name."""
    match = _IMAGE.fullmatch(image)
    if match is None or _BARE_DIGEST.fullmatch(image):
        return ""
    return match["tag"] or ("" if match["digest"] else "latest")


def pull_policy(image: str) -> str:
    return "Always" if image_tag(image) == "latest" else "IfNotPresent"


def fill(target: Object, defaults: Object) -> None:
    """Sets what is missing, empty or zero in `target`; zero numbers stay."""
    for key, value in defaults.items():
        if target.get(key) in (None, ""):
            target[key] = value


def drop_disabled(container: Object) -> None:
    """Takes away what Kubernetes drops while the feature behind it is not switched on."""
    lifecycle = container.get("lifecycle")
    if lifecycle is not None and lifecycle.pop("stopSignal", None) is not None and not lifecycle:
        del container["lifecycle"]
    for mount in container.get("volumeMounts") or ():
        mount.pop("bindMountOptions", None)


def all_containers(spec: Object) -> Iterator[Object]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(kind) or ()


def default_spec(spec: Object) -> None:
    """The defaults that a pod's spec and a template's have in common."""
    fill(spec, SPEC)
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    fill(spec, SPEC_LAST)
    # An old alias of serviceAccountName, which wins where both are set.
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for key in DISABLED:
        spec.pop(key, None)
    for volume in spec.get("volumes") or ():
        default_volume(volume)
    for container in all_containers(spec):
        drop_disabled(container)
        default_container(container)


def default_template(template: Object) -> None:
    """The defaults of a pod template (`template` of a Deployment, a Job ...)."""
    default_spec(template.setdefault("spec", {}))


def default_container(container: Object) -> None:
    fill(container, CONTAINER)
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = pull_policy(container.get("image", ""))
    for port in container.get("ports") or ():
        fill(port, {"protocol": "TCP"})
    for variable in container.get("env") or ():
        default_field_ref(variable.get("valueFrom"))
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if key in container:
            default_probe(container[key])
    for hook in ("postStart", "preStop"):
        default_handler((container.get("lifecycle") or {}).get(hook) or {})


def default_probe(probe: Object) -> None:
    for key, value in PROBE.items():
        probe[key] = probe.get(key) or value
    default_handler(probe)


def default_handler(handler: Object) -> None:
    if "httpGet" in handler:
        fill(handler["httpGet"], HTTP_GET)
    if "grpc" in handler:
        handler["grpc"].setdefault("service", "")


def default_field_ref(source: Object | None) -> None:
    """`source` may hold a `fieldRef`: an environment variable's source, an item of a downward API volume."""
    if source and "fieldRef" in source:
        fill(source["fieldRef"], {"apiVersion": "v1"})


def default_volume(volume: Object) -> None:
    """A volume without a source is an empty directory."""
    if all(key == "name" for key in volume):
        volume["emptyDir"] = {}
    for name, defaults in VOLUME_SOURCES.items():
        if name in volume:
            default_source(volume[name], defaults)
    if "image" in volume and not volume["image"].get("pullPolicy"):
        volume["image"]["pullPolicy"] = pull_policy(volume["image"].get("reference", ""))
    if "ephemeral" in volume and "volumeClaimTemplate" in volume["ephemeral"]:
        claim = volume["ephemeral"]["volumeClaimTemplate"].setdefault("spec", {})
        claim.setdefault("volumeMode", "Filesystem")
    default_items((volume.get("downwardAPI") or {}).get("items"))
    for source in (volume.get("projected") or {}).get("sources") or ():
        default_items((source.get("downwardAPI") or {}).get("items"))
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
        if "podCertificate" in source:
            source["podCertificate"].setdefault("maxExpirationSeconds", 86400)


def default_source(source: Object, defaults: Object) -> None:
    for key, value in defaults.items():
        if source.get(key) is None or (value and source[key] == ""):
            source[key] = value


def default_items(items: Iterable[Object] | None) -> None:
    for item in items or ():
        default_field_ref(item)


def default_pod(pod: Object) -> None:
    """The defaults of a pod. Those after `default_spec` are a pod's alone: templates stay as written."""
    spec = pod.setdefault("spec", {})
    default_spec(spec)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        default_requests(container)
        if spec.get("hostNetwork"):
            for port in container.get("ports") or ():
                port["hostPort"] = port.get("hostPort") or port.get("containerPort", 0)
    spec.setdefault("enableServiceLinks", True)
    default_status(pod.get("status") or {})


def default_requests(container: Object) -> None:
    """What is limited and not requested is requested up to its limit."""
    resources = container.get("resources") or {}
    if resources.get("limits"):
        resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}


def default_status(status: Object) -> None:
    """Keeps the one pod IP and the list of them in step; the one wins."""
    first = ((status.get("podIPs") or [{}])[0]).get("ip", "")
    address = status.get("podIP") or first
    if address:
        status["podIP"] = address
        if first != address:
            status["podIPs"] = [{"ip": address}]
