"""The operations of each resource for OpenAPI: paths, methods, parameters, names, in neither version's language."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from picok8s.api import schema
from picok8s.api.resource import Resource

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
PLAIN = (JSON, YAML, PROTOBUF)
STREAMS = (f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
SAID = {200: "OK", 201: "Created", 202: "Accepted"}
CONNECT_METHODS = {"create": "post", "get": "get", "update": "put", "patch": "patch", "delete": "delete"}

META = schema.META
Kind = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str  # "path" or "query"
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`takes` and `gives` are definition names; "" takes nothing, gives a text."""

    id: str
    tag: str
    description: str
    action: str = ""
    kind: Kind | None = None
    parameters: tuple[Parameter, ...] = ()
    takes: str = ""
    required: bool = True
    gives: str = ""
    codes: tuple[int, ...] = (200,)
    consumes: tuple[str, ...] = ("*/*",)
    produces: tuple[str, ...] = PLAIN


@dataclass(slots=True)
class Path:
    parameters: tuple[Parameter, ...] = ()
    operations: dict[str, Operation] = field(default_factory=dict)  # HTTP method -> operation


def _query(name: str, kind: str, description: str) -> Parameter:
    return Parameter(name, "query", kind, description)


PRETTY = _query("pretty", "string", "Whether the output is printed for people. By default only for browsers and curl.")
DRY_RUN = _query("dryRun", "string", "All: the request is judged and answered, and nothing is kept.")
MANAGER = _query("fieldManager", "string", "Who makes the change; at most 128 printable characters.")
VALIDATION = _query(
    "fieldValidation", "string", "What to do about unknown and repeated fields: Ignore, Warn (the default) or Strict."
)
FORCE = _query("force", "boolean", "Take over fields that other managers own. For apply only.")
WRITE = (DRY_RUN, MANAGER, VALIDATION)
DELETE = (
    DRY_RUN,
    _query("gracePeriodSeconds", "integer", "Seconds until the object is gone; 0 for at once."),
    _query(
        "ignoreStoreReadErrorWithClusterBreakingPotential",
        "boolean",
        "Delete an object that cannot be read. Without regard to finalizers.",
    ),
    _query("orphanDependents", "boolean", "Deprecated: use propagationPolicy."),
    _query("propagationPolicy", "string", "What happens to dependents: Orphan, Background or Foreground."),
)
LIST = (
    _query("allowWatchBookmarks", "boolean", "A watch may send bookmarks."),
    _query("continue", "string", "Where a former list with a limit ended."),
    _query("fieldSelector", "string", "Only objects whose fields match."),
    _query("labelSelector", "string", "Only objects whose labels match."),
    _query("limit", "integer", "How many objects to answer at most."),
    _query("resourceVersion", "string", "How old the answer may be, or after what a watch begins."),
    _query("resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."),
    _query("sendInitialEvents", "boolean", "A watch begins with all objects, then sends a bookmark."),
    _query("shardSelector", "string", "Only objects of a part of the hash space."),
    _query("timeoutSeconds", "integer", "When a list or watch ends."),
    _query("watch", "boolean", "Changes instead of a list."),
)
# What limits the objects that deletecollection deletes, and what does not apply to it.
CHOICE = tuple(row for row in LIST if row.name not in ("allowWatchBookmarks", "watch"))
NAMESPACE = Parameter("namespace", "path", "string", "The namespace of the object.")
REST = Parameter("path", "path", "string", "The path at what is connected to.")


def _named(kind: str) -> Parameter:
    return Parameter("name", "path", "string", f"The name of the {kind}.")


def words(group: str) -> str:
    """A group in the names of operations: rbac.authorization.k8s.io is rbacAuthorization, the core group core."""
    parts = group.removesuffix(".k8s.io").replace("-", ".").split(".") if group else ["core"]
    return parts[0] + "".join(part[:1].upper() + part[1:] for part in parts[1:])


def _title(text: str) -> str:
    return text[:1].upper() + text[1:]


