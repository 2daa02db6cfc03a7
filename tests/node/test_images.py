"""Images as the node shows them."""

from types import SimpleNamespace

from picok8s.node import images


def test_the_largest_first_and_names_only():
    rows = [
        SimpleNamespace(repo_digests=["a@sha256:1"], repo_tags=["a:1"], size=5),
        SimpleNamespace(repo_digests=[], repo_tags=["b:1"], size=9),
        SimpleNamespace(repo_digests=[], repo_tags=[], size=99),
    ]
    assert images.shown(rows) == [{"names": ["b:1"], "sizeBytes": 9}, {"names": ["a@sha256:1", "a:1"], "sizeBytes": 5}]
