"""What volumes made of API objects hold."""

import base64

import pytest

from picok8s.node import payload
from picok8s.node.env import ConfigError, Sources
from tests.node.test_step import pod

CONFIG = {"kind": "ConfigMap", "data": {"a": "1", "b": "2"}, "binaryData": {"c": base64.b64encode(b"\0").decode()}}
SECRET = {"kind": "Secret", "data": {"p": base64.b64encode(b"x").decode()}}
SOURCES = Sources(objects={("configmaps", "cm"): CONFIG, ("secrets", "s"): SECRET})


def holds(volume: dict, issued=None, **more) -> dict:
    return payload.payload(pod(**more), {"name": "v", **volume}, SOURCES, issued or {})


def test_all_keys_or_the_chosen_ones():
    assert holds({"configMap": {"name": "cm"}}) == {"a": (b"1", 0o644), "b": (b"2", 0o644), "c": (b"\0", 0o644)}
    items = [{"key": "a", "path": "x/y", "mode": 0o600}]
    assert holds({"configMap": {"name": "cm", "items": items, "defaultMode": 0o400}}) == {"x/y": (b"1", 0o600)}
    assert holds({"secret": {"secretName": "s", "defaultMode": 0o400}}) == {"p": (b"x", 0o400)}


def test_missing_ones():
    with pytest.raises(ConfigError, match='configmap "none" not found'):
        holds({"configMap": {"name": "none"}})
    with pytest.raises(ConfigError, match="references non-existent configmap key: z"):
        holds({"configMap": {"name": "cm", "items": [{"key": "z", "path": "z"}]}})
    assert holds({"secret": {"secretName": "none", "optional": True}}) == {}


def test_projected_together():
    sources = [
        {"secret": {"name": "s"}},
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 600}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]
    made = holds({"projected": {"sources": sources}}, {("v", "", 600): "jwt"}, meta={"labels": {"x": "y"}})
    assert made == {"p": (b"x", 0o644), "token": (b"jwt", 0o644), "labels": (b'x="y"', 0o644)}


def test_a_token_is_private_when_one_user_runs_all():
    sources = [{"serviceAccountToken": {"path": "token", "expirationSeconds": 600}}]
    made = holds({"projected": {"sources": sources}}, {("v", "", 600): "jwt"}, securityContext={"runAsUser": 5})
    assert made["token"][1] == 0o600


def test_references():
    container = {"name": "c", "envFrom": [{"secretRef": {"name": "s1"}}]}
    container["env"] = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c1", "key": "k"}}}]
    volumes = [{"name": "v", "secret": {"secretName": "s2"}}]
    volumes.append({"name": "w", "projected": {"sources": [{"configMap": {"name": "c2"}}]}})
    found = payload.references(pod(container, volumes=volumes))
    assert found == {("secrets", "s1"), ("secrets", "s2"), ("configmaps", "c1"), ("configmaps", "c2")}
