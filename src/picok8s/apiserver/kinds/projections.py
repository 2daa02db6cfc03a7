"""Projected volumes: several sources in one folder, none of which may write another's file."""

from collections.abc import Callable
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required, unsupported
from picok8s.apiserver.kinds.certificates import signer_name
from picok8s.apiserver.kinds.checks import label_selector
from picok8s.apiserver.kinds.paths import file_path
from picok8s.apiserver.kinds.volume_sources import downward_file, key_item, mode, needs

Object = dict[str, Any]
Errors = list[FieldError]

KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
CERTIFICATE_PATHS = ("credentialBundlePath", "keyPath", "certificateChainPath")
DAY = 24 * 60 * 60


class Files:
    """The files that a projected volume at `path` has been given so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._taken: set[str] = set()

    def take(self, file: str, told: str) -> Errors:
        """Claims `file`; an error that names `told` if another source has it."""
        if file in self._taken:
            return [invalid_value(self.path, told, "conflicting duplicate paths")]
        self._taken.add(file)
        return []


def keys(source: Object, path: str, files: Files) -> Errors:
    """A ConfigMap or a Secret."""
    errors = needs("name")(source, path)
    for i, item in enumerate(source.get("items") or ()):
        errors += key_item(item, f"{path}.items[{i}]")
        if item.get("path"):
            errors += files.take(item["path"], source.get("name", ""))
    return errors


def downward_api(source: Object, path: str, files: Files) -> Errors:
    errors: Errors = []
    for item in source.get("items") or ():
        errors += downward_file(item, path)
        if item.get("path"):
            errors += files.take(item["path"], item["path"])
    return errors


def token(source: Object, path: str, files: Files) -> Errors:
    expiry = source.get("expirationSeconds")
    at = f"{path}.expirationSeconds"
    errors: Errors = []
    if expiry is None:
        errors.append(required(at))
    elif expiry < 600:
        errors.append(invalid_value(at, expiry, "may not specify a duration less than 10 minutes"))
    elif expiry > 1 << 32:
        errors.append(invalid_value(at, expiry, "may not specify a duration larger than 2^32 seconds"))
    # The path of the volume, not of the source: so Kubernetes words it.
    if not source.get("path"):
        return [*errors, required(f"{files.path}.path")]
    return errors + file_path(source["path"], f"{files.path}.path")


def trust_bundle(source: Object, path: str, files: Files) -> Errors:
    errors: Errors = []
    name, signer = source.get("name"), source.get("signerName")
    if name is not None and signer is not None:
        errors.append(invalid_value(path, source, "only one of name and signerName may be used"))
    elif name is not None:
        if not name:
            errors.append(required(f"{path}.name", "must be a valid object name"))
        for word in bundle_name(name):
            errors.append(invalid_value(f"{path}.name", name, f"not a valid clustertrustbundlename: {word}"))
        if "labelSelector" in source:
            detail = "labelSelector must be unset if name is specified"
            errors.append(invalid_value(f"{path}.labelSelector", source["labelSelector"], detail))
    elif signer is not None:
        if not signer:
            errors.append(required(f"{path}.signerName", "must be a valid signer name"))
        errors += signer_name(signer, f"{path}.signerName")
        errors += label_selector(source.get("labelSelector"), f"{path}.labelSelector")
    else:
        errors.append(required(path, "either name or signerName must be specified"))
    errors += needs("path")(source, path)
    file = source.get("path", "")
    return errors + file_path(file, f"{path}.path") + files.take(file, file)


def bundle_name(name: str) -> list[str]:
    """A bundle of a signer is named `SIGNER:NAME` with dots for the signer's slash; one of none has no colon."""
    signer, colon, rest = name.rpartition(":")
    if not colon:
        return names.dns_subdomain(name)
    if not signer:
        return ['ClusterTrustBundle without signer name must not have ":" in its name']
    return names.dns_subdomain(rest)


def certificate(source: Object, path: str, files: Files) -> Errors:
    signer = source.get("signerName", "")
    errors = signer_name(signer, f"{path}.signerName")
    if source.get("keyType") not in KEY_TYPES:
        errors.append(unsupported(f"{path}.keyType", source.get("keyType", ""), KEY_TYPES))
    expiry = source.get("maxExpirationSeconds")
    longest = DAY if signer.split("/")[0].endswith("kubernetes.io") else 91 * DAY
    at = f"{path}.maxExpirationSeconds"
    if expiry is not None and expiry < 3600:
        errors.append(invalid_value(at, expiry, "if provided, maxExpirationSeconds must be >= 3600"))
    if expiry is not None and expiry > longest:
        errors.append(invalid_value(at, expiry, f"if provided, maxExpirationSeconds must be <= {longest}"))
    given = [key for key in CERTIFICATE_PATHS if source.get(key)]
    for key in given:
        errors += file_path(source[key], f"{path}.{key}") + files.take(source[key], source[key])
    if not given:
        detail = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"
        errors.append(required(path, detail))
    return errors


SOURCES: dict[str, Callable[[Object, str, Files], Errors]] = {
    "secret": keys,
    "configMap": keys,
    "downwardAPI": downward_api,
    "serviceAccountToken": token,
    "clusterTrustBundle": trust_bundle,
    "podCertificate": certificate,
}


def projected(volume: Object, path: str) -> Errors:
    errors = mode(volume.get("defaultMode"), f"{path}.defaultMode")
    files = Files(path)
    for i, source in enumerate(volume.get("sources") or ()):
        at = f"{path}.sources[{i}]"
        given = [kind for kind in SOURCES if kind in source]
        for kind in given:
            errors += SOURCES[kind](source[kind], f"{at}.{kind}", files)
        if len(given) > 1:
            errors.append(forbidden_field(at, "may not specify more than 1 volume type per source"))
    return errors
