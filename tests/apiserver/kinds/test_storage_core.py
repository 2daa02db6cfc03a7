"""PersistentVolumes."""

from tests.apiserver.kinds import play

NAME = "persistentvolumes"
SPEC = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}


def test_a_new_volume():
    made, errors = play.create(NAME, {"spec": SPEC})
    assert errors == [] and made["status"] == {"phase": "Pending", "lastPhaseTransitionTime": play.BORN}
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Retain" and made["spec"]["volumeMode"] == "Filesystem"


def test_what_a_volume_must_say():
    assert play.refused(NAME, {"spec": {}}) == [
        "spec.accessModes: Required value",
        "spec.capacity: Required value",
        'spec.capacity: Unsupported value: null: supported values: "storage"',
        "spec: Required value: must specify a volume type",
    ]
    local = {**SPEC, "local": {"path": "/d"}}
    del local["hostPath"]
    assert play.refused(NAME, {"spec": local}) == [
        "spec.nodeAffinity: Required value: Local volume requires node affinity"
    ]


def test_the_source_stays():
    made, _ = play.create(NAME, {"spec": SPEC})
    assert play.update(NAME, made, {"spec": {"capacity": {"storage": "2Gi"}, "storageClassName": "x"}})[1] == []
    found = play.update(NAME, made, {"spec": {"hostPath": {"path": "/y"}}})[1]
    assert len(found) == 1 and '-  "Path": "/x",\n+  "Path": "/y",\n' in found[0]


def test_a_source_of_a_driver():
    csi = {"driver": "d.example.com", "volumeHandle": "h", "nodePublishSecretRef": {"name": "s"}}
    spec = {"capacity": SPEC["capacity"], "accessModes": SPEC["accessModes"], "csi": csi}
    assert play.refused(NAME, {"spec": spec}) == ["spec.csi.nodePublishSecretRef.namespace: Required value"]
