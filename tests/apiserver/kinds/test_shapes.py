"""Structs and their differences in Kubernetes' words."""

from picok8s.apiserver.kinds import shapes


def test_every_field_is_shown():
    assert shapes.shown("SeccompProfile", {"type": "Odd"}) == {"Type": "Odd", "LocalhostProfile": None}
    assert shapes.shown("SeccompProfile", None) is None


def test_a_volume_shows_its_source_beside_its_name():
    found = shapes.shown("Volume", {"name": "v", "secret": {"secretName": "s"}})
    assert found["Name"] == "v" and found["Secret"]["SecretName"] == "s" and found["HostPath"] is None


def test_a_template_shows_its_metadata_in_line():
    found = shapes.shown("PodTemplateSpec", {"metadata": {"labels": {"a": "b"}}, "spec": {}})
    assert found["labels"] == {"a": "b"} and found["Spec"]["Containers"] is None


def test_a_difference():
    old = {"containers": [{"name": "c", "image": "nginx:1.27"}]}
    new = {"containers": [{"name": "c", "image": "nginx:1.27", "command": ["x"]}]}
    assert shapes.difference("PodSpec", old, new) == (
        "@@ -5,7 +5,9 @@\n"
        "   {\n"
        '    "Name": "c",\n'
        '    "Image": "nginx:1.27",\n'
        '-   "Command": null,\n'
        '+   "Command": [\n'
        '+    "x"\n'
        "+   ],\n"
        '    "Args": null,\n'
        '    "WorkingDir": "",\n'
        '    "Ports": null,\n'
    )
