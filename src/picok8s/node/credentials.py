"""Which user name and password go with an image: pull secrets as docker's configuration files hold them. Pure."""

import base64
import binascii
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import orjson

Object = dict[str, Any]

DEFAULT_HOST, DEFAULT_TAG = "docker.io", "latest"
HUB_NAMES = ("index.docker.io", "registry-1.docker.io", "docker.io")


def normalized(image: str) -> str:
    """With host, folder and tag filled in: busybox -> docker.io/library/busybox:latest. ValueError if unreadable."""
    name, at, digest = image.partition("@")
    host, slash, rest = name.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, rest = DEFAULT_HOST, name
        if "/" not in rest:
            rest = f"library/{rest}"
    path, colon, tag = rest.partition(":")
    if (
        path.endswith("/")
        or not path
        or path != path.lower()
        or path.startswith("/")
        or "//" in path
        or (colon and not tag)
        or " " in image
    ):
        raise ValueError(f"couldn't parse image name {orjson.dumps(image).decode()}: invalid reference format")
    if at:
        return f"{host}/{path}{colon}{tag}@{digest}"
    return f"{host}/{path}:{tag or DEFAULT_TAG}"


def for_image(image: str, secrets: Iterable[Object]) -> list[Object]:
    """CRI AuthConfigs to try in order, the most exact first; [] to pull as nobody."""
    try:
        host, _, path = normalized(image).partition("/")
    except ValueError:
        return []
    found = []
    for secret in secrets:
        for registry, entry in entries(secret).items():
            if matches(registry, host, path):
                found.append((len(registry), _auth(entry, registry)))
    return [auth for _, auth in sorted(found, key=lambda pair: -pair[0])]


def entries(secret: Object) -> Object:
    """Registry -> entry of a secret of one of docker's two types; {} if it cannot be read."""
    data = secret.get("data") or {}
    try:
        if text := data.get(".dockerconfigjson"):
            return orjson.loads(base64.b64decode(text)).get("auths") or {}
        if text := data.get(".dockercfg"):
            return orjson.loads(base64.b64decode(text))
    except (ValueError, AttributeError, binascii.Error):
        pass
    return {}


def matches(registry: str, host: str, path: str) -> bool:
    """Whether credentials for `registry` ("*.example.org/team", with or without a scheme) are meant for the image."""
    bare = registry.partition("://")[2] or registry
    wanted_host, _, wanted_path = bare.partition("/")
    if wanted_path in ("v1/", "v2/", "v1", "v2"):
        wanted_path = ""
    if wanted_host in HUB_NAMES:
        wanted_host = DEFAULT_HOST
    wanted, given = wanted_host.split("."), host.split(".")
    if len(wanted) != len(given):
        return False
    return all(fnmatchcase(part, pattern) for part, pattern in zip(given, wanted, strict=True)) and path.startswith(
        wanted_path
    )


def _auth(entry: Object, registry: str) -> Object:
    user, password = entry.get("username") or "", entry.get("password") or ""
    if not user and entry.get("auth"):
        try:
            user, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        except (ValueError, binascii.Error):
            pass
    made = {"username": user, "password": password, "server_address": registry}
    if entry.get("identitytoken"):
        made["identity_token"] = entry["identitytoken"]
    return made
