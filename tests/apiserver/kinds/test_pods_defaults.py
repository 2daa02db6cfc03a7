"""What pods and templates are given where their authors were silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.apiserver.kinds.pods_defaults import default_pod, default_template, image_tag, pull_policy

DIGEST = "@sha256:" + "9a" * 32


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("nginx", "latest"),
        ("nginx:latest", "latest"),
        ("nginx:1.27", "1.27"),
        ("r.io:5000/nginx", "latest"),
        ("r.io:5000/a/nginx:1", "1"),
        ("nginx" + DIGEST, ""),
        ("nginx:latest" + DIGEST, "latest"),
        (":::", ""),
        ("Upper/Case", ""),
        ("ab" * 32, ""),
    ],
)
def test_the_tag_of_an_image(image, tag):
    assert image_tag(image) == tag


@given(st.text())
def test_any_text_has_a_pull_policy(text):
    assert pull_policy(text) in ("Always", "IfNotPresent")


def test_defaults_are_filled_once_and_stay():
    pod = {"spec": {"containers": [{"name": "c", "image": "x:1", "livenessProbe": {"httpGet": {"port": 80}}}]}}
    default_pod(pod)
    assert pod["spec"]["containers"][0]["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    again = {"spec": {**pod["spec"]}}
    default_pod(again)
    assert again == pod


def test_only_a_pod_requests_what_it_limits():
    container = {"name": "c", "image": "x", "resources": {"limits": {"cpu": "1"}}}
    template = {"spec": {"containers": [{**container, "resources": {"limits": {"cpu": "1"}}}]}}
    default_template(template)
    assert "requests" not in template["spec"]["containers"][0]["resources"]
    assert "enableServiceLinks" not in template["spec"]
    pod = {"spec": {"containers": [container], "hostNetwork": True, "terminationGracePeriodSeconds": -3}}
    container["ports"] = [{"containerPort": 53}]
    default_pod(pod)
    assert pod["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "1"}
    assert pod["spec"]["containers"][0]["ports"] == [{"containerPort": 53, "hostPort": 53, "protocol": "TCP"}]
    assert pod["spec"]["terminationGracePeriodSeconds"] == 1


def test_the_one_address_wins_over_the_list():
    pod = {
        "spec": {"containers": []},
        "status": {"podIP": "10.1.0.9", "podIPs": [{"ip": "10.1.0.8"}, {"ip": "fd00::8"}]},
    }
    default_pod(pod)
    assert pod["status"]["podIPs"] == [{"ip": "10.1.0.9"}]


def test_volumes():
    pod = {
        "spec": {
            "containers": [],
            "volumes": [{"name": "a"}, {"name": "b", "hostPath": {"path": "/x"}}, {"name": "c", "rbd": {"pool": "p"}}],
        }
    }
    default_pod(pod)
    assert pod["spec"]["volumes"][0] == {"name": "a", "emptyDir": {}}
    assert pod["spec"]["volumes"][1]["hostPath"] == {"path": "/x", "type": ""}
    assert pod["spec"]["volumes"][2]["rbd"] == {"pool": "p", "user": "admin", "keyring": "/etc/ceph/keyring"}
