"""The type of a custom resource, from its OpenAPI schema, in the form that apply walks along (`schema.Schema`)."""

from functools import cached_property
from typing import Any

from picok8s.api import schema

Object = dict[str, Any]

SCALARS = {"string": "string", "integer": "int64", "number": "float64", "boolean": "bool"}
PRESERVE, EMBEDDED = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"


class OpenType:
    """One node of an OpenAPI schema. `kind` is as in `schema.Schema`; `open` maps keep fields that nobody declared."""

    merge_key = strategy = go = ""
    pointer = shown = False

    def __init__(self, said: Object, is_resource: bool = False) -> None:
        self.said = said
        self.is_resource = is_resource or bool(said.get(EMBEDDED))
        self.open = bool(said.get(PRESERVE))
        self.kind = _kind(said, self.is_resource)
        self.list_type: str = said.get("x-kubernetes-list-type", "")
        self.list_keys: tuple[str, ...] = tuple(said.get("x-kubernetes-list-map-keys") or ())
        self.map_type: str = said.get("x-kubernetes-map-type", "")

    @property
    def atomic(self) -> bool:
        """Whether apply takes the value as one."""
        return self.list_type == "atomic" or self.map_type == "atomic"

    @cached_property
    def fields(self) -> dict[str, Any]:
        """Declared fields; of a resource also those that every object has."""
        if self.kind != "struct":
            return {}
        found: dict[str, Any] = {name: OpenType(said) for name, said in (self.said.get("properties") or {}).items()}
        if self.is_resource:
            found["apiVersion"] = found["kind"] = OpenType({"type": "string"})
            found["metadata"] = schema.current().definition(schema.OBJECT_META)
        return found

    @cached_property
    def items(self) -> "OpenType | None":
        """What a list or map holds."""
        said = self.said.get("items") if self.kind == "list" else self.said.get("additionalProperties")
        return OpenType(said) if isinstance(said, dict) else None

    @cached_property
    def key_defaults(self) -> Object:
        """Defaults of the fields, for items of lists that leave out a key."""
        properties = self.said.get("properties") or {}
        return {name: said["default"] for name, said in properties.items() if "default" in said}


def _kind(said: Object, is_resource: bool) -> str:
    if said.get("x-kubernetes-int-or-string"):
        return "intorstring"
    kind = said.get("type", "")
    if kind == "array":
        return "list"
    if is_resource or said.get("properties"):
        return "struct"
    if isinstance(said.get("additionalProperties"), dict):
        return "map"
    return SCALARS.get(kind, "any")


def of_version(said: Object | None) -> OpenType:
    """The type of a version of a CustomResourceDefinition: its `schema.openAPIV3Schema`, which may be missing."""
    return OpenType(said or {PRESERVE: True}, is_resource=True)
