"""Sources of volumes."""

import pytest

from picok8s.apiserver.kinds import volume_sources as sources


@pytest.mark.parametrize(
    ("check", "source", "errors"),
    [
        (sources.nfs, {"server": "s", "path": "rel"}, ['s.path: Invalid value: "rel": must be an absolute path']),
        (sources.iscsi, {"targetPortal": "p", "iqn": "iqn.2001-04.com.example:x"}, []),
        (
            sources.iscsi,
            {"targetPortal": "p", "iqn": "x"},
            ['s.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa'],
        ),
        (
            sources.fibre_channel,
            {"targetWWNs": ["5"]},
            ["s.lun: Required value: lun is required if targetWWNs is specified"],
        ),
        (sources.quobyte, {"registry": "h:1,h2:2", "volume": "v"}, []),
        (sources.flocker, {}, ["s: Required value: one of datasetName and datasetUUID is required"]),
        (sources.csi, {"driver": "d.example.com"}, []),
        (sources.config_map, {"name": "m", "defaultMode": 512}, ["s.defaultMode: Invalid value: 512: " + sources.MODE]),
        (
            sources.flex,
            {"driver": "a/b", "options": {"kubernetes.io/x": "y"}},
            [
                's.options[kubernetes.io/x]: Invalid value: "kubernetes.io/x": '
                "kubernetes.io and k8s.io namespaces are reserved"
            ],
        ),
        (
            sources.azure_disk,
            {"diskName": "d", "diskURI": "x", "kind": "Managed"},
            [f's.diskURI: Unsupported value: "x": supported values: "{sources.MANAGED_DISK}"'],
        ),
    ],
)
def test_sources(check, source, errors):
    assert [str(error) for error in check(source, "s")] == errors


def test_a_downward_file_has_one_reference():
    assert [str(error) for error in sources.downward_api({"items": [{"path": "x"}]}, "s")] == [
        "s: Required value: one of fieldRef and resourceFieldRef is required"
    ]
