"""containerd's configuration and the pause image."""

import io
import json
import tarfile
import tomllib

import pytest

from picok8s.node import engine
from picok8s.node.engine import EngineFacts


def config(version: str, **more) -> dict:
    return tomllib.loads(engine.config_text(EngineFacts(version, "/r", "/s", "/c.sock", **more)))


@pytest.mark.parametrize("version", ["1.6.20", "1.7.24"])
def test_version_2_for_containerd_1(version):
    made = config(version, restrict_oom_score=True, registry_dir="/certs")
    cri = made["plugins"]["io.containerd.grpc.v1.cri"]
    assert made["version"] == 2 and cri["restrict_oom_score_adj"] is True
    assert cri["cni"]["bin_dir"] == "/usr/lib/cni" and cri["registry"]["config_path"] == "/certs"


def test_version_3_for_containerd_2():
    made = config("2.1.9", pause_image="p:1")
    assert made["version"] == 3
    assert made["plugins"]["io.containerd.cri.v1.images"]["pinned_images"]["sandbox"] == "p:1"
    assert made["plugins"]["io.containerd.cri.v1.runtime"]["cni"]["bin_dirs"] == ["/usr/lib/cni"]


def test_versions_are_read_as_containerd_says_them():
    assert engine.parsed_version("containerd github.com/containerd/containerd/v2 v2.4.2 abc") == (2, 4)
    assert engine.parsed_version("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1") == (1, 6)
    assert engine.parsed_version("?") == (1, 6)


def test_the_missing_capability_is_seen():
    assert engine.must_restrict_oom_score("CapEff:\t000001fffeffffff\n")
    assert not engine.must_restrict_oom_score("CapEff:\t000001ffffffffff\n")


def test_the_pause_archive_is_an_image_that_is_the_same_each_time():
    one = engine.pause_archive(b"\x7fELF")
    assert one == engine.pause_archive(b"\x7fELF")
    with tarfile.open(fileobj=io.BytesIO(one)) as archive:
        index = json.load(archive.extractfile("index.json"))
        entry = index["manifests"][0]
        manifest = json.load(archive.extractfile(f"blobs/sha256/{entry['digest'][7:]}"))
        assert entry["annotations"]["io.containerd.image.name"] == engine.PAUSE_IMAGE
        assert (
            archive.getmember(f"blobs/sha256/{manifest['layers'][0]['digest'][7:]}").size
            == manifest["layers"][0]["size"]
        )
