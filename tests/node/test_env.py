"""The environment of a container."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.node import env
from picok8s.node.env import ConfigError, Sources
from tests.node.test_step import pod

CONFIG = {"kind": "ConfigMap", "data": {"a": "1", "b": "2"}}
SECRET = {"kind": "Secret", "data": {"p": base64.b64encode(b"x").decode()}}
SOURCES = Sources(
    objects={("configmaps", "cm"): CONFIG, ("secrets", "s"): SECRET}, pod_ips=("10.1.0.2",), host_ips=("h",)
)


def values(container: dict, sources: Sources = SOURCES, **more) -> dict[str, str]:
    return env.environment(pod(container, **more), {"name": "c", **container}, sources)


def test_later_variables_may_use_earlier_ones():
    rows = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)-$$(A)-$(C)"}]
    assert values({"env": rows}) == {"A": "1", "B": "1-$(A)-$(C)"}


def test_env_wins_over_env_from():
    container = {
        "envFrom": [{"configMapRef": {"name": "cm"}, "prefix": "X_"}],
        "env": [{"name": "X_a", "value": "own"}],
    }
    assert values(container) == {"X_a": "own", "X_b": "2"}


def test_missing_objects_are_an_error_unless_optional():
    ref = {"name": "none", "key": "k"}
    with pytest.raises(ConfigError, match='configmap "none" not found'):
        values({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": ref}}]})
    assert values({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {**ref, "optional": True}}}]}) == {}
    with pytest.raises(ConfigError, match="couldn't find key zz in ConfigMap default/cm"):
        values({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "zz"}}}]})


def test_the_downward_api():
    rows = [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    rows.append({"name": "L", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['x']"}}})
    rows.append({"name": "M", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}})
    container = {"env": rows, "resources": {"limits": {"memory": "64Mi"}}}
    assert values(container, meta={"labels": {"x": "y"}}) == {"IP": "10.1.0.2", "L": "y", "M": "64"}


def test_a_limit_that_is_not_set_is_what_the_node_has():
    ref = {"resource": "limits.cpu"}
    assert env.resource_value({}, ref, {"cpu": "2"}) == "2"
    assert env.resource_value({}, {"resource": "requests.cpu"}, {"cpu": "2"}) == "0"


def test_service_links():
    port = {"port": 80, "protocol": "TCP", "name": "http"}
    web = {
        "metadata": {"name": "my-web", "namespace": "default"},
        "spec": {"clusterIP": "10.152.183.7", "ports": [port]},
    }
    made = env.service_links(pod(), [web])
    assert made["MY_WEB_SERVICE_HOST"] == "10.152.183.7" and made["MY_WEB_SERVICE_PORT_HTTP"] == "80"
    assert made["MY_WEB_PORT_80_TCP"] == "tcp://10.152.183.7:80" and made["MY_WEB_PORT_80_TCP_PROTO"] == "tcp"
    assert env.service_links(pod(enableServiceLinks=False), [web]) == {}


def test_a_file_can_hold_a_value():
    ref = {"volumeName": "v", "path": "f", "key": "K"}
    row = {"env": [{"name": "A", "valueFrom": {"fileKeyRef": ref}}]}
    assert values(row, Sources(files={("v", "f"): "X=1\nK='two words'\n"})) == {"A": "two words"}


@given(st.text())
def test_expansion_never_fails(text):
    assert isinstance(env.expand(text, {"A": "b"}), str)


@given(st.text(alphabet=st.characters(exclude_characters="$")))
def test_text_without_dollars_stays(text):
    assert env.expand(text, {}) == text


def test_quoted_as_go_does():
    assert env.go_quoted('a"b\n\x01é') == '"a\\"b\\n\\x01é"'
