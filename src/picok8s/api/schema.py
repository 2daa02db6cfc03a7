"""Types: what fields a kind has, what may be in them, how lists and maps merge. Built from data, once per version.

Two sources make a type: `data/types.json` (how Kubernetes' own types are named and which empty values they show) and
the schemas of the dependency kubernetes-validate (merge keys, list types, which fields a version has). What comes of
them is kept in a cache file in a form that loads in a few milliseconds; a type is taken apart when it is first used.

A type is written as one word, as in `*[]io.k8s.api.core.v1.Container!`:
    `*`  a pointer: an empty value is kept       `!`  shown although it is empty
    `[]`, `[Name]`  a list                       `{}`, `{Name}`  a map with text keys
    `=Name`  what Go calls it, where that is not plain
"""

import contextlib
import os
import zlib
from functools import cache
from importlib import resources as files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from picok8s.api.resource import Resource

Object = dict[str, Any]

VERSION = "1.37"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
OBJECT_META = META + "ObjectMeta"

# Words of types that are no struct, with the name that Go's errors give them.
SCALARS = {
    "string": "string",
    "bool": "bool",
    "int32": "int32",
    "int64": "int64",
    "float64": "float64",
    "bytes": "[]uint8",
    "quantity": "resource.Quantity",
    "time": "v1.Time",
    "microtime": "v1.MicroTime",
    "intorstring": "intstr.IntOrString",
    "raw": "runtime.RawExtension",
    "fields": "v1.FieldsV1",
    "json": "v1.JSON",
    "any": "interface {}",
    "oneormany": "v1.JSONSchemaPropsOrArray",
    "oneorbool": "v1.JSONSchemaPropsOrBool",
    "oneorstrings": "v1.JSONSchemaPropsOrStringArray",
}
PROPS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"


class Schema:
    """A type in its place. `kind` is `struct`, `list`, `map` or a word of SCALARS; `items` is what a list or map holds.

    How it merges: `merge_key` and `strategy` (comma-separated words) for strategic merge, `list_type` (atomic, set,
    map), `list_keys` and `map_type` (atomic, granular) for apply; "" where nothing was said.
    """

    __slots__ = (
        "go",
        "items",
        "kind",
        "list_keys",
        "list_type",
        "map_type",
        "merge_key",
        "pointer",
        "ref",
        "shown",
        "strategy",
        "types",
    )

    def __init__(self, types: "Types", word: str) -> None:
        self.types = types
        self.pointer = word.startswith("*")
        self.shown = word.endswith("!")
        self.kind, self.ref, self.go, self.items = _read(types, word.removeprefix("*").removesuffix("!"))
        self.merge_key = self.strategy = self.list_type = ""
        self.map_type = "atomic" if self.ref in types.atomics else ""
        self.list_keys: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, "Schema"]:
        """The fields of a struct in their order; {} for anything else."""
        return self.types.fields(self.ref) if self.ref else {}

    @property
    def atomic(self) -> bool:
        """Whether apply takes the value as one."""
        return self.list_type == "atomic" or self.map_type == "atomic"


def _read(types: "Types", word: str) -> tuple[str, str, str, "Schema | None"]:
    """kind, name of the struct, Go's name, what it holds."""
    first = word[0]
    if first in "[{":
        closing = {"[": "]", "{": "}"}[first]
        end = _closing(word, first, closing)
        named, items = word[1:end], Schema(types, word[end + 1 :])
        own = f"[]{items.go}" if first == "[" else f"map[string]{items.go}"
        return ("list" if first == "[" else "map"), "", named or own, items
    plain, _, named = word.partition("=")
    if plain in SCALARS:
        return plain, "", named or SCALARS[plain], None
    return "struct", plain, named or ".".join(plain.split(".")[-2:]), None


def _closing(word: str, opening: str, closing: str) -> int:
    depth = 0
    for index, letter in enumerate(word):
        depth += (letter == opening) - (letter == closing)
        if depth == 0:
            return index
    raise ValueError(f"a type without its end: {word}")


