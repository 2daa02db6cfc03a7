"""Paths that stay below where they start."""

from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver.kinds.paths import descending_path, file_path


def test_what_climbs_is_refused():
    assert [e.body for e in descending_path("/a/../b", "p")] == [
        'Invalid value: "/a/../b": must be a relative path',
        "Invalid value: \"/a/../b\": must not contain '..'",
    ]
    assert descending_path("a..b/c", "p") == []
    assert [e.body for e in file_path("..data", "p")] == ["Invalid value: \"..data\": must not start with '..'"]


@given(st.lists(st.text("abc.-_", min_size=1), min_size=1))
def test_good_parts_make_a_good_path(parts):
    path = "/".join(parts)
    assert (descending_path(path, "p") == []) == (".." not in parts)
