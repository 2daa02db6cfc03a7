"""Merge patch (RFC 7386): what the patch says replaces, null removes, maps merge. Nothing that is kept is copied."""

from typing import Any

from picok8s.api.errors import bad_request
from picok8s.api.jsonpatch import not_decoded

Object = dict[str, Any]


def merge_patch(value: Any, patch: Any) -> Any:
    """`value` with `patch` merged in; parts that the patch does not speak of are shared with `value`.

    Maps that it speaks of come out with their keys in order: errors show such an object as upstream would write it.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if change is None:
            merged.pop(key, None)
        elif isinstance(change, dict):
            merged[key] = merge_patch(merged.get(key), change)
        else:
            merged[key] = change
    return {key: merged[key] for key in sorted(merged)}


def check(patch: Any) -> Object:
    """The patch, when it is a map. Raises ApiError 400."""
    if patch is None:
        raise bad_request("Invalid JSON Patch")
    if not isinstance(patch, dict):
        raise not_decoded(patch, "map[string]interface {}")
    return patch


def difference(old: Any, new: Any) -> Any:
    """The merge patch that makes `new` of `old`; {} when they are the same."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    patch: Object = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            patch[key] = value
        elif old[key] != value or type(old[key]) is not type(value):
            patch[key] = difference(old[key], value)
    return patch
