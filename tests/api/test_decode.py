"""Decoding: what is kept, dropped, added and refused, in Go's words."""

from random import Random

import pytest

from picok8s.api import decode, schema
from picok8s.api.decode import decode_kind
from picok8s.api.errors import ApiError
from picok8s.api.resource import preferred
from tests import any_object

CANNOT = "json: cannot unmarshal"


def pod(**spec):
    container = {"name": "c", "image": "x"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [container], **spec}}


def config(**fields):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, **fields}


def decoded(obj, mode="Warn"):
    return decode_kind(obj["apiVersion"], obj["kind"], obj, mode)


def refusal(obj, mode="Warn"):
    with pytest.raises(ApiError) as caught:
        decoded(obj, mode)
    assert caught.value.reason == "BadRequest"
    return caught.value.message.partition(f" cannot be handled as a {obj['kind']}: ")[2]


def test_empty_values_are_dropped_or_shown_as_go_does():
    made, warnings = decoded(pod(hostname="", hostNetwork=False, nodeSelector={}, tolerations=[], hostUsers=False))
    assert made["spec"] == {"containers": [{"name": "c", "image": "x", "resources": {}}], "hostUsers": False}
    assert made["status"] == {}
    assert warnings == []


def test_missing_lists_that_always_show_are_null():
    made, _ = decoded({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a"}})
    assert made["rules"] is None


def test_nulls_are_absent_but_empty_inside_lists_and_maps():
    made, _ = decoded(config(data={"x": None}, immutable=None, binaryData=None))
    assert made["data"] == {"x": ""}
    assert "immutable" not in made and "binaryData" not in made
    made, _ = decoded(pod(volumes=[None], nodeName=None))
    assert made["spec"]["volumes"] == [{"name": ""}]


def test_quantities_times_and_bytes_become_canonical():
    limits = {"cpu": "1.50", "memory": 1048576, "x": "1 "}
    made, _ = decoded(pod(containers=[{"name": "c", "resources": {"limits": limits}}]))
    limits = made["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"cpu": "1500m", "memory": "1048576", "x": "1"}
    made, _ = decoded(config(binaryData={"a": "YR==", "b": "YW\nJj"}))
    assert made["binaryData"] == {"a": "YQ==", "b": "YWJj"}


def test_kind_and_version_are_filled_in():
    made, _ = decode.decode(preferred("configmaps"), {"metadata": {"name": "a"}})
    assert (made["apiVersion"], made["kind"]) == ("v1", "ConfigMap")


@pytest.mark.parametrize(
    "obj, words",
    [
        (config(data={"a": 1}), f"{CANNOT} number into Go struct field ConfigMap.data of type string"),
        (config(data=[]), f"{CANNOT} array into Go struct field ConfigMap.data of type map[string]string"),
        (config(metadata=[]), f"{CANNOT} array into Go struct field ConfigMap.metadata of type v1.ObjectMeta"),
        (
            config(metadata={"labels": {"x": 1}}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (config(binaryData={"a": "%%"}), "illegal base64 data at input byte 0"),
        (
            config(metadata={"creationTimestamp": "yesterday"}),
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
        (
            pod(containers=[{"name": "c", "ports": [{"containerPort": "http"}]}]),
            "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort "
            "of type int32",
        ),
        (
            pod(terminationGracePeriodSeconds=2.0),
            "json: cannot unmarshal number 2.0 into Go struct field PodSpec.spec.terminationGracePeriodSeconds "
            "of type int64",
        ),
        (
            pod(volumes=[{"name": "v", "hostPath": 1}]),
            "json: cannot unmarshal number into Go struct field Volume.spec.volumes.VolumeSource.hostPath "
            "of type v1.HostPathVolumeSource",
        ),
        (
            pod(containers=[{"name": "c", "livenessProbe": {"httpGet": {"port": True}}}]),
            "json: cannot unmarshal bool into Go struct field "
            "HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32",
        ),
    ],
)  # fmt: skip
def test_values_of_wrong_types_are_refused_in_gos_words(obj, words):
    assert refusal(obj) == words


def test_a_type_that_reads_itself_is_named_before_earlier_mismatches():
    assert refusal(config(metadata={"name": 5, "creationTimestamp": ""})).startswith("parsing time")


def test_unknown_fields_by_mode():
    obj = config(metadata={"name": "a", "Name": "q"}, Data={}, bogus=1)
    words = ['unknown field "metadata.Name"', 'unknown field "Data"', 'unknown field "bogus"']
    made, warnings = decoded(obj)
    assert warnings == words
    assert "bogus" not in made
    assert refusal(obj, "Strict") == "strict decoding error: " + ", ".join(words)
    assert decoded(obj, "Ignore")[1] == []


def test_unknown_fields_are_named_by_path():
    container = {"name": "c", "imag": "y", "env": [{"name": "A", "valeu": "1"}], "resources": {"limit": {}}}
    _, warnings = decoded(pod(containers=[container], nodename="n"))
    assert warnings == [
        'unknown field "spec.containers[0].imag"',
        'unknown field "spec.containers[0].env[0].valeu"',
        'unknown field "spec.containers[0].resources.limit"',
        'unknown field "spec.nodename"',
    ]


def test_complaints_of_a_yaml_parser_are_warnings_without_their_heading():
    told = ['yaml: unmarshal errors:\n  line 8: key "x" already set in map']
    _, warnings = decode_kind("v1", "ConfigMap", config(bogus=1), "Warn", told)
    assert warnings == ['line 8: key "x" already set in map', 'unknown field "bogus"']


@pytest.mark.parametrize(
    "sent, wanted, words",
    [
        (("v1", "Secret"), ("v1", "ConfigMap"), "converting (v1.Secret) to (core.ConfigMap): unknown conversion"),
        (
            ("v2", "ConfigMap"),
            ("v1", "ConfigMap"),
            'no kind "ConfigMap" is registered for version "v2" in scheme "pkg/runtime/scheme.go:111"',
        ),
        (
            ("apps/v1", "Deployment"),
            ("autoscaling/v1", "Scale"),
            "converting (v1.Deployment) to (autoscaling.Scale): unknown conversion",
        ),
    ],
)
def test_another_kind_is_refused(sent, wanted, words):
    with pytest.raises(ApiError) as caught:
        decode_kind(*wanted, {"apiVersion": sent[0], "kind": sent[1]})
    version = sent[0].rpartition("/")[2]
    assert caught.value.message == f'{sent[1]} in version "{version}" cannot be handled as a {wanted[1]}: {words}'


def test_schemas_of_custom_resources_keep_their_unions():
    props = {
        "type": "object",
        "properties": {"a": {"items": {"type": "string"}, "type": "array"}},
        "additionalProperties": False,
    }
    name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
    assert decode.normalise(name, props) == props
    with pytest.raises(ValueError, match="boolean or JSON schema expected"):
        decode.normalise(name, {"additionalProperties": "x"})


@pytest.mark.parametrize("seed", range(5))
def test_decoding_twice_changes_nothing_and_never_the_input(seed):
    types, random = schema.current(), Random(seed)
    for kind, name in types.kinds.items():
        api_version, _, short = kind.rpartition("/")
        if "kind" not in types.fields(name):
            continue  # WatchEvent alone is no object.
        obj = any_object.make(types, name, random) | {"kind": short, "apiVersion": api_version}
        before = repr(obj)
        once, _ = decode_kind(api_version, short, obj, "Ignore")
        assert repr(obj) == before
        assert decode_kind(api_version, short, once, "Strict") == (once, [])
