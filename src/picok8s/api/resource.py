"""One record for each resource that the API serves, built-in or custom: facts from data, behaviour from `apiserver/kinds`.

The facts of built-in kinds are `data/resources.json`. `storage` names where objects live: resources that show the same
objects in other forms (events of two groups, autoscalers of two versions) have one storage and convert at the door.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources as files
from typing import Any

import orjson

from picok8s.api.errors import FieldError

Object = dict[str, Any]


def _nothing(new: Object, old: Object | None = None) -> None:
    return None


def _no_errors(new: Object, old: Object | None = None) -> list[FieldError]:
    return []


def _no_warnings(new: Object, old: Object | None = None) -> list[str]:
    return []


def _same(obj: Object) -> Object:
    return obj


Step = tuple[Callable[[Object, Object], None], Callable[[Object, Object], list[FieldError]]]


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the scale subresource finds its three words. Paths are dotted; `selector` is a LabelSelector, or a map where `plain`."""

    spec_replicas: str = "spec.replicas"
    status_replicas: str = "status.replicas"
    selector: str = "spec.selector"
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a kind does beyond its schema. Pure functions; `old` is None when the object is new. They may change `new` only.

    default     fills what the client left out (static defaults of the version); runs after decoding, and after each patch.
    prepare     takes from the client what is the server's: drops or keeps `status`, sets `metadata.generation`, clears fields.
    validate    errors of the whole object, metadata apart, in Kubernetes' order; with `old` also what may not change.
    warnings    lines for Warning headers.
    prepare_status, validate_status   the same two for the status subresource.
    subresources  for others that write the object (ephemeralcontainers, resize, approval, finalize): name -> (prepare, validate).
    name        complains about metadata.name: text errors, one string each ([] when good). None: a DNS subdomain.
    encode, decode   to and from the stored form, where a version is not stored as itself.
    fields      field selectors beyond metadata.name and metadata.namespace: path -> how to read it (a missing value is "").
    """

    default: Callable[[Object], None] = _nothing
    prepare: Callable[[Object, Object | None], None] = _nothing
    validate: Callable[[Object, Object | None], list[FieldError]] = _no_errors
    warnings: Callable[[Object, Object | None], list[str]] = _no_warnings
    prepare_status: Callable[[Object, Object], None] | None = None
    validate_status: Callable[[Object, Object], list[FieldError]] = _no_errors
    subresources: dict[str, Step] = field(default_factory=dict)
    name: Callable[[str], list[str]] | None = None
    encode: Callable[[Object], Object] = _same
    decode: Callable[[Object], Object] = _same
    fields: dict[str, Callable[[Object], str]] = field(default_factory=dict)
    scale: Scale | None = None
    create_on_update: bool = False  # PUT makes a missing object.
    unconditional_update: bool = True  # PUT without a resourceVersion is taken.
    delete_answers_object: bool = False  # DELETE answers the object and not a Status.
    finalizers_on_create: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """A row of the API: what is served at /apis/GROUP/VERSION/.../PLURAL."""

    group: str
    version: str
    plural: str
    kind: str
    singular: str
    namespaced: bool
    verbs: frozenset[str]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: dict[str, Object] = field(default_factory=dict)  # name -> row of the data file
    columns: tuple[Object, ...] = ()
    storage: str = ""
    behaviour: Behaviour = field(default_factory=Behaviour)

    @property
    def name(self) -> str:
        """`pods`, `deployments.apps`: how the rest of picok8s names a resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def stored_as_is(self) -> bool:
        """Whether the stored form is the one that is shown."""
        return self.behaviour.decode is _same

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


# Resources that show the objects of another one in another form.
STORED_AS = {"events.events.k8s.io": "events"}


@cache
def facts() -> tuple[Resource, ...]:
    """Every built-in resource, in the order of discovery, without behaviour. The first version of a group is the preferred one."""
    data = orjson.loads(files.files("picok8s.api").joinpath("data/resources.json").read_bytes())
    return tuple(
        _resource(group["group"], version["version"], row)
        for group in data["groups"]
        for version in group["versions"]
        for row in version["resources"]
    )


def _resource(group: str, version: str, row: Object) -> Resource:
    name = f"{row['resource']}.{group}" if group else row["resource"]
    return Resource(
        group=group,
        version=version,
        plural=row["resource"],
        kind=row["kind"],
        singular=row["singular"],
        namespaced=row["scope"] == "Namespaced",
        verbs=frozenset(row["verbs"]),
        short_names=tuple(row["shortNames"]),
        categories=tuple(row["categories"]),
        subresources={sub["subresource"]: sub for sub in row["subresources"]},
        columns=tuple(row.get("columns") or ()),
        storage=STORED_AS.get(name, name),
    )


@cache
def preferred(name: str) -> Resource:
    """The built-in resource that `name` ("pods", "deployments.apps") means, in the group's preferred version."""
    for row in facts():
        if row.name == name:
            return row
    raise KeyError(name)
