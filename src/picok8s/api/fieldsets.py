"""Sets of fields: what managedFields says a manager owns, and the algebra of it.

A set is what FieldsV1 is in JSON, a tree of path elements:
    {"f:data": {"f:x": {}}, "f:list": {"k:{\\"name\\":\\"c\\"}": {".": {}, "f:image": {}}}}
An element `{}`, or one with ".", is itself in the set; one with other elements below holds these. Elements are `f:` a
field or key of a map, `k:` the keys of an item of a list, `v:` a value of a set, `i:` a place in a list. Nothing here
changes a set that it was given.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

Set = dict[str, Any]

SELF = "."
MEMBER: Set = {}
PREFIXES = ("f:", "k:", "v:", "i:")


def holds(node: Set) -> bool:
    """Whether an element is itself in the set that it stands in."""
    return not node or SELF in node


def children(node: Set) -> Iterator[tuple[str, Set]]:
    return ((element, below) for element, below in node.items() if element != SELF)


def made(member: bool, below: Set) -> Set | None:
    """An element with what is below it; None when there is nothing to say of it."""
    if not below:
        return MEMBER if member else None
    return {SELF: MEMBER, **below} if member else below


def union(one: Set, other: Set) -> Set:
    """Fields of either set, in order when both are."""
    if not one or not other:
        return one or other
    joined = dict(one)
    for element, node in children(other):
        found = joined.get(element)
        joined[element] = node if found is None else _union_nodes(found, node)
    return joined if len(joined) == len(one) else level(joined)


def _union_nodes(one: Set, other: Set) -> Set:
    below = union(_below(one), _below(other))
    return made(holds(one) or holds(other), below) or MEMBER


def _below(node: Set) -> Set:
    if SELF not in node:
        return node
    return {element: below for element, below in node.items() if element != SELF}


def difference(one: Set, other: Set) -> Set:
    """Fields of `one` that `other` does not hold; what is below a field that goes may stay."""
    if not one or not other:
        return one
    left: Set | None = None  # Made when something goes; most often nothing does, and `one` is the answer.
    for element in one.keys() & other.keys() if len(other) < len(one) else [e for e in one if e in other]:
        if element == SELF:
            continue
        node = one[element]
        rest = _difference_nodes(node, other[element])
        if rest is node:
            continue
        left = dict(one) if left is None else left
        if rest is None:
            del left[element]
        else:
            left[element] = rest
    return one if left is None else left


def _difference_nodes(one: Set, other: Set) -> Set | None:
    below = _below(one)
    rest = difference(below, _below(other))
    member = holds(one)
    stays = member and not holds(other)
    return one if rest is below and stays is member else made(stays, rest)


def without(one: Set, other: Set) -> Set:
    """As `difference`, and all that is below a field that goes, goes with it."""
    if not one or not other:
        return one
    left: Set = {}
    for element, node in children(one):
        taken = other.get(element)
        if taken is None:
            left[element] = node
        elif not holds(taken):
            rest = made(holds(node), without(_below(node), taken))
            if rest is not None:
                left[element] = rest
    return left


def intersection(one: Set, other: Set) -> Set:
    """Fields of both sets."""
    common: Set = {}
    for element, node in children(one):
        found = other.get(element)
        if found is None:
            continue
        both = made(holds(node) and holds(found), intersection(_below(node), _below(found)))
        if both is not None:
            common[element] = both
    return common


def at(paths: Iterable[str]) -> Set:
    """A set from dotted paths of plain fields: `at(["spec", "metadata.labels"])`."""
    result: Set = {}
    for path in paths:
        node: Set = MEMBER
        for name in reversed(path.split(".")):
            node = {f"f:{name}": node}
        result = union(result, node)
    return result


def paths(fields: Set, prefix: str = "") -> Iterator[str]:
    """The fields as Kubernetes prints them, `.spec.items[name="c"].image`; those of a level before what is deeper."""
    ordered = sorted(children(fields), key=lambda pair: order(pair[0]))
    for element, node in ordered:
        if holds(node):
            yield prefix + shown(element)
    for element, node in ordered:
        yield from paths(_below(node), prefix + shown(element))


def shown(element: str) -> str:
    """One element of a path in an error."""
    kind, text = element[:2], element[2:]
    if kind == "f:":
        return f".{text}"
    if kind == "k:":
        keys = orjson.loads(text)
        return "[" + ",".join(f"{key}={orjson.dumps(keys[key]).decode()}" for key in sorted(keys)) + "]"
    return f"[={text}]" if kind == "v:" else f"[{text}]"


def order(element: str) -> tuple[int, Any]:
    """The place of an element among its siblings."""
    kind = PREFIXES.index(element[:2]) if element[:2] in PREFIXES else -1
    return (kind, int(element[2:])) if kind == 3 else (kind, element)


def key_element(keys: dict[str, Any]) -> str:
    return "k:" + orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()


def value_element(value: Any) -> str:
    return "v:" + orjson.dumps(value).decode()


def ordered(fields: Set) -> Set:
    """The set in the order in which it is written."""
    return level({element: ordered(node) for element, node in fields.items()}) if fields else fields


def level(fields: Set) -> Set:
    """A set whose elements are in order; those below are left as they are."""
    by_place = any(element.startswith("i:") for element in fields)
    elements = sorted(fields, key=order) if by_place else sorted(fields)  # Letters stand in the order of the kinds.
    return {element: fields[element] for element in elements}


def is_set(value: Any) -> bool:
    """Whether JSON from a client is a set of fields."""
    if not isinstance(value, dict):
        return False
    return all(
        is_set(node) and (element == SELF or (element[:2] in PREFIXES and _reads(element)))
        for element, node in value.items()
    )


def _reads(element: str) -> bool:
    kind, text = element[:2], element[2:]
    if kind == "f:":
        return True
    if kind == "i:":
        return text.isdigit()
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) if kind == "k:" else True
