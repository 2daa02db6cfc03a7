"""The steps that every write of an object takes, from the decoded object to the durable one, in Kubernetes' order.

create   place, name, own (managedFields: what the client sent and its defaults), mutate (admission), prepare, validate,
         admit, allocate, store.
replace  the same against what is there, conditional on its revision.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from picok8s.api import errors, metadata, moment
from picok8s.api.errors import ApiError, FieldError
from picok8s.api.resource import Behaviour, Resource, Step
from picok8s.apiserver import address_objects, admission, objectmeta, ownership, reserve
from picok8s.apiserver.messages import Call
from picok8s.apiserver.server import Server
from picok8s.store.store import Conflict, Stored

Object = dict[str, Any]
Change = Callable[[Object], Object | Awaitable[Object]]

NAME_TRIES = 8  # Of a generated name that is taken.
RETRIES = 5  # Of a patch that met another write.
STALE = "the object has been modified; please apply your changes to the latest version and try again"


async def create(server: Server, call: Call, new: Object) -> Object:
    """Store `new`, which is decoded and defaulted; returns it as stored. Raises ApiError."""
    resource = call.of
    behaviour = resource.behaviour
    objectmeta.place(resource, new, call.namespace)
    objectmeta.born(new, moment.time(server.now()), server.uid(), _free_word(server, call, new))
    call.warnings += metadata.merge_owners(new)
    ownership.created(server, call, new)
    await admission.mutate(server, call, new, None)
    behaviour.prepare(new, None)
    if missing := [f for f in behaviour.finalizers_on_create if f not in new["metadata"].get("finalizers", [])]:
        new["metadata"]["finalizers"] = [*new["metadata"].get("finalizers", []), *missing]
    refuse(call, new, _problems(resource, new))
    reserve.on_create(server, call, new)
    call.warnings += behaviour.warnings(new, None)
    await admission.validate(server, call, new, None)
    name, namespace = new["metadata"]["name"], new["metadata"].get("namespace", "")
    if (there := server.store.newest(resource.storage, name, namespace)) is not None:
        raise _taken(call, name, there)
    if call.dry_run:
        return new
    try:
        stored = await server.store.put(resource.storage, behaviour.encode(new), None)
    except Conflict:
        raise _taken(call, name, server.store.newest(resource.storage, name, namespace)) from None
    await settle(server, call, stored.obj, None)
    return behaviour.decode(stored.obj)


def _free_word(server: Server, call: Call, new: Object) -> str:
    """The end of a generated name that nothing has yet, if a few tries find one."""
    metadata, word = new["metadata"], server.word(5)
    if metadata.get("name") or not metadata.get("generateName"):
        return word
    for _ in range(NAME_TRIES):
        name = objectmeta.generated(metadata, word)
        if server.store.newest(call.of.storage, name, metadata.get("namespace", "")) is None:
            break
        word = server.word(5)
    return word


def _problems(resource: Resource, new: Object) -> list[FieldError]:
    """What is wrong with a new object."""
    about, rest = metadata.validate(new, None, resource), resource.behaviour.validate(new, None)
    if resource.name == "events":  # Their metadata is looked at when all else is right.
        return rest or about
    return [*about, *rest]


async def replace(server: Server, call: Call, old: Stored, new: Object) -> Object:
    """Store `new`, decoded and defaulted, over `old`. Raises ApiError, and Conflict when another write came between."""
    resource = call.of
    behaviour = resource.behaviour
    before = behaviour.decode(old.obj)
    objectmeta.place(resource, new, call.namespace)
    objectmeta.carry(new, before)
    call.warnings += metadata.merge_owners(new)
    ownership.updated(server, call, new, before)
    await admission.mutate(server, call, new, before)
    prepare, validate = steps(behaviour, call.subresource)
    prepare(new, before)
    refuse(call, new, [*metadata.validate(new, before, resource), *validate(new, before)])
    reserve.on_update(server, call, new, before)
    if not call.subresource:
        call.warnings += behaviour.warnings(new, before)
    await admission.validate(server, call, new, before)
    if same(new, before):
        return before
    return await commit(server, call, old, new)


async def commit(server: Server, call: Call, old: Stored, new: Object) -> Object:
    """Make `new` the object, or remove it when it was only kept by what `new` no longer has."""
    resource = call.of
    if call.dry_run:
        return new
    if is_gone(new):
        await server.store.delete(resource.storage, new["metadata"]["name"], new["metadata"].get("namespace", ""), old)
        await settle(server, call, None, old.obj)
        new["metadata"]["resourceVersion"] = old.obj["metadata"]["resourceVersion"]
        return new
    stored = await server.store.put(resource.storage, resource.behaviour.encode(new), old)
    await settle(server, call, stored.obj, old.obj)
    return resource.behaviour.decode(stored.obj)


async def settle(server: Server, call: Call, new: Object | None, old: Object | None) -> None:
    """What follows a change: other objects that show a part of this one."""
    if call.of.name == "services":
        await address_objects.follow(server, new, old)


def _taken(call: Call, name: str, there: Stored | None) -> ApiError:
    """There is one of that name; that it is about to go is told to whoever may wait for it."""
    error = errors.already_exists(call.of.group, call.of.plural, name)
    if there is not None and "deletionTimestamp" in there.obj["metadata"]:
        error.message = f"object is being deleted: {error.message}"
    return error


def is_gone(obj: Object) -> bool:
    """Whether an object that is being deleted has nothing left that holds it."""
    about = obj["metadata"]
    if "deletionTimestamp" not in about or about.get("finalizers") or about.get("deletionGracePeriodSeconds"):
        return False
    return not (obj["kind"] == "Namespace" and (obj.get("spec") or {}).get("finalizers"))


def same(new: Object, old: Object) -> bool:
    """Whether a write changes nothing. Who would own the fields, and when, does not count."""
    if new is old:
        return True
    if any(new.get(key) != old.get(key) for key in new.keys() | old.keys() if key != "metadata"):
        return False
    a, b = new["metadata"], old["metadata"]
    if any(a.get(key) != b.get(key) for key in a.keys() | b.keys() if key not in ("managedFields", "resourceVersion")):
        return False
    return ownership.same(a.get("managedFields"), b.get("managedFields"))


def refuse(call: Call, obj: Object, problems: list[FieldError]) -> None:
    if problems:
        group = call.of.storage.partition(".")[2]  # An event is refused as what it is stored as.
        raise errors.invalid(call.of.kind, group, obj["metadata"].get("name", ""), problems)


def steps(behaviour: Behaviour, subresource: str) -> Step:
    """How the object is prepared and validated when it is written through this subresource ("" is the object itself)."""
    if subresource in ("", "scale"):
        return behaviour.prepare, behaviour.validate
    if subresource == "status":
        return behaviour.prepare_status or prepare_status, behaviour.validate_status
    return behaviour.subresources[subresource]


def prepare_status(new: Object, old: Object) -> None:
    """Of a write through `status` only the status counts, and of the metadata all but the labels."""
    for key in (new.keys() | old.keys()) - {"status", "metadata", "apiVersion", "kind"}:
        if key in old:
            new[key] = old[key]
        else:
            new.pop(key)
    if "labels" in old["metadata"]:
        new["metadata"]["labels"] = old["metadata"]["labels"]
    else:
        new["metadata"].pop("labels", None)


def find(server: Server, call: Call) -> Stored:
    """The newest state of the object that a call names. Raises ApiError NotFound."""
    resource = call.of
    stored = server.store.newest(resource.storage, call.name, namespace(call))
    if stored is None:
        raise errors.not_found(resource.group, resource.plural, call.name)
    return stored


def namespace(call: Call) -> str:
    return call.namespace if call.of.namespaced else ""


def stale(call: Call, why: str = STALE) -> ApiError:
    return errors.conflict(call.of.group, call.of.plural, call.name, why)


def check_preconditions(server: Server, call: Call, old: Object, uid: str, revision: str) -> None:
    """An update that names another uid or revision than the object has is a conflict. Raises ApiError."""
    about = old["metadata"]
    if uid and uid != about["uid"]:
        raise stale(call, precondition(call, uid, about["uid"]))
    if revision and revision != about["resourceVersion"]:
        raise stale(call)


def precondition(call: Call, wanted: str, found: str) -> str:
    """Upstream's words for a uid that is not the object's."""
    resource = call.of
    key = "/".join(part for part in ("/registry", resource.plural, namespace(call), call.name) if part)
    return (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
    )
