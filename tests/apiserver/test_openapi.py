"""OpenAPI: documents of every group version, what kubectl looks for in them, custom resources."""

import dataclasses

import orjson
import pytest

from picok8s.api.resource import Resource, facts
from picok8s.apiserver import openapi
from picok8s.wire import gnostic

WIDGETS = Resource(
    group="stable.example.com",
    version="v1",
    plural="widgets",
    kind="Widget",
    singular="widget",
    namespaced=True,
    verbs=frozenset({"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}),
)
SCHEMA = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {"type": "object", "nullable": True, "properties": {"size": {"type": "integer"}}},
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
    },
}
CUSTOM = {"stable.example.com/v1/Widget": SCHEMA}


def v3(name, resources=None, custom=None):
    body, _, _ = openapi.v3(resources or facts(), name, custom)
    return orjson.loads(body)


def test_the_index_names_every_group_version_with_a_hash():
    body, _, _ = openapi.v3_index(facts())
    paths = orjson.loads(body)["paths"]
    assert {"api", "api/v1", "apis", "apis/apps", "apis/apps/v1", "version"} <= set(paths)
    assert paths["api/v1"]["serverRelativeURL"].startswith("/openapi/v3/api/v1?hash=")


@pytest.mark.parametrize("name", ["api", "apis", "version", "apis/apps", "openid/v1/jwks", "apis/batch/v1"])
def test_every_document_can_be_had(name):
    document = v3(name)
    assert document["openapi"] == "3.0.0"
    assert document["info"]["title"] == "Kubernetes"


def test_an_unknown_document_is_none():
    assert openapi.v3(facts(), "nope") is None


def test_kubectl_finds_that_a_patch_can_be_validated():
    patch = v3("apis/apps/v1")["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert {"dryRun", "fieldManager", "fieldValidation", "force"} == {row["name"] for row in patch["parameters"]}
    assert patch["operationId"] == "patchAppsV1NamespacedDeployment"


def test_the_paths_of_pods():
    paths = v3("api/v1")["paths"]
    pod = "/api/v1/namespaces/{namespace}/pods/{name}"
    assert paths[f"{pod}/exec"]["post"]["x-kubernetes-action"] == "connect"
    assert paths[f"{pod}/log"]["get"]["responses"]["200"]["content"]["text/plain"]["schema"] == {"type": "string"}
    assert paths[f"{pod}/eviction"]["post"]["x-kubernetes-group-version-kind"]["group"] == "policy"
    assert set(paths["/api/v1/pods"]) == {"get", "parameters"}
    assert "/api/v1/watch/namespaces/{namespace}/pods/{name}" in paths


def test_every_reference_leads_somewhere():
    for name in ("api/v1", "apis/apiextensions.k8s.io/v1", "apis/autoscaling/v2"):
        body, _, _ = openapi.v3(facts(), name)
        known = {f"#/components/schemas/{key}" for key in orjson.loads(body)["components"]["schemas"]}
        assert set(_references(orjson.loads(body))) <= known
    document = orjson.loads(openapi.v2(facts())[0])
    assert set(_references(document)) <= {f"#/definitions/{key}" for key in document["definitions"]}


def _references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_types_are_as_kubernetes_publishes_them():
    schemas = v3("api/v1")["components"]["schemas"]
    assert schemas["io.k8s.api.core.v1.ConfigMap"]["properties"]["kind"]["type"] == "string"
    assert "enum" not in schemas["io.k8s.api.core.v1.ConfigMap"]["properties"]["kind"]
    probe = schemas["io.k8s.api.core.v1.Container"]["properties"]["livenessProbe"]
    assert probe["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.core.v1.Probe"}]


def test_version_two_of_a_custom_resource():
    document = orjson.loads(openapi.v2([*facts(), WIDGETS], "", CUSTOM)[0])
    made = document["definitions"]["com.example.stable.v1.Widget"]
    assert set(made["properties"]) == {"apiVersion", "kind", "metadata", "spec", "open", "port"}
    assert made["properties"]["spec"] == {}
    assert "required" not in made
    assert made["properties"]["open"] == {"x-kubernetes-preserve-unknown-fields": True}
    assert made["properties"]["port"] == {"x-kubernetes-int-or-string": True}
    assert made["x-kubernetes-group-version-kind"] == [
        {"group": "stable.example.com", "kind": "Widget", "version": "v1"}
    ]
    assert "/apis/stable.example.com/v1/namespaces/{namespace}/widgets/{name}" in document["paths"]
    assert "com.example.stable.v1.WidgetList" in document["definitions"]


def test_version_two_of_an_open_custom_resource_says_nothing_of_its_inside():
    schema = {**SCHEMA, "x-kubernetes-preserve-unknown-fields": True}
    document = orjson.loads(openapi.v2([WIDGETS], "", {"stable.example.com/v1/Widget": schema})[0])
    made = document["definitions"]["com.example.stable.v1.Widget"]
    assert set(made) == {"type", "x-kubernetes-group-version-kind"}


def test_version_three_of_a_custom_resource_keeps_its_schema():
    document = v3("apis/stable.example.com/v1", [WIDGETS], CUSTOM)
    made = document["components"]["schemas"]["com.example.stable.v1.Widget"]
    assert made["properties"]["spec"] == SCHEMA["properties"]["spec"]
    assert made["properties"]["metadata"]["allOf"][0]["$ref"].endswith("ObjectMeta")


def test_the_tag_follows_what_a_document_is_made_from():
    tags = {
        openapi.v3([WIDGETS], "apis/stable.example.com/v1", CUSTOM)[1],
        openapi.v3([WIDGETS], "apis/stable.example.com/v1", {})[1],
        openapi.v3([dataclasses.replace(WIDGETS, verbs=frozenset({"get"}))], "apis/stable.example.com/v1", CUSTOM)[1],
    }
    assert len(tags) == 3
    assert openapi.v3([WIDGETS], "apis/stable.example.com/v1", CUSTOM)[1] in tags


def test_go_clients_get_the_protobuf_form():
    body, tag, media = openapi.v2(facts(), gnostic.ASKED[1])
    assert media == gnostic.MEDIA
    assert body.startswith(b"\x0a\x032.0")
    assert tag == openapi.v2(facts())[1]
