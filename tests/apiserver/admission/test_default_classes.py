"""Default storage and ingress classes."""

from picok8s.apiserver.admission import default_classes
from tests.apiserver.shelf import Cluster, Shelf, call, named


def storage_class(name: str, created: str, default: bool = True) -> dict:
    found = named(name)
    found["metadata"] |= {"creationTimestamp": created}
    if default:
        found["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    return found


def completed(claim: dict, *classes: dict) -> dict:
    shelf = Shelf().put(default_classes.STORAGE_CLASSES, *classes)
    default_classes.complete_claim(Cluster(shelf), call("persistentvolumeclaims"), claim, None)
    return claim["spec"]


def test_the_youngest_default_is_taken():
    old, young = storage_class("old", "2020-01-01T00:00:00Z"), storage_class("young", "2021-01-01T00:00:00Z")
    other = storage_class("other", "2022-01-01T00:00:00Z", default=False)
    assert completed(named("c", "x", spec={}), old, young, other) == {"storageClassName": "young"}


def test_an_empty_class_is_a_choice():
    assert completed(named("c", "x", spec={"storageClassName": ""}), storage_class("a", "")) == {"storageClassName": ""}


def test_without_a_default_nothing_is_set():
    assert completed(named("c", "x", spec={})) == {}
