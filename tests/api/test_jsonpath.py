"""Simple JSONPath: what each form finds."""

from typing import Any

import pytest

from picok8s.api.jsonpath import BadPath, compile_path

OBJ = {
    "spec": {"n": 3, "hosts": ["a", "b", "c"], "x.y": 1},
    "status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]},
}


@pytest.mark.parametrize(
    "path, found",
    [
        (".spec.n", [3]),
        ("{.spec.n}", [3]),
        ("$.spec.n", [3]),
        (".spec.none", []),
        (".spec.hosts[*]", ["a", "b", "c"]),
        (".spec.hosts[1]", ["b"]),
        (".spec.hosts[-1]", ["c"]),
        (".spec.hosts[0:2]", ["a", "b"]),
        (".spec.hosts[9]", []),
        (".spec['x.y']", [1]),
        (r".spec.x\.y", [1]),
        (".status.conditions[?(@.type=='Ready')].status", ["True"]),
        ('.status.conditions[?(@.type != "Ready")].status', ["False"]),
        (".status.conditions[?(@.type)].type", ["Other", "Ready"]),
        ("..type", ["Other", "Ready"]),
        (".spec.n.x", []),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    assert compile_path(path)(OBJ) == found


@pytest.mark.parametrize("path", [".a[", ".a[x]", ".a[?(@.b==c)]"])
def test_bad_paths(path: str) -> None:
    with pytest.raises(BadPath):
        compile_path(path)