def definition(group: str, version: str, kind: str) -> str:
    """The definition of a kind; a custom one is named by its group's domain backwards."""
    api_version = f"{group}/{version}" if group else version
    known = schema.current().kinds.get(f"{api_version}/{kind}")
    return known or ".".join([*reversed(group.split(".")), version, kind])


@cache
def _base(group: str, version: str) -> str:
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


class _Naming:
    """The names of one resource's operations."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        group = words(resource.group)
        self.tag = f"{group}_{resource.version}"
        self.group = _title(group) + _title(resource.version)
        self.scope = "Namespaced" if resource.namespaced else ""
        self.kind: Kind = (resource.group, resource.version, resource.kind)
        self.object = definition(*self.kind)
        self.list = self.object + "List"

    def id(self, verb: str, after: str = "", scope: str | None = None, kind: str = "") -> str:
        inner = self.scope if scope is None else scope
        return f"{verb}{self.group}{inner}{kind or self.resource.kind}{after}"


def of(resource: Resource) -> dict[str, Path]:
    """All paths of a resource."""
    naming = _Naming(resource)
    base = _base(resource.group, resource.version)
    middle = "/namespaces/{namespace}" if resource.namespaced else ""
    scope = (NAMESPACE,) if resource.namespaced else ()
    named = _named(resource.kind)
    one = f"{base}{middle}/{resource.plural}/{{name}}"
    paths = {
        f"{base}{middle}/{resource.plural}": Path((*scope, PRETTY), _collection(naming)),
        one: Path((named, *scope, PRETTY), _item(naming)),
    }
    for row in resource.subresources.values():
        paths.update(_subresource(naming, one, str(row["subresource"]), row))
    if resource.namespaced and "list" in resource.verbs:
        paths[f"{base}/{resource.plural}"] = Path((*LIST, PRETTY), {"get": _list_all(naming)})
    if "watch" in resource.verbs:
        paths.update(_watches(naming, base, middle, (*LIST, PRETTY), scope, named))
    return {path: row for path, row in paths.items() if row.operations}


def _collection(naming: _Naming) -> dict[str, Operation]:
    resource, verbs = naming.resource, naming.resource.verbs
    kind, tag = naming.kind, naming.tag
    found: dict[str, Operation] = {}
    if "list" in verbs:
        streams = (*PLAIN, *STREAMS) if "watch" in verbs else PLAIN
        told = f"list or watch objects of kind {resource.kind}"
        found["get"] = Operation(naming.id("list"), tag, told, "list", kind, LIST, gives=naming.list, produces=streams)
    if "create" in verbs:
        scope = "Namespaced" if resource.namespaced else ""
        found["post"] = Operation(
            naming.id("create", scope=scope), tag, f"create {_article(resource.kind)} {resource.kind}", "post", kind,
            WRITE, naming.object, True, naming.object, (200, 201, 202),
        )  # fmt: skip
    if "deletecollection" in verbs:
        told = f"delete collection of {resource.kind}"
        name = f"delete{naming.group}Collection{naming.scope}{resource.kind}"
        found["delete"] = Operation(
            name, tag, told, "deletecollection", kind, _sorted(*DELETE, *CHOICE), META + "DeleteOptions", False,
            META + "Status",
        )  # fmt: skip
    return found


def _sorted(*parameters: Parameter) -> tuple[Parameter, ...]:
    return tuple(sorted(parameters, key=lambda row: row.name))


def _article(kind: str) -> str:
    return "an" if kind[0] in "AEIOU" else "a"


def _item(naming: _Naming, after: str = "", gives: str = "", kind: Kind | None = None) -> dict[str, Operation]:
    """Operations on one object, or on a subresource of it (`after` is its name in operations)."""
    resource = naming.resource
    return dict(_operations(naming, resource.verbs, after, gives or naming.object, kind or naming.kind))


def _operations(
    naming: _Naming, verbs: frozenset[str], after: str, gives: str, kind: Kind
) -> Iterator[tuple[str, Operation]]:
    tag, name = naming.tag, naming.resource.kind
    of_it = f"{after.lower()} of the specified {name}" if after else f"the specified {name}"
    if "get" in verbs:
        yield "get", Operation(naming.id("read", after), tag, f"read {of_it}", "get", kind, gives=gives)
    if "update" in verbs:
        told = f"replace {of_it}"
        yield (
            "put",
            Operation(naming.id("replace", after), tag, told, "put", kind, WRITE, gives, True, gives, (200, 201)),
        )
    if "patch" in verbs:
        patches = PATCHES if naming.object in schema.current() else PATCHES[:2] + PATCHES[3:]
        yield "patch", Operation(
            naming.id("patch", after), tag, f"partially update {of_it}", "patch", kind, _sorted(*WRITE, FORCE),
            META + "Patch", True, gives, (200, 201), patches,
        )  # fmt: skip
    if "delete" in verbs and not after:
        told = f"delete {_article(name)} {name}"
        answer = gives if naming.resource.behaviour.delete_answers_object else META + "Status"
        yield (
            "delete",
            Operation(
                naming.id("delete"),
                tag,
                told,
                "delete",
                kind,
                DELETE,
                META + "DeleteOptions",
                False,
                answer,
                (200, 202),
            ),
        )


def _subresource(naming: _Naming, one: str, name: str, row: dict[str, object]) -> dict[str, Path]:
    resource = naming.resource
    said = row["kind"]
    assert isinstance(said, dict)
    kind: Kind = (said["group"] or resource.group, said["version"] or resource.version, said["kind"])
    if said["version"] and not said["group"]:
        kind = ("", said["version"], said["kind"])
    verbs = frozenset(str(verb) for verb in row["verbs"])  # type: ignore[attr-defined]
    scope = (NAMESPACE,) if resource.namespaced else ()
    if kind[2].endswith("Options"):
        return _connections(naming, one, name, kind, verbs)
    after = _title(name)
    if name == "log":
        options = _options("", "v1", "PodLogOptions")
        told = f"read log of the specified {resource.kind}"
        read = Operation(
            naming.id("read", "Log"), naming.tag, told, "get", naming.kind, produces=("text/plain", *PLAIN)
        )
        return {f"{one}/log": Path(_sorted(*options, _named(resource.kind), *scope, PRETTY), {"get": read})}
    gives = definition(*kind)
    if "create" in verbs:
        told = f"create {name} of {_article(resource.kind)} {resource.kind}"
        create = Operation(
            naming.id("create", after), naming.tag, told, "post", kind, WRITE, gives, True, gives, (200, 201, 202)
        )
        return {f"{one}/{name}": Path((_named(kind[2]), *scope, PRETTY), {"post": create})}
    found = dict(_operations(naming, verbs, _title(name), gives, kind))
    return {f"{one}/{name}": Path((_named(kind[2]), *scope, PRETTY), found)}


def _options(group: str, version: str, kind: str) -> tuple[Parameter, ...]:
    """The fields of an options kind as query parameters."""
    types = {"bool": "boolean", "int32": "integer", "int64": "integer"}
    fields = schema.current().definition(definition(group, version, kind)).fields
    return tuple(
        _query(name, types.get(row.kind, "string"), f"See {kind}.")
        for name, row in fields.items()
        if name not in ("kind", "apiVersion")
    )


def _connections(naming: _Naming, one: str, name: str, kind: Kind, verbs: frozenset[str]) -> dict[str, Path]:
    """Exec, attach, port-forward and proxy: every method that is served, and for the proxy every path behind it."""
    resource = naming.resource
    scope = (NAMESPACE,) if resource.namespaced else ()
    methods = [CONNECT_METHODS[verb] for verb in sorted(verbs)]
    if name == "proxy":
        methods += ["head", "options"]
    found: dict[str, Path] = {}
    for path, with_path in ((f"{one}/{name}", False), (f"{one}/{name}/{{path}}", True)):
        if with_path and name != "proxy":
            continue
        operations = {}
        for method in methods:
            told = f"connect {method.upper()} requests to {name} of {resource.kind}"
            called = f"connect{naming.group}{_title(method)}{naming.scope}{resource.kind}{_title(name)}"
            called += "WithPath" if with_path else ""
            operations[method] = Operation(called, naming.tag, told, "connect", kind, produces=("*/*",))
        options = [row for row in _options(*kind) if not (with_path and row.name == "path")]
        parameters = _sorted(*options, _named(kind[2]), *scope, *((REST,) if with_path else ()))
        found[path] = Path(parameters, operations)
    return found


def _list_all(naming: _Naming) -> Operation:
    told = f"list or watch objects of kind {naming.resource.kind}"
    name = naming.id("list", "ForAllNamespaces", scope="")
    streams = (*PLAIN, *STREAMS) if "watch" in naming.resource.verbs else PLAIN
    return Operation(name, naming.tag, told, "list", naming.kind, gives=naming.list, produces=streams)


def _watches(
    naming: _Naming,
    base: str,
    middle: str,
    query: tuple[Parameter, ...],
    scope: tuple[Parameter, ...],
    named: Parameter,
) -> dict[str, Path]:
    """The paths below watch/, older than the parameter."""
    plural, kind = naming.resource.plural, naming.resource.kind

    def watch(name: str, told: str, action: str) -> dict[str, Operation]:
        gives, produces = META + "WatchEvent", (*PLAIN, *STREAMS)
        row = Operation(name, naming.tag, told, action, naming.kind, gives=gives, produces=produces)
        return {"get": row}

    many = f"watch individual changes to a list of {kind}. deprecated: use the 'watch' parameter with a list."
    single = f"watch changes to an object of kind {kind}. deprecated: use the 'watch' parameter with a list."
    found = {
        f"{base}/watch{middle}/{plural}": Path(
            _sorted(*query, *scope), watch(naming.id("watch", "List"), many, "watchlist")
        )
    }
    if "get" in naming.resource.verbs:
        one = watch(naming.id("watch"), single, "watch")
        found[f"{base}/watch{middle}/{plural}/{{name}}"] = Path(_sorted(*query, *scope, named), one)
    if scope:
        everywhere = watch(naming.id("watch", "ListForAllNamespaces", scope=""), many, "watchlist")
        found[f"{base}/watch/{plural}"] = Path(query, everywhere)
    return found


def general(name: str) -> dict[str, Path]:
    """The path of a document itself: what discovery answers there."""
    parts = name.split("/")
    if parts[0] == "api" and len(parts) == 1:
        return _discovery("/api/", "core", "getCoreAPIVersions", "get available API versions", "APIVersions")
    if name == "apis":
        return _discovery("/apis/", "apis", "getAPIVersions", "get available API versions", "APIGroupList")
    if parts[0] == "apis" and len(parts) == 2:
        group = words(parts[1])
        return _discovery(
            f"/apis/{parts[1]}/", group, f"get{_title(group)}APIGroup", "get information of a group", "APIGroup"
        )
    if parts[0] in ("api", "apis"):
        group = words(parts[1] if parts[0] == "apis" else "")
        called = f"get{_title(group)}{_title(parts[-1])}APIResources"
        return _discovery(f"/{name}/", f"{group}_{parts[-1]}", called, "get available resources", "APIResourceList")
    return _pages(name)


def _discovery(path: str, tag: str, called: str, told: str, gives: str) -> dict[str, Path]:
    return {path: Path((), {"get": Operation(called, tag, told, gives=META + gives)})}


def _pages(name: str) -> dict[str, Path]:
    """Pages that are neither resources nor discovery."""
    rows = {
        "version": ("/version/", "version", "getCodeVersion", "get the version information for this server"),
        "openid/v1/jwks": ("/openid/v1/jwks/", "openid", "getServiceAccountIssuerOpenIDKeyset",
                           "get service account issuer OpenID JSON Web Key Set"),
        ".well-known/openid-configuration": (
            "/.well-known/openid-configuration/", "WellKnown", "getServiceAccountIssuerOpenIDConfiguration",
            "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'"),
    }  # fmt: skip
    path, tag, called, told = rows[name]
    gives = "io.k8s.apimachinery.pkg.version.Info" if name == "version" else ""
    return {path: Path((), {"get": Operation(called, tag, told, gives=gives, produces=(JSON,))})}
