"""A pod's volumes."""

from picok8s.apiserver.kinds.volumes import validate_image_references, validate_volumes


def told(*volumes, pod_name=""):
    return [str(error) for error in validate_volumes(list(volumes), "v", pod_name)[1]]


def test_one_source_each():
    assert told({"name": "a", "emptyDir": {}, "hostPath": {"path": "/"}}) == [
        "v[0].hostPath: Forbidden: may not specify more than 1 volume type"
    ]
    assert told({"name": "a", "unknown": {}}) == ["v[0]: Required value: must specify a volume type"]


def test_only_good_volumes_can_be_mounted():
    good, errors = validate_volumes([{"name": "a", "emptyDir": {}}, {"name": "b", "secret": {}}], "v")
    assert list(good) == ["a"] and [str(e) for e in errors] == ["v[1].secret.secretName: Required value"]


def test_a_claim_that_will_be_made_may_not_be_named():
    claim = {"metadata": {}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    ephemeral = {"name": "e", "ephemeral": {"volumeClaimTemplate": claim}}
    named = {"name": "n", "persistentVolumeClaim": {"claimName": "pod-e"}}
    assert told(ephemeral, named) == []
    assert told(ephemeral, named, pod_name="pod") == [
        'v[1].persistentVolumeClaim.claimName: Invalid value: "pod-e": '
        "must not reference a PVC that gets created for an ephemeral volume"
    ]


def test_a_size_is_not_negative():
    assert told({"name": "e", "emptyDir": {"sizeLimit": "-1"}}) == [
        "v[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity"
    ]


def test_images_are_named():
    assert [str(e) for e in validate_image_references([{"name": "i", "image": {}}], "v")] == [
        "v[0].image.reference: Required value"
    ]
