"""A pod's volumes: their names, and one source each."""

from dataclasses import dataclass
from typing import Any

from picok8s.api import names, quantity
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required
from picok8s.apiserver.kinds import claims_spec, projections
from picok8s.apiserver.kinds import volume_sources as sources
from picok8s.apiserver.kinds.checks import worded

Object = dict[str, Any]
Errors = list[FieldError]


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of volume source. In errors some have other names: `told` in their fields, `surplus` as one too many."""

    key: str
    check: sources.Check
    told: str = ""
    surplus: str = ""


def empty_dir(source: Object, path: str) -> Errors:
    if "sizeLimit" in source and quantity.nanos(source["sizeLimit"]) < 0:
        return [forbidden_field(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def ephemeral(source: Object, path: str) -> Errors:
    if "volumeClaimTemplate" not in source:
        return [required(f"{path}.volumeClaimTemplate")]
    return claims_spec.validate_template(source["volumeClaimTemplate"], f"{path}.volumeClaimTemplate")


# In the order in which Kubernetes looks at them: all but the first one found are surplus.
SOURCES = (
    Source("emptyDir", empty_dir),
    Source("hostPath", sources.host_path),
    Source("gitRepo", sources.git_repo),
    Source("gcePersistentDisk", sources.partitioned("pdName"), told="persistentDisk"),
    Source("awsElasticBlockStore", sources.partitioned("volumeID")),
    Source("secret", sources.secret),
    Source("nfs", sources.nfs),
    Source("iscsi", sources.iscsi),
    Source("glusterfs", sources.needs("endpoints", "path")),
    Source("flocker", sources.flocker),
    Source("persistentVolumeClaim", sources.needs("claimName")),
    Source("rbd", sources.needs("monitors", "image")),
    Source("cinder", sources.cinder),
    Source("cephfs", sources.needs("monitors"), surplus="cephFS"),
    Source("quobyte", sources.quobyte),
    Source("downwardAPI", sources.downward_api, surplus="downwarAPI"),
    Source("fc", sources.fibre_channel),
    Source("flexVolume", sources.flex),
    Source("configMap", sources.config_map),
    Source("azureFile", sources.needs("secretName", "shareName")),
    Source("vsphereVolume", sources.needs("volumePath")),
    Source("photonPersistentDisk", sources.needs("pdID")),
    Source("portworxVolume", sources.needs("volumeID")),
    Source("azureDisk", sources.azure_disk),
    Source("storageos", sources.storage_os),
    Source("projected", projections.projected),
    Source("scaleIO", sources.needs("gateway", "system", "volumeName")),
    Source("csi", sources.csi),
    Source("ephemeral", ephemeral),
    Source("image", lambda source, path: sources.pull_policy(source.get("pullPolicy", ""), f"{path}.pullPolicy")),
)
ISCSI_TOO_LONG = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
    "if iscsi.initiatorName is specified."
)


def validate_source(volume: Object, path: str, pod_name: str) -> Errors:
    """The source of one volume; `pod_name` is "" where no pod is known (a template)."""
    errors: Errors = []
    name = volume.get("name", "")
    given = [source for source in SOURCES if source.key in volume]
    for position, source in enumerate(given):
        if position:
            errors.append(
                forbidden_field(f"{path}.{source.surplus or source.key}", "may not specify more than 1 volume type")
            )
        else:
            errors += source.check(volume[source.key], f"{path}.{source.told or source.key}")
    iscsi = volume.get("iscsi") or {}
    if "initiatorName" in iscsi and len(f"{name}:{iscsi.get('targetPortal', '')}".encode()) > 64:
        errors.append(invalid_value(f"{path}.name", name, ISCSI_TOO_LONG))
    if given and given[0].key == "ephemeral" and pod_name and name:
        claim = f"{pod_name}-{name}"
        errors += [
            invalid_value(f"{path}.name", name, f'PVC name "{claim}": {word}') for word in names.dns_subdomain(claim)
        ]
    return errors if given else [*errors, required(path, "must specify a volume type")]


def validate_volumes(volumes: list[Object], path: str, pod_name: str = "") -> tuple[dict[str, Object], Errors]:
    """The good volumes by name, for mounts to refer to, and the errors of the others."""
    errors: Errors = []
    good: dict[str, Object] = {}
    # Claims that will be made for the pod may not be claimed by name as well.
    made = {f"{pod_name}-{v.get('name', '')}" for v in volumes if "ephemeral" in v} if pod_name else set()
    for i, volume in enumerate(volumes):
        at, name = f"{path}[{i}]", volume.get("name", "")
        found = validate_source(volume, at, pod_name)
        found += worded(names.dns_label, name, f"{at}.name") if name else [required(f"{at}.name")]
        if name in good:
            found.append(duplicate(f"{at}.name", name))
        if not found:
            good[name] = volume
        errors += found
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in made:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(invalid_value(f"{at}.persistentVolumeClaim.claimName", claim, detail))
    return good, errors


def validate_image_references(volumes: list[Object], path: str) -> Errors:
    """An image volume of a pod must name its image; a template may leave that to whoever makes pods of it."""
    return [
        required(f"{path}[{i}].image.reference")
        for i, volume in enumerate(volumes)
        if "image" in volume and not volume["image"].get("reference")
    ]
