"""What is wrong with a body, in Go's words: where a type does not fit, which fields nobody knows, which kind it claims.

The slow companion of `decode`: it walks an object along its type with the path in hand, and is called only when
`decode` already knows that there is something to say.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from picok8s.api import moment, quantity, schema
from picok8s.api.errors import ApiError, bad_request
from picok8s.api.schema import PROPS, Schema, Types

Object = dict[str, Any]

BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
TEXTS = ("string", "time", "microtime")
PLAIN = {"bool": "bool", "float64": "number", "bytes": "string"}
UNIONS = ("oneormany", "oneorbool", "oneorstrings")
OWN_READERS = (
    "time",
    "microtime",
    "quantity",
    "intorstring",
    *UNIONS,
)  # Types that read themselves, and stop the rest.
# Kinds that are no longer served in a version, and are known by it still: apiVersion -> kinds.
FORMER = {
    "admissionregistration.k8s.io/v1beta1": ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"),
    "apps/v1beta1": ("Deployment", "StatefulSet", "ControllerRevision"),
    "apps/v1beta2": ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ControllerRevision"),
    "authentication.k8s.io/v1beta1": ("SelfSubjectReview", "TokenReview"),
    "authorization.k8s.io/v1beta1": (
        "SelfSubjectRulesReview", "SelfSubjectAccessReview", "SubjectAccessReview", "LocalSubjectAccessReview",
    ),
    "batch/v1beta1": ("CronJob",),
    "certificates.k8s.io/v1beta1": ("CertificateSigningRequest",),
    "coordination.k8s.io/v1beta1": ("Lease",),
    "discovery.k8s.io/v1beta1": ("EndpointSlice",),
    "events.k8s.io/v1beta1": ("Event",),
    "extensions/v1beta1": ("Deployment", "DaemonSet", "Ingress", "ReplicaSet", "NetworkPolicy"),
    "flowcontrol.apiserver.k8s.io/v1beta1": ("FlowSchema", "PriorityLevelConfiguration"),
    "flowcontrol.apiserver.k8s.io/v1beta2": ("FlowSchema", "PriorityLevelConfiguration"),
    "flowcontrol.apiserver.k8s.io/v1beta3": ("FlowSchema", "PriorityLevelConfiguration"),
    "networking.k8s.io/v1beta1": ("Ingress", "IngressClass", "IPAddress", "ServiceCIDR"),
    "node.k8s.io/v1beta1": ("RuntimeClass",),
    "policy/v1beta1": ("PodDisruptionBudget", "Eviction"),
    "rbac.authorization.k8s.io/v1beta1": ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
    "scheduling.k8s.io/v1beta1": ("PriorityClass",),
    "storage.k8s.io/v1beta1": (
        "StorageClass", "VolumeAttachment", "CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttributesClass",
    ),
}  # fmt: skip
SCHEME = "pkg/runtime/scheme.go:111"  # Where Kubernetes keeps its kinds; clients see it.


@dataclass(frozen=True, slots=True)
class Place:
    """Where in Go's structs a value stands: the innermost struct and the names of the fields on the way."""

    struct: str = ""
    path: tuple[str, ...] = ()

    def field(self, definition: str, name: str) -> "Place":
        """A field of a struct. Go names the structs embedded in it, too, that JSON does not show."""
        inner = schema.embedded().get(definition, {}).get(name)
        return Place(definition.rpartition(".")[2], (*self.path, inner, name) if inner else (*self.path, name))

    def cannot(self, value: str, go: str) -> ValueError:
        into = f"struct field {self.struct}.{'.'.join(self.path)}" if self.path else "value"
        return ValueError(f"json: cannot unmarshal {value} into Go {into} of type {go}")


def word(value: Any) -> str:
    """What JSON calls such a value."""
    if isinstance(value, bool):
        return "bool"
    kinds = {dict: "object", list: "array", str: "string", int: "number", float: "number"}
    return kinds.get(type(value), "null")


def mismatch(place: Schema, value: Any) -> None:
    """Raises ValueError for what Go names: the first value that a type with its own reader refused, else the first."""
    first: ValueError | None = None
    for kind, error in _errors(place, value, Place()):
        if kind in OWN_READERS:
            raise error
        first = first or error
    if first is not None:
        raise first


def _errors(of: Schema, value: Any, at: Place) -> Iterator[tuple[str, ValueError]]:
    """What does not fit, in the order of the document, with the kind of its type."""
    if value is None:
        return
    if of.kind == "struct":
        if not isinstance(value, dict):
            yield of.kind, at.cannot(word(value), of.go)
            return
        fields = of.fields
        for key, item in value.items():
            if key in fields:
                yield from _errors(fields[key], item, at.field(of.ref, key))
    elif of.items is not None:
        if not isinstance(value, list if of.kind == "list" else dict):
            yield of.kind, at.cannot(word(value), of.go)
            return
        for item in value if isinstance(value, list) else value.values():
            yield from _errors(of.items, item, at)
    else:
        try:
            _check_scalar(of, value, at)
        except ValueError as error:
            yield of.kind, error


def _check_scalar(of: Schema, value: Any, at: Place) -> None:
    kind = of.kind
    if kind in TEXTS:
        if not isinstance(value, str):
            raise at.cannot(word(value), of.go if kind == "string" else "string")
        if kind != "string":
            (moment.canonical_time if kind == "time" else moment.canonical_micro)(value)
    elif kind in PLAIN:
        if word(value) != PLAIN[kind]:
            raise at.cannot(word(value), of.go)
        if kind == "bytes":
            check_base64(value)
    elif kind in BOUNDS or (kind == "intorstring" and not isinstance(value, str)):
        _check_integer(of, value, at)
    elif kind == "quantity":
        quantity.parse(value.strip() if isinstance(value, str) else _as_text(value))
    elif kind in UNIONS:
        _check_union(of, value, at)


