"""Mounts and devices."""

from picok8s.apiserver.kinds.mounts import validate_devices, validate_mounts

VOLUMES = {"v": {"name": "v", "emptyDir": {}}, "p": {"name": "p", "persistentVolumeClaim": {"claimName": "c"}}}


def test_mounts():
    mounts = [
        {"name": "v", "mountPath": "/a"},
        {"name": "v", "mountPath": "/a"},
        {"name": "none", "mountPath": "/b"},
        {"name": "v", "mountPath": "/c", "subPath": "../x"},
        {"name": "v", "mountPath": "/d", "mountPropagation": "Bidirectional"},
    ]
    found = validate_mounts({"volumeMounts": mounts}, VOLUMES, "m")
    assert [str(error) for error in found] == [
        'm[1].mountPath: Invalid value: "/a": must be unique',
        'm[2].name: Not found: "none"',
        "m.subPath: Invalid value: \"../x\": must not contain '..'",
        "m.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
    ]
    privileged = {"securityContext": {"privileged": True}, "volumeMounts": mounts[-1:]}
    assert validate_mounts(privileged, VOLUMES, "m") == []


def test_a_device_is_a_claim():
    devices = [{"name": "v", "devicePath": "/dev/x"}, {"name": "p", "devicePath": "/dev/y"}]
    found = validate_devices({"volumeDevices": devices}, VOLUMES, "d")
    assert [str(error) for error in found] == [
        'd[0].name: Invalid value: "v": '
        "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
    ]
