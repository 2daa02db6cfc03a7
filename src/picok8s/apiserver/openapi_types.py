"""The definitions of OpenAPI documents: built-in types from the dependency, custom ones from their schemas."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from picok8s.api import schema
from picok8s.apiserver import openapi_paths

Object = dict[str, Any]

# Types that JSON writes as more than one kind of value; version 2 has no word for that.
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_EITHER = {_QUANTITY: ("string", "number"), _INT_OR_STRING: ("integer", "string")}

# What version 2 cannot say of a value.
_V3_ONLY = ("allOf", "anyOf", "oneOf", "not", "nullable", "x-kubernetes-validations")
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_HEADER = {
    "apiVersion": {"type": "string", "description": "The version of the schema of this object: group/version."},
    "kind": {"type": "string", "description": "The kind of this object, in CamelCase."},
}


def v3(roots: Iterable[str], custom: Mapping[str, Object]) -> Object:
    """The definitions that `roots` reach, in the language of version 3."""
    return _reached(roots, custom, "#/components/schemas/", _own_v3)


def v2(roots: Iterable[str], custom: Mapping[str, Object]) -> Object:
    """The same in the language of version 2."""
    return _reached(roots, custom, "#/definitions/", _own_v2)


def _reached(roots: Iterable[str], custom: Mapping[str, Object], base: str, own: Callable[[Object], Object]) -> Object:
    source: Object = orjson.loads(schema.definitions_file(schema.current().version).read_bytes())["$defs"]
    ours = {_definition(name): (name, given) for name, given in custom.items()}
    found: Object = {}
    waiting = sorted(roots)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name in source:
            made = _builtin(name, source[name], base)
        else:
            kind, given = ours.get(name.removesuffix("List"), ("", None))
            made = _custom_list(name, base) if name.endswith("List") else _custom(given, base, own)
            _claim(made, kind or name, name.endswith("List"))
        found[name] = made
        waiting += _references(made, base)
    return dict(sorted(found.items()))


def _definition(name: str) -> str:
    api_version, _, kind = name.rpartition("/")
    group, _, version = api_version.rpartition("/")
    return openapi_paths.definition(group, version, kind)


def _references(value: Any, base: str) -> list[str]:
    if isinstance(value, dict):
        found = [value["$ref"].removeprefix(base)] if isinstance(value.get("$ref"), str) else []
        return found + [name for item in value.values() for name in _references(item, base)]
    if isinstance(value, list):
        return [name for item in value for name in _references(item, base)]
    return []


def _builtin(name: str, given: Object, base: str) -> Object:
    is_v3 = base.startswith("#/components")
    if name in _EITHER:
        made = {"description": given.get("description", "")} if "description" in given else {}
        if is_v3:
            made["oneOf"] = [{"type": word} for word in _EITHER[name]]
        else:
            made["type"] = "string"
        return {**made, "format": "int-or-string"} if name == _INT_OR_STRING else made
    made = {key: value for key, value in given.items() if key != "properties"}
    made = _typed(made)
    if "properties" in given:
        made["properties"] = {
            field: _property(said, base, field in ("apiVersion", "kind")) for field, said in given["properties"].items()
        }
    return made


def _typed(said: Object) -> Object:
    """The dependency widens every type with null; Kubernetes does not say so."""
    kind = said.get("type")
    return {**said, "type": kind[0]} if isinstance(kind, list) else said


def _property(said: Object, base: str, is_header: bool) -> Object:
    made = _typed({key: value for key, value in said.items() if not (is_header and key == "enum")})
    reference = made.pop("$ref", None) if "$ref" in made else None
    if "items" in made:
        made["items"] = _property(made["items"], base, False)
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = _property(made["additionalProperties"], base, False)
    if reference is None:
        return made
    target = {"$ref": base + reference.removeprefix("#/$defs/")}
    if not made:
        return target
    return {"allOf": [target], **made} if base.startswith("#/components") else {**target, **made}


# Custom resources.


def _custom(given: Object | None, base: str, own: Callable[[Object], Object]) -> Object:
    """A custom kind: its own schema, with the fields that every object has."""
    is_v3 = base.startswith("#/components")
    if given is None or (given.get(_PRESERVE) and not is_v3):
        return {"type": "object"}  # Anything goes; to name some fields would make kubectl refuse the others.
    made = _with_header(own(given), base)
    return _embedded(made, base)


def _with_header(made: Object, base: str) -> Object:
    """With apiVersion, kind and metadata."""
    meta: Object = {"$ref": base + schema.OBJECT_META}
    meta = {"allOf": [meta]} if base.startswith("#/components") else meta
    metadata = {"description": "Standard object's metadata.", **meta}
    return {**made, "properties": {**made.get("properties", {}), **_HEADER, "metadata": metadata}}


def _embedded(made: Object, base: str) -> Object:
    """Objects inside of objects have the fields of every object, too."""
    made = dict(made)
    if "properties" in made:
        made["properties"] = {name: _embedded(said, base) for name, said in made["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _embedded(made[key], base)
    is_open = made.get(_PRESERVE) and not base.startswith("#/components")
    return _with_header(made, base) if made.get("x-kubernetes-embedded-resource") and not is_open else made


def _custom_list(name: str, base: str) -> Object:
    kind = name.removesuffix("List")
    meta: Object = {"$ref": base + schema.META + "ListMeta"}
    meta = {"allOf": [meta]} if base.startswith("#/components") else meta
    short = kind.rpartition(".")[2]
    return {
        "description": f"{short}List is a list of {short}",
        "type": "object",
        "required": ["items"],
        "properties": {
            **_HEADER,
            "items": {"type": "array", "description": "The objects.", "items": {"$ref": base + kind}},
            "metadata": {"description": "Standard list metadata.", **meta},
        },
    }


def _claim(made: Object, name: str, is_list: bool) -> None:
    """Which kind a definition is of: `name` is group/version/Kind, or at least the definition's own name."""
    if "/" in name:
        api_version, _, kind = name.rpartition("/")
        group, _, version = api_version.rpartition("/")
    else:
        *domain, version, kind = name.removesuffix("List").split(".")
        group = ".".join(reversed(domain))
    kind += "List" if is_list else ""
    made["x-kubernetes-group-version-kind"] = [{"group": group, "kind": kind, "version": version}]


def _own_v3(given: Object) -> Object:
    return {**given}


def _own_v2(given: Object) -> Object:
    """A custom schema without what version 2 cannot say; kubectl cannot cope with more of an open or nullable value."""
    made = {key: value for key, value in given.items() if key not in _V3_ONLY}
    if given.get("nullable"):
        made = {key: value for key, value in made.items() if key not in ("type", "items", "properties")}
    if given.get(_PRESERVE):
        made = {key: value for key, value in made.items() if key not in ("items", "properties")}
    is_open = given.get(_PRESERVE) and made.get("type") == "object"
    if is_open or (made.get("type") == "array" and "items" not in made):
        made.pop("type")
    properties: Object = made.get("properties", {})
    if properties:
        made["properties"] = {name: _own_v2(said) for name, said in properties.items()}
        needed = [name for name in made.get("required", []) if not properties.get(name, {}).get("nullable")]
        made.pop("required", None)
        made |= {"required": needed} if needed else {}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _own_v2(made[key])
    return made
