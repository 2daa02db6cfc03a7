"""Strategic merge patch: a merge patch that knows which lists merge, and by which key, from the type of the object.

Directives in a patch:
    $patch: replace | delete            of a map: take it instead, empty it; in an item: replace the list, drop the item
    $retainKeys: [names]                of the map that is patched only these stay
    $setElementOrder/FIELD: [items]     the order that the list has in the end
    $deleteFromPrimitiveList/FIELD: []  these values leave the list

Nothing that is kept is copied or changed: each step gives a new map or list. What upstream answers to a patch that
makes no sense is kept as well: a 400 for a badly formed directive, a bare 500 for the rest.
"""

from typing import Any, Protocol

from picok8s.api.errors import ApiError, bad_request
from picok8s.api.structure import go_value

Object = dict[str, Any]
List = list[Any]

PATCH, RETAIN = "$patch", "$retainKeys"
ORDER, DELETE = "$setElementOrder/", "$deleteFromPrimitiveList/"
BAD_RETAIN = "invalid patch format of retainKeys"
BAD_ORDER = "invalid patch format of setElementOrder list"


class Type(Protocol):
    """What strategic merge must know of a type; `picok8s.api.schema.Schema` has it."""

    kind: str
    go: str
    merge_key: str
    strategy: str

    @property
    def fields(self) -> "dict[str, Any]": ...

    @property
    def items(self) -> "Any": ...


def strategic_merge(obj: Object, patch: Any, schema: Type) -> Object:
    """`obj` with `patch` merged in. Raises ApiError."""
    if patch is None:
        return obj
    if not isinstance(patch, dict):
        kind = "array" if isinstance(patch, list) else "string" if isinstance(patch, str) else "number"
        raise bad_request(f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
    return _merge_map(obj, patch, schema)


def _merge_map(original: Object, patch: Object, schema: Type) -> Object:
    if PATCH in patch:
        return _directed(patch)
    merged = dict(original)
    if RETAIN in patch:
        merged = _retained(merged, patch)
    ordered = _merge_ordered(merged, patch, schema)
    for key, value in patch.items():
        if key == RETAIN or key.startswith(ORDER) or key in ordered:
            continue
        if key.startswith(DELETE):
            _delete_values(merged, key, value)
        elif value is None:
            merged.pop(key, None)
        elif key in merged and type(merged[key]) is type(value) and isinstance(value, dict | list):
            merged[key] = _merge_field(merged[key], value, _field(schema, key, isinstance(value, list)))
        else:
            _put(merged, key, value)
    return merged


def _directed(patch: Object) -> Object:
    """A map whose patch replaces or empties it."""
    if patch[PATCH] == "replace":
        return {key: value for key, value in patch.items() if key != PATCH}
    if patch[PATCH] == "delete":
        return {}
    raise _failed(f"unknown patch type: {go_value(patch[PATCH])} in map: {go_value(patch)}")


def _retained(original: Object, patch: Object) -> Object:
    keys = patch[RETAIN]
    if not isinstance(keys, list):
        raise bad_request(BAD_RETAIN)
    for key, value in patch.items():
        if value is not None and key not in keys and key != RETAIN and not key.startswith((ORDER, DELETE)):
            raise bad_request(BAD_RETAIN)
    return {key: value for key, value in original.items() if key in keys}


def _delete_values(merged: Object, directive: str, values: Any) -> None:
    """Takes `values` out of the list that a directive names. What fits no list is ignored."""
    key = directive.removeprefix(DELETE)
    present = merged.get(key)
    if isinstance(present, list) and isinstance(values, list):
        merged[key] = [item for item in present if item not in values]


def _merge_field(original: Any, value: Any, schema: Type) -> Any:
    if isinstance(value, dict):
        return value if _strategy(schema) == "replace" else _merge_map(original, value, schema)
    if _strategy(schema) != "merge":
        return value
    return _merge_list(original, value, schema)


def _strategy(schema: Type) -> str:
    """`merge`, `replace` or "": what is left when the word that allows $retainKeys is taken away."""
    return next((word for word in schema.strategy.split(",") if word and word != "retainKeys"), "")


def _field(schema: Type, key: str, is_list: bool) -> Type:
    if schema.kind != "struct":
        kind = "list" if is_list else "object"
        article = "a" if is_list else "an"
        raise _failed(f"merging {article} {kind} in json but data type is not struct, instead is: {schema.kind}")
    found: Type | None = schema.fields.get(key)
    if found is None:
        raise _failed(f'unable to find api field in struct {schema.go.rpartition(".")[2]} for the json field "{key}"')
    return found


def _put(merged: Object, key: str, value: Any) -> None:
    """A value that has nothing to merge with; one that is itself a directive leaves nothing."""
    if isinstance(value, dict) and PATCH in value:
        merged.pop(key, None)
    else:
        merged[key] = _plain(value)


def _plain(value: Any) -> Any:
    """A part of a patch without its nulls and without what carries a $patch."""
    if isinstance(value, dict):
        return {
            key: _plain(item)
            for key, item in value.items()
            if item is not None and not (isinstance(item, dict) and PATCH in item)
        }
    if isinstance(value, list):
        return [_plain(item) for item in value if not (isinstance(item, dict) and PATCH in item)]
    return value


# Lists


def _merge_list(original: List, patch: List, schema: Type) -> List:
    """A list with merge strategy: of maps by their key, of plain values without doubles."""
    if not original and not patch:
        return original
    if not any(isinstance(item, dict) for item in (*original, *patch)):
        merged = list(dict.fromkeys([*original, *patch]))
        return _in_order(merged, patch, original, "")
    key = schema.merge_key
    if not key:
        raise _failed(f"cannot merge lists without merge key for {schema.go}")
    kept, additions, replaced = _directed_items(original, patch, key)
    if replaced:
        return _in_order(additions, [], additions, key)
    merged = _merge_items(kept, additions, key, schema)
    return _in_order(merged, additions, kept, key)


def _directed_items(original: List, patch: List, key: str) -> tuple[List, List, bool]:
    """What stays of a list, the items of the patch that are no directives, and whether these replace the list."""
    additions = []
    replaced = False
    for item in patch:
        if not isinstance(item, dict) or PATCH not in item:
            additions.append(item)
            continue
        if item[PATCH] == "delete":
            gone = _key_of(item, key)
            original = [old for old in original if _key_of(old, key) != gone]
        elif item[PATCH] == "replace":
            replaced = True
        elif item[PATCH] == "merge":
            raise _failed("merging lists cannot yet be specified in the patch")
        else:
            raise _failed(f"unknown patch type: {go_value(item[PATCH])} in map: {go_value(item)}")
    return original, additions, replaced


def _merge_items(original: List, patch: List, key: str, schema: Type) -> List:
    merged = list(original)
    places = {_hashable(_key_of(item, key)): place for place, item in reversed(list(enumerate(merged)))}
    for item in patch:
        value = _hashable(_key_of(item, key))
        if value in places:
            place = places[value]
            merged[place] = _merge_map(merged[place], item, schema.items)
        else:
            places[value] = len(merged)
            merged.append(item)
    return merged


def _key_of(item: Any, key: str) -> Any:
    """The value of the merge key of an item."""
    if not isinstance(item, dict):
        raise _failed(f"expected a map[string]interface {{}}, but received a {_go_type(item)}")
    if key not in item:
        raise _failed(f"map: {go_value(item)} does not contain declared merge key: {key}")
    return item[key]


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) or value is None else repr(value)


