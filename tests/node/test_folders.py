"""Folders: payloads are swapped whole, host paths checked, sub paths kept inside."""

import os

import pytest

from picok8s.node import folders


def read(folder) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in os.listdir(folder) if not name.startswith("..")}


def test_a_payload_is_swapped_in_as_one(tmp_path):
    assert folders.swap(str(tmp_path), {"a": (b"1", 0o644), "b": (b"2", 0o600)}, "one")
    assert read(tmp_path) == {"a": "1", "b": "2"} and (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert not folders.swap(str(tmp_path), {"a": (b"1", 0o644), "b": (b"2", 0o600)}, "two")
    assert folders.swap(str(tmp_path), {"a": (b"3", 0o644)}, "three")
    assert read(tmp_path) == {"a": "3"} and os.readlink(tmp_path / "..data") == "..three"
    assert sorted(os.listdir(tmp_path)) == ["..data", "..three", "a"]


def test_paths_may_have_folders(tmp_path):
    folders.swap(str(tmp_path), {"x/y": (b"1", 0o644), "x/z": (b"2", 0o644)}, "one")
    assert (tmp_path / "x" / "y").read_text() == "1" and os.path.islink(tmp_path / "x")


def test_an_empty_payload_is_an_empty_folder(tmp_path):
    assert folders.swap(str(tmp_path), {}, "one") and read(tmp_path) == {}


def test_host_paths_are_what_their_type_says(tmp_path):
    with pytest.raises(ValueError, match="is not a directory"):
        folders.host_path(str(tmp_path / "none"), "Directory")
    folders.host_path(str(tmp_path / "d" / "e"), "DirectoryOrCreate")
    folders.host_path(str(tmp_path / "f"), "FileOrCreate")
    with pytest.raises(ValueError, match="is not a socket file"):
        folders.host_path(str(tmp_path / "f"), "Socket")
    with pytest.raises(ValueError, match="is not a file"):
        folders.host_path(str(tmp_path / "d"), "FileOrCreate")
    folders.host_path(str(tmp_path / "whatever"), "")


def test_a_sub_path_must_not_leave_the_volume(tmp_path):
    os.symlink("/etc", tmp_path / "out")
    with pytest.raises(ValueError, match="outside the volume"):
        folders.sub_path(str(tmp_path), "out/passwd", "/nowhere")
