"""ServiceAccount: every pod runs as an account, whose token and pull secrets it gets."""

from typing import Any

from picok8s.apiserver.admission.hooks import CREATE, UPDATE, Cluster, Hook, refused
from picok8s.apiserver.messages import Call
from picok8s.apiserver.node_rights import container_references, containers, volume_references

Object = dict[str, Any]

DEFAULT = "default"
MIRROR = "kubernetes.io/config.mirror"
ENFORCED = "kubernetes.io/enforce-mountable-secrets"
VOLUME_PREFIX = "kube-api-access-"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_LIFETIME_S = 3607
TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
# Lists of containers -> how an error calls one of them.
KINDS_OF_CONTAINERS = {"initContainers": "init container", "containers": "container"}


def complete(server: Cluster, call: Call, pod: Object, old: Object | None) -> None:
    """Give a new pod its account, the account's token and its pull secrets."""
    if _is_mirror(pod):
        return judge(server, call, pod, old)
    spec = pod["spec"] = dict(pod["spec"])
    if not spec.get("serviceAccountName"):
        spec["serviceAccountName"] = spec["serviceAccount"] = DEFAULT
    account = _account(server, call, pod)
    if _automounts(account, spec):
        _mount_token(spec, VOLUME_PREFIX + server.word(5))
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [{"name": secret.get("name", "")} for secret in account["imagePullSecrets"]]
    return judge(server, call, pod, old)


def judge(server: Cluster, call: Call, pod: Object, old: Object | None) -> None:
    """Hold a pod to what its account may use."""
    if call.subresource == "ephemeralcontainers":
        account = _account(server, call, pod)
        if _enforces(account):
            why = _secrets_beyond(account, pod["spec"], {"ephemeralContainers": "ephemeral container"})
            if why:
                raise refused(call, pod, why)
        return
    if old is not None:
        return
    if _is_mirror(pod):
        why = _why_no_mirror(pod)
    else:
        account = _account(server, call, pod)
        why = _beyond(account, pod["spec"]) if _enforces(account) else ""
    if why:
        raise refused(call, pod, why)


def _is_mirror(pod: Object) -> bool:
    return MIRROR in (pod["metadata"].get("annotations") or {})


def _account(server: Cluster, call: Call, pod: Object) -> Object:
    name = pod["spec"].get("serviceAccountName", "")
    if not name:
        why = f"no service account specified for pod {call.namespace}/{pod['metadata'].get('name', '')}"
        raise refused(call, pod, why)
    account = server.lookup.get("serviceaccounts", name, call.namespace)
    if account is None:
        told = f'error looking up service account {call.namespace}/{name}: serviceaccount "{name}" not found'
        raise refused(call, pod, told)
    return account


def _automounts(account: Object, spec: Object) -> bool:
    """The pod has the last word, then the account."""
    for asked in (spec.get("automountServiceAccountToken"), account.get("automountServiceAccountToken")):
        if asked is not None:
            return bool(asked)
    return True


def _mount_token(spec: Object, fresh: str) -> None:
    """Mount the token where a container has nothing else at its path; a volume for it that is there already is used."""
    volumes = spec.get("volumes") or []
    present = next((volume["name"] for volume in volumes if volume["name"].startswith(VOLUME_PREFIX)), "")
    mount = {"name": present or fresh, "readOnly": True, "mountPath": MOUNT_PATH}
    needed = False
    for key in KINDS_OF_CONTAINERS:
        if not spec.get(key):
            continue
        mounted = [_with_mount(container, mount) for container in spec[key]]
        needed = needed or any(a is not b for a, b in zip(mounted, spec[key], strict=True))
        spec[key] = mounted
    if needed and not present:
        spec["volumes"] = [*volumes, token_volume(fresh)]


def _with_mount(container: Object, mount: Object) -> Object:
    mounts = container.get("volumeMounts") or []
    if any(other.get("mountPath") == MOUNT_PATH for other in mounts):
        return container
    return {**container, "volumeMounts": [*mounts, dict(mount)]}


def token_volume(name: str) -> Object:
    """The volume of a token, the cluster's authority and the namespace's name."""
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources: list[Object] = [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_LIFETIME_S, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 420}}


def _why_no_mirror(pod: Object) -> str:
    """What a mirror pod, which the node runs whatever we say, may not refer to."""
    spec = pod["spec"]
    if spec.get("serviceAccountName"):
        return "a mirror pod may not reference service accounts"
    used = [storage for container in containers(spec) for storage, _ in container_references(container)]
    used += ["secrets"] if spec.get("imagePullSecrets") else []
    for volume in spec.get("volumes") or []:
        used += [storage for storage, _, _ in volume_references(volume, "", "")]
    if "secrets" in used:
        return "a mirror pod may not reference secrets"
    for volume in spec.get("volumes") or []:
        if any("serviceAccountToken" in source for source in (volume.get("projected") or {}).get("sources") or []):
            return "a mirror pod may not use ServiceAccountToken volume projections"
    return ""


def _enforces(account: Object) -> bool:
    return (account["metadata"].get("annotations") or {}).get(ENFORCED, "") in TRUE


def _beyond(account: Object, spec: Object) -> str:
    """The first secret that a pod uses and its account does not list."""
    name = account["metadata"]["name"]
    mountable = {secret.get("name") for secret in account.get("secrets") or []}
    for volume in spec.get("volumes") or []:
        secret = (volume.get("secret") or {}).get("secretName")
        if volume.get("secret") is not None and secret not in mountable:
            why = f'volume with secret.secretName="{secret}" is not allowed'
            return f"{why} because service account {name} does not reference that secret"
    why = _secrets_beyond(account, spec, KINDS_OF_CONTAINERS)
    if why:
        return why
    pullable = {secret.get("name") for secret in account.get("imagePullSecrets") or []}
    for index, secret in enumerate(spec.get("imagePullSecrets") or []):
        if secret.get("name") not in pullable:
            why = f'imagePullSecrets[{index}].name="{secret.get("name", "")}" is not allowed'
            return f"{why} because service account {name} does not reference that imagePullSecret"
    return ""


def _secrets_beyond(account: Object, spec: Object, kinds: dict[str, str]) -> str:
    mountable = {secret.get("name") for secret in account.get("secrets") or []}
    because = f"because service account {account['metadata']['name']} does not reference that secret"
    for key, kind in kinds.items():
        for container in spec.get(key) or []:
            for variable in container.get("env") or []:
                reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
                if reference and reference.get("name") not in mountable:
                    what = f"{kind} {container['name']} with envVar {variable['name']} referencing"
                    return f'{what} secret.secretName="{reference.get("name", "")}" is not allowed {because}'
            for source in container.get("envFrom") or []:
                reference = source.get("secretRef")
                if reference and reference.get("name") not in mountable:
                    what = f"{kind} {container['name']} with envFrom referencing"
                    return f'{what} secret.secretName="{reference.get("name", "")}" is not allowed {because}'
    return ""


DEFAULTS = Hook("ServiceAccount", complete, ("pods",))
RULES = Hook("ServiceAccount", judge, ("pods",), (CREATE, UPDATE), ("", "ephemeralcontainers"))
