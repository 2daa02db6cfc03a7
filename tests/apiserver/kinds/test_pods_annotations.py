"""Annotations of pods that mean something."""

from picok8s.apiserver.kinds import pods_annotations as annotations

KEY = annotations.APPARMOR + "c"


def told(errors):
    return [str(error) for error in errors]


def test_rules():
    spec = {"containers": [{"name": "c"}]}
    found = annotations.validate_annotations(
        {annotations.MIRROR: "x", annotations.DELETION_COST: "01", annotations.APPARMOR + "d": "odd"}, spec, "a"
    )
    assert told(found) == [
        f'a[{annotations.MIRROR}]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
        f'a[{annotations.DELETION_COST}]: Invalid value: "01": must be a 32bit integer',
        f'a[{annotations.APPARMOR}d]: Invalid value: "d": container not found',
        f'a[{annotations.APPARMOR}d]: Invalid value: "odd": invalid AppArmor profile name: "odd"',
    ]


def test_an_annotation_becomes_a_field():
    spec = {"containers": [{"name": "c"}]}
    annotations.fill_profiles(spec, {KEY: "localhost/p"})
    profile = {"type": "Localhost", "localhostProfile": "p"}
    assert spec["containers"][0]["securityContext"] == {"appArmorProfile": profile}
    assert annotations.validate_profiles({KEY: "localhost/p"}, spec, "s") == []
    assert told(annotations.validate_profiles({KEY: "unconfined"}, spec, "s")) == [
        "s.containers[0].securityContext.appArmorProfile.type: Forbidden: "
        "apparmor type in annotation and field must match"
    ]


def test_they_may_not_change():
    old = {"metadata": {"annotations": {KEY: "unconfined"}}, "spec": {"containers": [{"name": "c"}]}}
    new = {"metadata": {}, "spec": old["spec"]}
    assert told(annotations.validate_annotation_changes(new, old, "a")) == [
        f"a[{KEY}]: Forbidden: may not remove or update AppArmor annotations"
    ]
