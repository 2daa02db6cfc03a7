"""Who owns which field: `metadata.managedFields` after a write, and server-side apply, which lives by it.

Every writer is an entry of its own: by name, by how it wrote (Apply or Update), by subresource and, when it updates, by
version. An update takes what it changes from all others. An apply owns what its configuration says, changes nothing
that others own unless it is forced, and removes what it said before and says no longer.

Pure: objects go in, an object or a list of entries comes out; nothing that went in is changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from picok8s.api import fieldsets, structure
from picok8s.api.errors import ApiError, bad_request
from picok8s.api.fieldsets import Set, difference, intersection, union
from picok8s.api.structure import Changes, Type, named_as_members

Object = dict[str, Any]
Identity = tuple[str, str, str, str]

UPDATERS_MAX = 10  # Entries by update; the oldest beyond are thrown together.
ANCIENT, BEFORE_FIRST_APPLY = "ancient-changes", "before-first-apply"
KUBECTL = "kubectl"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

# What nobody owns: the server writes it, or it says which object this is.
UNOWNED = fieldsets.at(
    (
        "apiVersion",
        "kind",
        "metadata",
        "metadata.name",
        "metadata.namespace",
        "metadata.creationTimestamp",
        "metadata.selfLink",
        "metadata.uid",
        "metadata.clusterName",
        "metadata.generation",
        "metadata.managedFields",
        "metadata.resourceVersion",
    )
)
# What a write does not reach, by the subresource that it goes through.
UNREACHED = {"": fieldsets.at(["status"]), "status": fieldsets.at(["spec", "metadata.labels"])}


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: `api_version` and `kind` are those of the request; without `now` an entry carries no time."""

    manager: str
    api_version: str
    kind: str = ""
    subresource: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one writer owns."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    fields: Set
    row: Object | None = field(default=None, compare=False)  # As it was read; what did not change is shown as it was.

    @property
    def identity(self) -> Identity:
        version = "" if self.operation == "Apply" else self.api_version
        return (self.manager, self.operation, version, self.subresource)

    def owning(self, fields: Set) -> "Entry":
        """The same writer with other fields."""
        return self if fields is self.fields else replace(self, fields=fields, row=None)

    def shown(self) -> Object:
        if self.row is not None:
            return self.row
        entry: Object = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields,
            "subresource": self.subresource,
        }
        return {key: value for key, value in entry.items() if value or key == "fieldsV1"}


Entries = dict[Identity, Entry]


class BadEntries(Exception):
    """managedFields that mean nothing."""


def read(shown: Iterable[Object] | None, trusted: bool = False) -> Entries:
    """Entries from an object; those of a stored one are `trusted`. Raises BadEntries."""
    entries: Entries = {}
    for row in shown or ():
        if not trusted:
            _check_row(row)
        entry = Entry(
            row.get("manager", ""),
            row["operation"],
            row.get("apiVersion", ""),
            row.get("subresource", ""),
            row.get("time") or "",
            row.get("fieldsV1") or {},
            row,
        )
        entries[entry.identity] = entry
    return entries


def _check_row(row: Object) -> None:
    if row.get("operation") not in ("Apply", "Update"):
        raise BadEntries("operation must be `Apply` or `Update`")
    if row.get("fieldsType", "FieldsV1") != "FieldsV1" or not fieldsets.is_set(row.get("fieldsV1") or {}):
        raise BadEntries("fields are no FieldsV1")


def shown(entries: Entries) -> list[Object]:
    """Entries as an object shows them, appliers first, the oldest first."""
    ordered = sorted(
        (entry for entry in entries.values() if entry.fields),
        key=lambda e: (e.operation, e.time, e.manager, e.api_version, e.subresource),
    )
    return [entry.shown() for entry in ordered]


def is_reset(shown: list[Object] | None) -> bool:
    """Whether a client asks to forget all owners: by an empty list, or by one empty entry."""
    return shown is not None and (not shown or shown == [{}])


def unreached(subresource: str, has_status: bool) -> Set:
    """Fields that a write through this subresource leaves as they are."""
    if not subresource and not has_status:
        return {}
    return UNREACHED.get(subresource, {})


# Updates


def after_write(
    old: Object | None, new: Object, schema: Type, writer: Writer, ignored: Set | None = None
) -> list[Object]:
    """managedFields of `new`, which an update by `writer` made of `old`; its client may have sent entries in `new`."""
    sent = new["metadata"].get("managedFields")
    if writer.subresource or (old is not None and sent == old["metadata"].get("managedFields")):
        sent = None  # Through a subresource nobody sets entries, and most clients only send them back.
    if is_reset(sent):
        return []
    try:
        entries = read(sent)
    except BadEntries:
        return []
    if not entries and old is not None:
        entries = recorded(old)
        if not entries:
            return []  # Nobody was tracked: it stays so until the first apply.
    return shown(_cap(update(old, new, schema, entries, writer, ignored or {})))


