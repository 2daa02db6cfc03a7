"""Pull secrets: which registry they are for, and what they say."""

import base64
import json

import pytest

from picok8s.node import credentials


def secret(auths: dict) -> dict:
    return {"data": {".dockerconfigjson": base64.b64encode(json.dumps({"auths": auths}).encode()).decode()}}


@pytest.mark.parametrize(
    "image, whole",
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1", "docker.io/library/busybox:1"),
        ("me/app", "docker.io/me/app:latest"),
        ("host:5000/a/b", "host:5000/a/b:latest"),
        ("localhost/a:2", "localhost/a:2"),
        ("quay.io/a/b@sha256:00", "quay.io/a/b@sha256:00"),
    ],
)
def test_names_are_filled_in(image, whole):
    assert credentials.normalized(image) == whole


@pytest.mark.parametrize("image", ["Busybox", "a b", "", "busybox:"])
def test_unreadable_names(image):
    with pytest.raises(ValueError, match="invalid reference format"):
        credentials.normalized(image)


@pytest.mark.parametrize(
    "registry, fits",
    [
        ("https://index.docker.io/v1/", True),
        ("docker.io", True),
        ("docker.io/library", True),
        ("docker.io/other", False),
        ("*.io", True),
        ("quay.io", False),
    ],
)
def test_registries_fit_by_host_and_folder(registry, fits):
    assert credentials.matches(registry, "docker.io", "library/busybox:1") is fits


def test_the_most_exact_goes_first():
    word = base64.b64encode(b"me:p:w").decode()
    found = credentials.for_image(
        "q.io/t/a:1", [secret({"q.io": {"username": "u", "password": "p"}, "q.io/t": {"auth": word}})]
    )
    assert [(auth["username"], auth["password"]) for auth in found] == [("me", "p:w"), ("u", "p")]


def test_a_broken_secret_is_no_secret():
    assert credentials.for_image("q.io/t/a:1", [{"data": {".dockerconfigjson": "!!"}}, {}]) == []