class Types:
    """The types of one Kubernetes version. Definitions are named as in OpenAPI: `io.k8s.api.core.v1.Pod`."""

    def __init__(self, version: str, compiled: Object) -> None:
        self.version = version
        self._texts: dict[str, str] = compiled["types"]
        self.kinds: dict[str, str] = compiled["kinds"]  # "apps/v1/Deployment" -> definition name
        self.atomics = frozenset(compiled["atomics"])  # Structs that apply takes as one, also as items of lists.
        self._fields: dict[str, dict[str, Schema]] = {}
        # What `decode` and the protobuf reader and writer made of a type, kept with the types that it was made from.
        self.decoders: dict[str, Any] = {}
        self.readers: dict[str, Any] = {}
        self.writers: dict[str, Any] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def names(self) -> list[str]:
        return list(self._texts)

    def definition(self, name: str) -> Schema:
        """The type itself, in no place."""
        if name not in self._texts:
            raise KeyError(name)
        return Schema(self, name)

    def fields(self, name: str) -> dict[str, Schema]:
        made = self._fields.get(name)
        if made is None:
            rows: Object = orjson.loads(self._texts[name])
            made = self._fields[name] = {field: self._field(row) for field, row in rows.items()}
        return made

    def _field(self, row: str | list[Any]) -> Schema:
        if isinstance(row, str):
            return Schema(self, row)
        schema = Schema(self, row[0])
        schema.merge_key, schema.strategy, schema.list_type, keys, schema.map_type = row[1:]
        schema.list_keys = tuple(keys)
        return schema


def compiled(version: str) -> Object:
    """Every type of a version as rows of text: {"types": {name: JSON of its fields}, "kinds": {...}}."""
    ours: Object = orjson.loads(_facts())
    theirs: Object = orjson.loads(definitions_file(version).read_bytes())["$defs"]
    types: dict[str, str] = {}
    for name, fields in ours["types"].items():
        known = theirs.get(name)
        properties = known.get("properties", {}) if known else None
        rows = {
            field: _row(word, properties.get(field, {}) if properties is not None else {}, theirs)
            for field, word in fields.items()
            if properties is None or field in properties
        }
        types[name] = orjson.dumps(rows).decode()
    kinds = {kind: name for kind, name in ours["kinds"].items() if name in types}
    atomics = [name for name, known in theirs.items() if known.get("x-kubernetes-map-type") == "atomic"]
    return {"types": types, "kinds": kinds, "atomics": atomics}


def _row(word: str, said: Object, definitions: Object) -> str | list[Any]:
    """The word of a field, with how it merges where something was said of it."""
    map_type = said.get("x-kubernetes-map-type", "")
    if not map_type and "$ref" in said:
        map_type = definitions.get(said["$ref"].removeprefix("#/$defs/"), {}).get("x-kubernetes-map-type", "")
    merge = [
        said.get("x-kubernetes-patch-merge-key", ""),
        said.get("x-kubernetes-patch-strategy", ""),
        said.get("x-kubernetes-list-type", ""),
        said.get("x-kubernetes-list-map-keys", []),
        map_type,
    ]
    return [word, *merge] if any(merge) else word


def definitions_file(version: str) -> Path:
    """The schemas of a version in the dependency; LookupError when it has none."""
    spec = find_spec("kubernetes_validate")  # Found, not imported: it would bring a JSON schema validator along.
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "kubernetes-json-schema" / f"v{version}.0-local" / "_definitions.json"
        if path.exists():
            return path
    raise LookupError(f"kubernetes-validate has no schemas of Kubernetes {version}")


@cache
def _facts() -> bytes:
    return files.files("picok8s.api").joinpath("data/types.json").read_bytes()


@cache
def mark() -> str:
    """Changes whenever the data of types does."""
    return f"{zlib.crc32(_facts()):08x}"


@cache
def embedded() -> dict[str, dict[str, str]]:
    """Definition name -> field -> the Go structs embedded in the type through which it is reached; errors name them."""
    found: dict[str, dict[str, str]] = orjson.loads(_facts())["embedded"]
    return found


def load(version: str = VERSION, cache_dir: Path | None = None) -> Types:
    """The types of a version, from the cache file if one fits, else compiled and, where possible, cached."""
    folder = cache_dir or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "picok8s"
    path = folder / f"types-{version}.json"
    fresh = f"{mark()}-{definitions_file(version).stat().st_size}"
    try:
        found = orjson.loads(path.read_bytes())
        if found["mark"] == fresh and found["types"] and found["kinds"] and found["atomics"]:
            return Types(version, found)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # Absent, unreadable or damaged: as if it were not there.
    made = compiled(version)
    _keep(path, orjson.dumps({"mark": fresh, **made}))
    return Types(version, made)


def _keep(path: Path, data: bytes) -> None:
    """Write the cache whole or not at all; a place that cannot be written only costs time at the next start."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()


_chosen: list[Types] = []


def choose(version: str = VERSION, cache_dir: Path | None = None) -> Types:
    """Serve this version from now on; called once, at the start of a process."""
    _chosen[:] = [load(version, cache_dir)]
    return _chosen[0]


def current() -> Types:
    """The types of the version that is served."""
    return _chosen[0] if _chosen else choose()


def type_of(resource: Resource) -> str:
    """The definition name of a built-in resource's kind; KeyError for a custom one."""
    return current().kinds[f"{resource.api_version}/{resource.kind}"]


def schema_of(resource: Resource) -> Schema:
    return current().definition(type_of(resource))
