"""Types: built from data, cached in a file, taken apart when they are used."""

import pytest

from picok8s.api import schema
from picok8s.api.resource import facts, preferred


def test_every_built_in_kind_has_a_type():
    assert [row.name for row in facts() if schema.type_of(row) not in schema.current()] == []


def test_how_lists_and_maps_merge():
    spec = schema.schema_of(preferred("pods")).fields["spec"]
    containers = spec.fields["containers"]
    assert (containers.kind, containers.merge_key, containers.strategy) == ("list", "name", "merge")
    assert (containers.list_type, containers.list_keys) == ("map", ("name",))
    assert spec.fields["nodeSelector"].atomic
    assert schema.current().definition("io.k8s.api.core.v1.Container").fields["command"].list_type == "atomic"


def test_what_shows_although_it_is_empty():
    fields = schema.current().definition("io.k8s.api.core.v1.Container").fields
    assert fields["name"].shown
    assert fields["resources"].shown
    assert not fields["image"].shown
    assert fields["livenessProbe"].pointer


def test_go_names_of_types():
    fields = schema.current().definition("io.k8s.api.core.v1.ResourceRequirements").fields
    assert fields["limits"].go == "v1.ResourceList"
    assert fields["claims"].go == "[]v1.ResourceClaim"
    container = schema.current().definition("io.k8s.api.core.v1.Container").fields
    assert container["imagePullPolicy"].go == "v1.PullPolicy"


def test_an_older_version_lacks_newer_fields(tmp_path):
    pod = "io.k8s.api.core.v1.PodSpec"
    older = schema.load("1.30", tmp_path)
    newer = set(schema.current().fields(pod)) - set(older.fields(pod))
    assert "resources" in newer
    assert "containers" not in newer


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"mark": "x"}'])
def test_a_damaged_cache_is_made_anew(tmp_path, damage):
    schema.load(cache_dir=tmp_path)
    (cached,) = tmp_path.iterdir()
    whole = cached.read_bytes()
    cached.write_bytes(damage)
    assert "io.k8s.api.core.v1.Pod" in schema.load(cache_dir=tmp_path)
    assert cached.read_bytes() == whole


def test_a_cache_that_cannot_be_written_does_not_matter(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    assert "io.k8s.api.core.v1.Pod" in schema.load(cache_dir=tmp_path / "file")


def test_an_unknown_version_is_refused_by_name(tmp_path):
    with pytest.raises(LookupError, match=r"1\.99"):
        schema.load("1.99", tmp_path)
