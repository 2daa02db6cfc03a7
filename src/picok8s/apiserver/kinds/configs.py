"""ConfigMaps and Secrets: keys, sizes, types, and those that may not change."""

import base64
from collections.abc import Callable
from typing import Any

from picok8s.api import names
from picok8s.api.errors import FieldError, forbidden_field, invalid_value, required, too_long
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks, jsonwords
from picok8s.apiserver.kinds.checks import worded

Object = dict[str, Any]
Errors = list[FieldError]

SIZE_MAX = 1024 * 1024
FIXED = "field is immutable when `immutable` is set"
REDACTED = "<secret contents redacted>"
ACCOUNT = "kubernetes.io/service-account.name"


def _size_of_base64(text: str) -> int:
    text = text.replace("\n", "").replace("\r", "")
    return len(text) // 4 * 3 - text[-2:].count("=")


def key_errors(keys: Any, path: str) -> Errors:
    errors: Errors = []
    for key in keys:
        errors += worded(names.data_key, key, f"{path}[{key}]")
    return errors


def fixed(new: Object, old: Object, *keys: str) -> Errors:
    """What may not change in an object that has been declared immutable."""
    if not old.get("immutable"):
        return []
    errors = [] if new.get("immutable") else [forbidden_field("immutable", FIXED)]
    return errors + [forbidden_field(key, FIXED) for key in keys if (new.get(key) or {}) != (old.get(key) or {})]


# ConfigMaps.


def validate_config_map(new: Object, old: Object | None) -> Errors:
    data, binary = new.get("data") or {}, new.get("binaryData") or {}
    errors = fixed(new, old, "data", "binaryData") if old else []
    errors += key_errors(data, "data")
    errors += [
        invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData") for key in data if key in binary
    ]
    errors += key_errors(binary, "binaryData")
    size = sum(len(text.encode()) for text in data.values()) + sum(_size_of_base64(text) for text in binary.values())
    return errors + ([too_long("[]", SIZE_MAX)] if size > SIZE_MAX else [])


# Secrets.


def default_secret(secret: Object) -> None:
    """Text that was written as text becomes data; an empty one is kept as such."""
    written = secret.pop("stringData", None)
    if written:
        data = {key: base64.b64encode((text or "").encode()).decode() for key, text in written.items()}
        secret["data"] = {**(secret.get("data") or {}), **data}
    secret["type"] = secret.get("type") or "Opaque"


def needs_key(*keys: str) -> Callable[[Object, Object], Errors]:
    def check(secret: Object, data: Object) -> Errors:
        return [required(f"data[{key}]") for key in keys if key not in data]

    return check


def one_key(*keys: str) -> Callable[[Object, Object], Errors]:
    """At least one of `keys`."""

    def check(secret: Object, data: Object) -> Errors:
        return [] if any(key in data for key in keys) else [required(f"data[{key}]") for key in keys]

    return check


def json_map(key: str) -> Callable[[Object, Object], Errors]:
    """A JSON object under `key`; what it holds is not shown."""

    def check(secret: Object, data: Object) -> Errors:
        if key not in data:
            return [required(f"data[{key}]")]
        problem = jsonwords.map_problem(base64.b64decode(data[key]))
        return [invalid_value(f"data[{key}]", REDACTED, problem)] if problem else []

    return check


def account_token(secret: Object, data: Object) -> Errors:
    if (secret["metadata"].get("annotations") or {}).get(ACCOUNT):
        return []
    return [required(f"metadata.annotations[{ACCOUNT}]")]


TYPES: dict[str, Callable[[Object, Object], Errors]] = {
    "kubernetes.io/service-account-token": account_token,
    "kubernetes.io/dockercfg": json_map(".dockercfg"),
    "kubernetes.io/dockerconfigjson": json_map(".dockerconfigjson"),
    "kubernetes.io/basic-auth": one_key("username", "password"),
    "kubernetes.io/ssh-auth": needs_key("ssh-privatekey"),
    "kubernetes.io/tls": needs_key("tls.crt", "tls.key"),
}


def validate_secret(new: Object, old: Object | None) -> Errors:
    data = new.get("data") or {}
    errors: Errors = []
    if old is not None:
        errors += checks.immutable(new, old, "", "type")
        errors += fixed(new, old, "data")
    errors += key_errors(data, "data")
    if sum(_size_of_base64(text) for text in data.values()) > SIZE_MAX:
        errors.append(too_long("data", SIZE_MAX))
    check = TYPES.get(new["type"])
    return errors + (check(new, data) if check else [])


BEHAVIOURS = {
    "configmaps": Behaviour(validate=validate_config_map),
    "secrets": Behaviour(
        default=default_secret,
        validate=validate_secret,
        fields={"type": lambda secret: secret.get("type", "")},
    ),
}