def recorded(obj: Object) -> Entries:
    """Entries of a stored object."""
    return read(obj["metadata"].get("managedFields"), trusted=True)


def update(old: Object | None, new: Object, schema: Type, entries: Entries, writer: Writer, ignored: Set) -> Entries:
    """Entries after `writer` made `new` of `old`: what it changed is its own, and no other's."""
    changed = _changes(old, new, schema, ignored).only(lambda fields: difference(fields, UNOWNED))
    if changed.nothing:
        return entries
    touched = fieldsets.ordered(union(changed.added, changed.modified))
    result = _taken(entries, touched, changed.removed)
    if touched:
        own = Entry(writer.manager, "Update", writer.api_version, writer.subresource, writer.now, touched)
        known = result.get(own.identity)
        result[own.identity] = own.owning(union(known.fields, touched)) if known else own
    return result


def _changes(old: Object | None, new: Object, schema: Type, ignored: Set) -> Changes:
    before = _bare(old) if old is not None else structure.zero_object(schema)
    found = structure.changes(before, _bare(new), schema)
    return found.only(lambda fields: fieldsets.without(fields, ignored))


def _bare(obj: Object) -> Object:
    """An object without entries."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def _taken(entries: Entries, touched: Set, removed: Set) -> Entries:
    """Entries that are left when these fields have another owner, or are no more."""
    result: Entries = {}
    for identity, entry in entries.items():
        fields = difference(difference(entry.fields, touched), removed)
        if fields:
            result[identity] = entry.owning(fields)
    return result


def _cap(entries: Entries) -> Entries:
    """At most UPDATERS_MAX entries by update: the oldest of a version become one."""
    updaters = sorted((e for e in entries.values() if e.operation == "Update"), key=lambda e: (e.time, e.identity))
    excess = len(updaters) - UPDATERS_MAX
    if excess <= 0:
        return entries
    result = dict(entries)
    first: dict[str, Entry] = {}
    for entry in updaters:
        if excess <= 0:
            break
        known = first.get(entry.api_version)
        if known is None:
            first[entry.api_version] = entry
            continue
        del result[entry.identity]
        result.pop(known.identity, None)
        bucket = Entry(ANCIENT, "Update", entry.api_version, "", entry.time, union(known.fields, entry.fields))
        first[entry.api_version] = result[bucket.identity] = bucket
        excess -= 1
    return result


def after_scale(old: Object, path: str, changed: bool, writer: Writer, by_apply: bool) -> list[Object]:
    """managedFields after a write through `scale`, which reaches the number at `path` alone. Its entries carry no time.

    An update is noted only when somebody owned the number before.
    """
    entries = recorded(old)
    field = fieldsets.at([path])
    if not by_apply and not (changed and any(intersection(entry.fields, field) for entry in entries.values())):
        return shown(entries)
    result = _taken(entries, field, {}) if changed else dict(entries)
    operation = "Apply" if by_apply else "Update"
    own = Entry(writer.manager, operation, writer.api_version, writer.subresource, "", field)
    result[own.identity] = own
    return shown(result)


# Apply


def apply(
    live: Object | None, config: Object, schema: Type, writer: Writer, force: bool = False, ignored: Set | None = None
) -> Object:
    """The object that `config`, applied by `writer`, makes of `live`, with managedFields; not yet decoded.

    Raises ApiError: 400 for what is no configuration of this kind, 409 for conflicts, 500 for what fits no type.
    """
    check(config, schema, writer)
    entries = recorded(live) if live is not None else {}
    if live is not None and not entries:
        first = replace(writer, manager=BEFORE_FIRST_APPLY)
        entries = update(None, live, schema, {}, first, ignored or {})
    try:
        made = _apply(live, config, schema, entries, writer, ignored or {}, force)
    except Conflicts as conflicts:
        allowed = _allowed(live, schema) if writer.manager == KUBECTL else {}
        left = [(entry, rest) for entry, fields in conflicts.by if (rest := difference(fields, allowed))]
        if left:
            raise conflict(left) from None
        made = _apply(live, config, schema, entries, writer, ignored or {}, True)
    return _record_last_applied(made, config) if writer.manager == KUBECTL and not writer.subresource else made


class Conflicts(Exception):
    """Fields that others own, by entry."""

    def __init__(self, by: list[tuple[Entry, Set]]) -> None:
        super().__init__("conflicts")
        self.by = by


def check(config: Object, schema: Type, writer: Writer) -> None:
    """Refuses what cannot be applied."""
    group, _, version = str(config.get("apiVersion") or "").rpartition("/")
    gvk = f"{group}/{version}, Kind={config.get('kind') or ''}"
    if config.get("apiVersion") != writer.api_version or (writer.kind and config.get("kind") != writer.kind):
        raise bad_request(f"invalid object type: {gvk}")
    metadata = config.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if metadata.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    if problems := structure.check(config, schema):
        words = problems[0] if len(problems) == 1 else "\n".join(["errors:", *(f"  {line}" for line in problems)])
        place = f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}"
        raise ApiError("", f"failed to create typed patch object ({place}; {gvk}): {words}", code=500)


def _apply(
    live: Object | None, config: Object, schema: Type, entries: Entries, writer: Writer, ignored: Set, force: bool
) -> Object:
    """Merges, prunes, and hands over the fields. Raises Conflicts."""
    own = Entry(writer.manager, "Apply", writer.api_version, writer.subresource, "", {})
    last = entries.get(own.identity)
    fields = fieldsets.without(structure.field_set(config, schema), ignored)
    owned = fieldsets.ordered(difference(fields, UNOWNED))
    own = replace(own, fields=owned, time=last.time if last else "")
    others = {identity: entry for identity, entry in entries.items() if identity != own.identity}
    before = _bare(live) if live is not None else structure.zero_object(schema)
    merged = structure.merge(before, config, schema)
    if last is not None:
        merged = _pruned(merged, schema, last.fields, [fields, *(e.fields for e in others.values())])
    changed = _changes(live, merged, schema, ignored)
    touched = union(changed.added, changed.modified)
    clashes = [(e, both) for e in others.values() if (both := intersection(e.fields, touched))]
    if clashes and not force:
        raise Conflicts(clashes)
    result = _taken(others, touched, changed.removed)
    if not changed.nothing:
        own = replace(own, time=writer.now)
    result[own.identity] = own
    made: Object = before if changed.nothing and live is not None else merged
    metadata = {**(made.get("metadata") or {}), "managedFields": shown(result)}
    return {**made, "metadata": metadata}


def _pruned(merged: Object, schema: Type, last: Set, owned: list[Set]) -> Object:
    """The merged object without what was applied before, by now has no owner, and is held by nothing else."""
    mine = named_as_members(last, schema)
    pruned = structure.remove(merged, mine, schema)
    everyone: Set = {}
    for fields in owned:
        everyone = union(everyone, fields)
    whole = named_as_members(structure.field_set(merged, schema), schema)
    gone = difference(whole, named_as_members(structure.field_set(pruned, schema), schema))
    pruned = structure.remove(merged, difference(gone, named_as_members(everyone, schema)), schema)
    # What only went because something above it went stays.
    gone = difference(whole, named_as_members(structure.field_set(pruned, schema), schema))
    result: Object = structure.remove(merged, intersection(gone, mine), schema)
    return result


def conflict(by: Iterable[tuple[Entry, Set]]) -> ApiError:
    """409, with each field that someone else owns as a cause."""
    told: dict[str, list[str]] = {}
    for entry, fields in by:
        told.setdefault(_named(entry), []).extend(fieldsets.paths(fields))
    rows = [(manager, path) for manager in sorted(told) for path in told[manager]]
    if len(rows) == 1:
        words = f"conflict with {rows[0][0]}: {rows[0][1]}"
    else:
        parts = ["\n- ".join([f"conflicts with {manager}:", *told[manager]]) for manager in sorted(told)]
        words = "\n".join(parts)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, path in rows
    ]
    count = f"{len(rows)} conflict{'s' if len(rows) != 1 else ''}"
    return ApiError("Conflict", f"Apply failed with {count}: {words}", {"causes": causes})


def _named(entry: Entry) -> str:
    """How a conflict names the other side."""
    name = orjson.dumps(entry.manager).decode()
    if entry.subresource:
        name += f' with subresource "{entry.subresource}"'
    return f"{name} using {entry.api_version}" if entry.operation == "Update" else name


# kubectl's own record


def _allowed(live: Object | None, schema: Type) -> Set:
    """What kubectl may take without force: fields that its own record has, and that still have that value."""
    record = _last_applied(live)
    if live is None or record is None:
        return {}
    changed = structure.changes(record, _bare(live), schema)
    fields = structure.field_set(record, schema)
    return difference(difference(fields, changed.modified), changed.removed)


def _last_applied(obj: Object | None) -> Object | None:
    text = ((obj or {}).get("metadata") or {}).get("annotations", {}).get(LAST_APPLIED)
    if not text:
        return None
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) else None


def _record_last_applied(made: Object, config: Object) -> Object:
    """Where kubectl kept its record in an annotation, the record follows what it applies."""
    metadata = made["metadata"]
    notes = metadata.get("annotations") or {}
    if not notes.get(LAST_APPLIED):
        return made
    record = {**config, "metadata": dict(config.get("metadata") or {})}
    kept = {key: value for key, value in (record["metadata"].get("annotations") or {}).items() if key != LAST_APPLIED}
    record["metadata"]["annotations"] = kept
    text = orjson.dumps(record, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    return {**made, "metadata": {**metadata, "annotations": {**notes, LAST_APPLIED: text}}}
