"""A pod's volumes: where each is on the node, how it is made, and how a container mounts it.

`Volumes` makes and updates the folders of one node's pods. It writes only below its own root, and in the memory folder
that holds secrets and tokens, which never touch a disk.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from picok8s.node import env, folders, payload, pods, quantities
from picok8s.node.env import ConfigError, Sources

Object = dict[str, Any]

PROPAGATION = {
    "None": "PROPAGATION_PRIVATE",
    "HostToContainer": "PROPAGATION_HOST_TO_CONTAINER",
    "Bidirectional": "PROPAGATION_BIDIRECTIONAL",
}
CLAIM_SOURCES = ("hostPath", "local")  # Kinds of persistent volumes that need nothing but a folder of the node.


class MountError(Exception):
    """A volume could not be made; the words go into a FailedMount event."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a persistentVolumeClaim volume resolved to: the persistent volume's spec."""

    volume: Object


@dataclass(frozen=True, slots=True)
class Volumes:
    root: str  # R/var/lib/picok8s/node
    memory: str  # A tmpfs.

    def pod_folder(self, uid: str) -> str:
        return f"{self.root}/pods/{uid}"

    def memory_folder(self, uid: str) -> str:
        return f"{self.memory}/{uid}"

    def path(self, pod: Object, volume: Object, claims: Mapping[str, Claim]) -> str:
        """Where on the node the volume's files are."""
        uid, kind, name = pod["metadata"]["uid"], payload.source_kind(volume), volume["name"]
        if kind == "hostPath":
            return str(volume["hostPath"]["path"])
        if name in claims:
            spec = claims[name].volume
            source = next(source for source in CLAIM_SOURCES if spec.get(source))
            return str(spec[source]["path"])
        if kind == "secret" or (kind == "projected" and _has_secrets(volume)):
            return f"{self.memory_folder(uid)}/{name}"
        return f"{self.pod_folder(uid)}/volumes/{kind}/{name}"

    def make(
        self,
        pod: Object,
        sources: Sources,
        issued: Mapping[tuple[str, str, int], str],
        claims: Mapping[str, Claim],
        stamp: str,
    ) -> None:
        """Makes every volume of the pod; safe to repeat."""
        uid = pod["metadata"]["uid"]
        os.makedirs(self.pod_folder(uid), mode=0o750, exist_ok=True)
        os.makedirs(self.memory_folder(uid), mode=0o755, exist_ok=True)
        for volume in pod["spec"].get("volumes") or []:
            try:
                self._make_one(pod, volume, sources, issued, claims, stamp)
            except (ConfigError, ValueError, OSError) as error:
                raise MountError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from error

    def _make_one(
        self,
        pod: Object,
        volume: Object,
        sources: Sources,
        issued: Mapping[tuple[str, str, int], str],
        claims: Mapping[str, Claim],
        stamp: str,
    ) -> None:
        kind, path = payload.source_kind(volume), self.path(pod, volume, claims)
        group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
        if kind == "emptyDir":
            part = volume.get("emptyDir") or {}
            folders.empty_dir(path, part.get("medium") == "Memory", _memory_size(pod, part), group)
        elif kind == "hostPath":
            folders.host_path(path, volume["hostPath"].get("type") or "")
        elif kind in payload.OBJECT_VOLUMES:
            self.refresh(pod, volume, sources, issued, stamp)
        elif volume["name"] in claims:
            os.makedirs(path, mode=0o777, exist_ok=True)
            if group is not None and claims[volume["name"]].volume.get("local"):
                policy = pod["spec"]["securityContext"].get("fsGroupChangePolicy") or "Always"
                folders.own(path, group, policy)
        else:
            raise ConfigError(f"volumes of kind {kind} are not supported by this node")

    def refresh(
        self,
        pod: Object,
        volume: Object,
        sources: Sources,
        issued: Mapping[tuple[str, str, int], str],
        stamp: str,
    ) -> bool:
        """Brings a volume made of API objects up to date, in one swap."""
        files = payload.payload(pod, volume, sources, issued)
        group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
        has_token = any(row[0] == volume["name"] for row in payload.tokens(pod))
        owner = payload.token_owner(pod) if has_token else None
        return folders.swap(self.path(pod, volume, {}), files, stamp, group, owner)

    def mounts(
        self, pod: Object, container: Object, values: Mapping[str, str], claims: Mapping[str, Claim]
    ) -> list[Object]:
        """CRI's Mounts of one container, subPaths bound where they are asked for."""
        by_name = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
        made = []
        for index, row in enumerate(container.get("volumeMounts") or []):
            volume = by_name.get(row["name"])
            if volume is None:
                raise ConfigError(f'volume "{row["name"]}" of container "{container["name"]}" is not in the pod')
            path = self.path(pod, volume, claims)
            below = row.get("subPath") or env.expand(row.get("subPathExpr") or "", values)
            if below:
                path = self._bind(pod, container, index, path, below)
            elif not os.path.exists(path) and payload.source_kind(volume) == "hostPath":
                os.makedirs(
                    path, exist_ok=True
                )  # As container runtimes have always done for a hostPath without a type.
            made.append(
                {
                    "container_path": row["mountPath"] if row["mountPath"].startswith("/") else f"/{row['mountPath']}",
                    "host_path": path,
                    "readonly": bool(row.get("readOnly")) or payload.source_kind(volume) in payload.OBJECT_VOLUMES,
                    "propagation": PROPAGATION[row.get("mountPropagation") or "None"],
                    "selinux_relabel": False,
                }
            )
        return made

    def _bind(self, pod: Object, container: Object, index: int, volume: str, below: str) -> str:
        if below.startswith("/") or ".." in below.split("/"):
            raise ConfigError(f"subPath {below!r} must be relative and must not contain '..'")
        target = f"{self.pod_folder(pod['metadata']['uid'])}/subpaths/{container['name']}/{index}"
        try:
            folders.sub_path(volume, below, target)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"failed to prepare subPath for volumeMount of container {container['name']!r}: {error}"
            ) from error
        return target

    def uids(self) -> set[str]:
        """The pods that have a folder here."""
        folder = f"{self.root}/pods"
        return set(os.listdir(folder)) if os.path.isdir(folder) else set()

    def remove(self, uid: str) -> None:
        """Everything of a pod that is not the host's or a persistent volume's."""
        folders.clear(self.pod_folder(uid))
        folders.clear(self.memory_folder(uid))


def _has_secrets(volume: Object) -> bool:
    return any(
        "secret" in source or "serviceAccountToken" in source for source in volume["projected"].get("sources") or []
    )


def _memory_size(pod: Object, part: Object) -> int:
    """The size of a memory volume: its own limit, else what the whole pod may use."""
    own = int(quantities.number(part["sizeLimit"])) if part.get("sizeLimit") else 0
    whole = int(pods.requests(pod, "memory", "limits")) if pods.limits_all(pod, "memory") else 0
    return min(own, whole) if own and whole else own or whole


def claim_name(pod: Object, volume: Object) -> str:
    """The claim of a volume: named by the pod, or made for it alone; "" for volumes without a claim."""
    if part := volume.get("persistentVolumeClaim"):
        return str(part["claimName"])
    return f"{pod['metadata']['name']}-{volume['name']}" if volume.get("ephemeral") else ""
