"""The three patches by their media type: what a body must be, and the object that it makes of another.

Server-side apply, the fourth, is `picok8s.api.apply`.
"""

from typing import Any

from picok8s.api import mergepatch
from picok8s.api.jsonpatch import json_patch
from picok8s.api.mergepatch import merge_patch
from picok8s.api.strategic import Type, strategic_merge

Object = dict[str, Any]

JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def apply_patch(media: str, obj: Object, patch: Any, schema: Type | None) -> Any:
    """`obj` patched, not yet decoded. Parts that the patch does not speak of may be shared. Raises ApiError."""
    if media == JSON:
        return json_patch(obj, patch)
    if media == MERGE:
        return merge_patch(obj, mergepatch.check(patch))
    assert schema is not None
    return strategic_merge(obj, patch, schema)