def _identity(item: Any, key: str) -> Any:
    return _hashable(_key_of(item, key)) if key else _hashable(item)


def _in_order(merged: List, wanted: List, server: List, key: str) -> List:
    """Items that `wanted` names in its order, the others in the server's, one woven into the other."""
    first = _places(wanted, key)
    theirs = _places(server, key)
    named = [(_identity(item, key), item) for item in merged]
    patched = sorted((pair for pair in named if pair[0] in first), key=lambda pair: first[pair[0]])
    others = sorted((pair for pair in named if pair[0] not in first), key=lambda pair: theirs.get(pair[0], len(theirs)))
    woven = []
    while patched and others:
        left, right = theirs.get(others[0][0]), theirs.get(patched[0][0])
        earlier = left is not None and right is not None and left < right
        woven.append((others if earlier else patched).pop(0)[1])
    return [*woven, *(item for _, item in patched or others)]


def _places(items: List, key: str) -> dict[Any, int]:
    """Identity -> first place."""
    places: dict[Any, int] = {}
    for place, item in enumerate(items):
        places.setdefault(_identity(item, key), place)
    return places


# $setElementOrder


def _merge_ordered(merged: Object, patch: Object, schema: Type) -> set[str]:
    """Merges into `merged` the lists whose order a patch sets; gives their names."""
    done = set()
    for directive, order in patch.items():
        if not directive.startswith("$setElementOrder"):
            continue
        key = directive.removeprefix(ORDER)
        if key == directive:
            raise bad_request(BAD_ORDER)
        for value in (order, merged.get(key, []), patch.get(key, [])):
            if not isinstance(value, list):
                raise _failed(f"expected a []interface {{}}, but received a {_go_type(value)}")
        field = _field(schema, key, is_list=True)
        _check_order(patch.get(key) or [], order, field.merge_key)
        if key in patch or key in merged:
            merged[key] = _ordered(merged.get(key), patch.get(key), order, field)
            done.add(key)
    return done


def _ordered(original: List | None, patch: List | None, order: List, field: Type) -> List:
    if original is None:
        result: List = _plain(patch)
    elif patch is None:
        result = original
    elif _strategy(field) == "merge":
        result = _merge_list(original, patch, field)
    else:
        result = patch
    return _in_order(result, order, original or [], field.merge_key)


def _check_order(patch: List, order: List, key: str) -> None:
    """The items of a patch must stand in the order that it sets."""
    if not patch or not order:
        return
    items = [item for item in patch if not (isinstance(item, dict) and PATCH in item)]
    rest = iter(order)
    if not all(any(_identity(item, key) == _identity(wanted, key) for wanted in rest) for item in items):
        raise _failed(
            f"The order in patch list:\n{go_value(patch)}\n doesn't match $setElementOrder list:\n{go_value(order)}\n"
        )


# Words


def _failed(words: str) -> ApiError:
    """A patch that upstream fails on without saying whose fault it is."""
    return ApiError("", words, code=500)


def _go_type(value: Any) -> str:
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, list):
        return "[]interface {}"
    if isinstance(value, bool):
        return "bool"
    return {str: "string", int: "int64", float: "float64"}.get(type(value), "nil")
