"""Protobuf: objects come back as they went, bytes are as Go writes them, damage is refused."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picok8s.api import schema
from picok8s.api.decode import decode_kind
from picok8s.api.errors import ApiError
from picok8s.wire import protobuf
from tests import any_object

JSON_ONLY = ("Table", "WatchEvent")  # No message, or none in an envelope.


def kinds():
    return [
        (api_version, kind, name)
        for key, name in sorted(schema.current().kinds.items())
        for api_version, _, kind in [key.rpartition("/")]
        if kind not in JSON_ONLY and not kind.endswith("Options")
    ]


@pytest.mark.parametrize("seed", range(4))
def test_every_kind_comes_back_as_it_went(seed):
    random = Random(seed)
    for api_version, kind, name in kinds():
        obj = any_object.make(schema.current(), name, random) | {"kind": kind, "apiVersion": api_version}
        whole, _ = decode_kind(api_version, kind, obj, "Ignore")
        back, warnings = decode_kind(api_version, kind, protobuf.decode(protobuf.encode(whole)), "Strict")
        assert (back, warnings) == (whole, [])


def test_the_bytes_of_a_config_map():
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v", "a": "b"}}
    assert protobuf.encode(obj) == (
        b"k8s\x00"
        b"\x0a\x0f\x0a\x02v1\x12\x09ConfigMap"
        b"\x12\x15\x0a\x03\x0a\x01a\x12\x06\x0a\x01a\x12\x01b\x12\x06\x0a\x01k\x12\x01v"
        b"\x1a\x00\x22\x00"
    )


def test_what_go_always_writes_is_dropped_when_it_is_empty():
    raw = b"\x0a\x11" + b"\x0a\x01a\x12\x00\x1a\x00\x22\x00\x2a\x00\x32\x00\x38\x00\x42\x00"
    head = b"\x0a\x0f\x0a\x02v1\x12\x09ConfigMap"
    made = protobuf.decode(b"k8s\x00" + head + b"\x12" + bytes([len(raw)]) + raw)
    whole, _ = decode_kind("v1", "ConfigMap", made, "Strict")
    assert whole == {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}}


def test_an_inner_message_that_json_folds_into_its_parent():
    volume = {"name": "v", "configMap": {"name": "m"}}
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": None, "volumes": [volume]}}
    data = protobuf.encode(obj)
    # volumes is field 1 of the spec; name 1, volumeSource 2; configMap 19; its localObjectReference 1.
    assert b"\x0a\x0d\x0a\x01v\x12\x08\x9a\x01\x05\x0a\x03\x0a\x01m" in data
    assert protobuf.decode(data)["spec"]["volumes"] == [volume]


def test_options_of_any_group_are_the_same_options():
    obj = {"apiVersion": "apps/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "propagationPolicy": "Orphan"}
    assert protobuf.decode(protobuf.encode(obj)) == obj


def test_watch_frames():
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}
    first, second = protobuf.frame("ADDED", pod), protobuf.frame("DELETED", pod)
    assert int.from_bytes(first[:4], "big") == len(first) - 4
    events = protobuf.unframe(first + second + first[:7])
    assert [(kind, obj["metadata"]) for kind, obj in events] == [("ADDED", {"name": "a"}), ("DELETED", {"name": "a"})]


def test_kinds_without_a_message_are_not_acceptable():
    for kind, api_version in (("Widget", "example.com/v1"), ("Table", "meta.k8s.io/v1")):
        with pytest.raises(ApiError) as caught:
            protobuf.encode({"kind": kind, "apiVersion": api_version})
        assert caught.value.code == 406


def test_partial_metadata_has_one_in_both_versions():
    for version in ("v1", "v1beta1"):
        obj = {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}", "metadata": {"name": "a"}}
        assert protobuf.decode(protobuf.encode(obj)) == obj


def test_text_without_the_mark_is_refused():
    with pytest.raises(ApiError, match="expected prefix"):
        protobuf.decode(b"{}")


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 255))
def test_damage_is_a_bad_request_or_an_object(tail, at, byte):
    random = Random(7)
    obj = any_object.make(schema.current(), "io.k8s.api.core.v1.Pod", random) | {"kind": "Pod", "apiVersion": "v1"}
    data = bytearray(protobuf.encode(decode_kind("v1", "Pod", obj, "Ignore")[0]))
    data[20 + at % (len(data) - 20)] = byte
    for damaged in (bytes(data) + tail, b"k8s\x00" + tail):
        try:
            assert isinstance(protobuf.decode(damaged), dict)
        except ApiError as error:
            assert error.code == 400


def test_nesting_has_a_bound():
    inner = b""
    for _ in range(300):
        entry = b"\x0a\x01a\x12" + protobuf.protobuf_write.varint(len(inner)) + inner
        inner = b"\xea\x01" + protobuf.protobuf_write.varint(len(entry)) + entry  # properties of a schema
    read = protobuf.protobuf_read.message(schema.current(), schema.PROPS)
    with pytest.raises(protobuf.Malformed, match="max depth"):
        read(inner, 0, len(inner), 0)