def _as_text(value: Any) -> str:
    return {"bool": "true", "object": "{}", "array": "[]"}.get(word(value)) or repr(value)


def _check_integer(of: Schema, value: Any, at: Place) -> None:
    kind = "int32" if of.kind == "intorstring" else of.kind
    go = "int32" if of.kind == "intorstring" else of.go
    if word(value) != "number":
        raise at.cannot(word(value), go)
    low, high = BOUNDS[kind]
    if isinstance(value, float) or not low <= value <= high:
        raise at.cannot(f"number {value!r}", go)


def _check_union(of: Schema, value: Any, at: Place) -> None:
    """One schema, or what may stand in its place."""
    items: list[Any] = value if isinstance(value, list) else [value]
    if of.kind == "oneorbool":
        if isinstance(value, bool):
            return
        if not isinstance(value, dict):
            raise ValueError("boolean or JSON schema expected")
    elif of.kind == "oneorstrings" and isinstance(value, list):
        wrong = next((item for item in items if not isinstance(item, str | None)), None)
        if wrong is not None:
            raise at.cannot(word(wrong), "string")
        return
    props = of.types.definition(PROPS)
    for item in items:
        for _, error in _errors(props, item, at):
            raise error


def check_base64(text: str) -> None:
    """Go names the first byte that does not belong."""
    kept = [(index, letter) for index, letter in enumerate(text) if letter not in "\r\n"]
    body = "".join(letter for _, letter in kept)
    match = re.match(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", body)
    end = match.end() if match else 0
    if end == len(body):
        base64.b64decode(body)
        return
    rest = re.match(r"[A-Za-z0-9+/]*", body[end:])
    stop = end + (rest.end() if rest else 0)
    if stop == len(body):  # The last group is short: Go points at where it begins.
        stop = len(body) - len(body) % 4
    byte = kept[stop][0] if stop < len(kept) else len(text)
    raise ValueError(f"illegal base64 data at input byte {byte}")


def unknown(place: Schema, value: Any) -> list[str]:
    """Complaints about fields that the type does not have, in the order of the document."""
    return [f'unknown field "{path}"' for path in _unknown(place, value, "")]


def _unknown(of: Schema, value: Any, path: str) -> Iterator[str]:
    if of.kind == "struct" and isinstance(value, dict):
        fields = of.fields
        for key, item in value.items():
            inner = f"{path}.{key}" if path else key
            if key not in fields:
                yield inner
            else:
                yield from _unknown(fields[key], item, inner)
    elif of.items is not None and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(of.items, item, f"{path}[{index}]")
    elif of.items is not None and isinstance(value, dict):
        for key, item in value.items():
            yield from _unknown(of.items, item, f"{path}.{key}")


def warnings(strict: list[str]) -> list[str]:
    """Complaints as they stand in Warning headers: one line each, so what YAML's parser says loses its first."""
    lines = [line.strip() for text in strict for line in text.split("\n")]
    return [line for line in lines if line and line != "yaml: unmarshal errors:"]


def check_kind(types: Types, api_version: str, kind: str, obj: Any) -> tuple[str, str]:
    """The version and kind that a body claims, by default those that are wanted; refuses what cannot become them."""
    if not isinstance(obj, dict):
        return api_version, kind
    sent_kind = obj.get("kind") or kind
    sent_version = obj.get("apiVersion") or api_version
    if sent_kind == kind and sent_version == api_version:
        return sent_version, sent_kind
    for name, value in (("apiVersion", sent_version), ("kind", sent_kind)):
        if not isinstance(value, str):
            refused = Place().field("", name).cannot(word(value), "string")
            raise unrecognized(kind, f"couldn't get version/kind; json parse error: {refused}", b"")
    if sent_version.count("/") > 1:
        raise unrecognized(kind, f"unexpected GroupVersion string: {sent_version}", b"")
    if f"{sent_version}/{sent_kind}" not in types.kinds and sent_kind not in FORMER.get(sent_version, ()):
        why = f'no kind "{sent_kind}" is registered for version "{sent_version}" in scheme "{SCHEME}"'
    elif sent_kind == kind:
        raise bad_request(
            f"the API version in the data ({sent_version}) does not match the expected API version ({api_version})"
        )
    else:
        source, target = sent_version.rpartition("/")[2], _internal(api_version)
        why = f"converting ({source}.{sent_kind}) to ({target}.{kind}): unknown conversion"
    version = sent_version.rpartition("/")[2]
    raise bad_request(f'{sent_kind} in version "{version}" cannot be handled as a {kind}: {why}')


def _internal(api_version: str) -> str:
    """The package of Kubernetes' own form of a group: the core group's is called core, and holds the events too."""
    group = api_version.rpartition("/")[0]
    return "core" if group in ("", "events.k8s.io") else group.partition(".")[0]


def unrecognized(kind: str, why: str, data: bytes) -> ApiError:
    """The body says not what it is. Its beginning is shown: JSON as text, anything else in hexadecimal."""
    shown = data[:30].decode(errors="replace") if data.startswith(b"{") else data[:30].hex()
    told = (shown + (" ..." if len(data) > 30 else "")) or "<empty>"
    return bad_request(f"the object provided is unrecognized (must be of type {kind}): {why} ({told})")
