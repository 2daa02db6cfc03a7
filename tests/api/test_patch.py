"""The three patches by their media type."""

import pytest

from picok8s.api import patch
from picok8s.api.errors import ApiError
from picok8s.api.resource import preferred
from picok8s.api.schema import schema_of

OBJ = {"data": {"x": "1"}}
CONFIG_MAP = schema_of(preferred("configmaps"))


def test_by_media_type() -> None:
    assert patch.apply_patch(patch.JSON, OBJ, [{"op": "remove", "path": "/data/x"}], None) == {"data": {}}
    assert patch.apply_patch(patch.MERGE, OBJ, {"data": {"y": "2"}}, None) == {"data": {"x": "1", "y": "2"}}
    assert patch.apply_patch(patch.STRATEGIC, OBJ, {"data": {"x": None}}, CONFIG_MAP) == {"data": {}}


@pytest.mark.parametrize("body, words", [([], "cannot unmarshal array"), (None, "Invalid JSON Patch")])
def test_a_merge_patch_is_a_map(body: object, words: str) -> None:
    with pytest.raises(ApiError, match=words):
        patch.apply_patch(patch.MERGE, OBJ, body, None)
