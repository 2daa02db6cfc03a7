"""What a pod needs before its containers can be made: objects, tokens, claims, volumes, files."""

import os
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.node import configs, env, payload, volumes
from picok8s.node.configs import Prepared
from picok8s.node.env import ConfigError, Sources
from picok8s.node.images import Image
from picok8s.node.tools import Tools
from picok8s.node.volumes import Claim, MountError

Object = dict[str, Any]


def needs(pod: Object) -> set[tuple[str, str, str]]:
    """The objects that are watched while the pod is here: what its env and volumes read, and its pull secrets."""
    here = pod["metadata"]["namespace"]
    found = {(resource, here, name) for resource, name in payload.references(pod)}
    return found | {
        ("secrets", here, row["name"]) for row in pod["spec"].get("imagePullSecrets") or [] if row.get("name")
    }


async def sources(pod: Object, tools: Tools, ips: tuple[str, ...]) -> Sources:
    here = pod["metadata"]["namespace"]
    found = {}
    for resource, name in payload.references(pod):
        try:
            found[(resource, name)] = await tools.watched.get((resource, here, name))
        except TimeoutError:
            raise ConfigError(
                f"failed to sync {resource.removesuffix('s')} cache: timed out waiting for the condition"
            ) from None
    return Sources(
        objects=found,
        services=await tools.services(),
        allocatable=tools.allocatable(),
        pod_ips=ips,
        host_ips=tuple(tools.machine["ips"]),
    )


async def pull_secrets(pod: Object, tools: Tools) -> list[Object]:
    here = pod["metadata"]["namespace"]
    found = []
    for row in pod["spec"].get("imagePullSecrets") or []:
        secret = await tools.watched.get(("secrets", here, row.get("name") or ""))
        if secret is not None:
            found.append(secret)
    return found


async def issued(pod: Object, tools: Tools) -> dict[tuple[str, str, int], str]:
    return {row: await tools.tokens.get(pod, row[1], row[2]) for row in payload.tokens(pod)}


async def claims(pod: Object, tools: Tools) -> dict[str, Claim]:
    """The persistent volumes behind the pod's claims. MountError until each is bound to one that the node can use."""
    made = {}
    for volume in pod["spec"].get("volumes") or []:
        name = volumes.claim_name(pod, volume)
        if not name:
            continue
        try:
            claim = await tools.calls.get("persistentvolumeclaims", name, pod["metadata"]["namespace"])
            bound = (claim.get("status") or {}).get("phase") == "Bound" and claim["spec"].get("volumeName")
            if not bound:
                raise MountError(f"error processing PVC {pod['metadata']['namespace']}/{name}: PVC is not bound")
            spec = (await tools.calls.get("persistentvolumes", bound))["spec"]
        except ApiError as error:
            raise MountError(f"error processing PVC {pod['metadata']['namespace']}/{name}: {error.message}") from error
        if not any(spec.get(source) for source in volumes.CLAIM_SOURCES):
            raise MountError(f'persistent volume "{bound}" is of a kind that is not supported by this node')
        made[volume["name"]] = Claim(spec)
    return made


async def mount(pod: Object, tools: Tools, ips: tuple[str, ...], stamp: str) -> dict[str, Claim]:
    """Makes every volume; answers the claims, which containers need for their mounts."""
    found = await claims(pod, tools)
    try:
        ready = (await sources(pod, tools, ips), await issued(pod, tools))
    except (ConfigError, ApiError) as error:
        raise MountError(f"MountVolume.SetUp failed : {error}") from error
    await tools.world.thread(tools.volumes.make, pod, *ready, found, stamp)
    os.makedirs(configs.log_directory(pod, tools.place), mode=0o755, exist_ok=True)
    return found


async def refresh(pod: Object, tools: Tools, ips: tuple[str, ...], stamp: str) -> None:
    """Brings volumes made of API objects up to date after a change, or a token's renewal."""
    try:
        ready = (await sources(pod, tools, ips), await issued(pod, tools))
    except (ConfigError, ApiError):
        return  # The old files stay; the next change or renewal tries again.
    for volume in pod["spec"].get("volumes") or []:
        if payload.source_kind(volume) in payload.OBJECT_VOLUMES:
            try:
                tools.volumes.refresh(pod, volume, *ready, stamp)
            except (ConfigError, OSError):
                continue


async def container(
    pod: Object, spec: Object, image: Image, tools: Tools, found: dict[str, Claim], ips: tuple[str, ...], run: str
) -> Prepared:
    """Environment, mounts and files of one container. `run` names the files of this run of it."""
    ready = await sources(pod, tools, ips)
    ready = Sources(ready.objects, _env_files(pod, spec, tools), ready.services, ready.allocatable, ips, ready.host_ips)
    values = env.environment(pod, spec, ready)
    mounts = tools.volumes.mounts(pod, spec, values, found)
    folder = tools.volumes.pod_folder(pod["metadata"]["uid"])
    taken = {mount["container_path"].rstrip("/") for mount in mounts}
    if "/etc/hosts" not in taken:
        path = f"{folder}/etc-hosts"
        _write(path, configs.hosts_file(pod, ips, tools.place), 0o644)
        mounts.append(_file_mount("/etc/hosts", path))
    message_path = spec.get("terminationMessagePath") or "/dev/termination-log"
    message_file = ""
    if message_path not in taken:
        message_file = f"{folder}/containers/{spec['name']}/{run}"
        _write(message_file, "", 0o666)
        mounts.append(_file_mount(message_path, message_file))
    os.makedirs(f"{configs.log_directory(pod, tools.place)}/{spec['name']}", mode=0o755, exist_ok=True)
    return Prepared(image.id, (image.uid, image.user), values, tuple(mounts), message_file)


def _file_mount(inside: str, outside: str) -> Object:
    return {"container_path": inside, "host_path": outside, "readonly": False, "propagation": "PROPAGATION_PRIVATE"}


def _write(path: str, text: str, mode: int) -> None:
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, mode)


def _env_files(pod: Object, spec: Object, tools: Tools) -> dict[tuple[str, str], str | None]:
    """Files in emptyDir volumes that fileKeyRef reads."""
    found: dict[tuple[str, str], str | None] = {}
    by_name = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    for row in spec.get("env") or []:
        ref = (row.get("valueFrom") or {}).get("fileKeyRef")
        if not ref or ref["volumeName"] not in by_name:
            continue
        root = os.path.realpath(tools.volumes.path(pod, by_name[ref["volumeName"]], {}))
        path = os.path.realpath(f"{root}/{ref['path']}")
        if path.startswith(root + "/") and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as source:
                found[(ref["volumeName"], ref["path"])] = source.read(1 << 16)
    return found
