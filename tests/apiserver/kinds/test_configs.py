"""ConfigMaps and Secrets."""

import pytest

from tests.apiserver.kinds import play


def test_keys_and_sizes_of_config_maps():
    assert play.refused("configmaps", {"data": {"a": "1"}, "binaryData": {"a": "MQ=="}}) == [
        'data[a]: Invalid value: "a": duplicate of key present in binaryData'
    ]
    assert play.refused("configmaps", {"data": {"v": "x" * 1048576}}) == []
    assert play.refused("configmaps", {"data": {"v": "x" * 1048575}, "binaryData": {"w": "MTI="}}) == [
        "[]: Too long: may not be more than 1048576 bytes"
    ]


def test_what_is_immutable_stays():
    old, _ = play.create("configmaps", {"data": {"a": "1"}, "immutable": True})
    assert play.update("configmaps", old, {"metadata": {"labels": {"a": "b"}}})[1] == []
    assert play.update("configmaps", old, {"immutable": None, "data": None})[1] == [
        "immutable: Forbidden: field is immutable when `immutable` is set",
        "data: Forbidden: field is immutable when `immutable` is set",
    ]


def test_text_becomes_data():
    made, errors = play.create("secrets", {"data": {"a": "MQ==", "b": "Mg=="}, "stringData": {"b": "two"}})
    assert errors == [] and made["type"] == "Opaque"
    assert made["data"] == {"a": "MQ==", "b": "dHdv"} and "stringData" not in made
    assert play.update("secrets", made, {"type": "other"})[1] == ['type: Invalid value: "other": field is immutable']


@pytest.mark.parametrize(
    ("kind", "data", "errors"),
    [
        ("kubernetes.io/tls", {"tls.crt": ""}, ["data[tls.key]: Required value"]),
        ("kubernetes.io/basic-auth", {"password": ""}, []),
        ("kubernetes.io/ssh-auth", {}, ["data[ssh-privatekey]: Required value"]),
        ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": "e30="}, []),
        (
            *("kubernetes.io/service-account-token", {}),
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
        ("example.com/own", {}, []),
    ],
)
def test_typed_secrets(kind, data, errors):
    assert play.refused("secrets", {"type": kind, "data": data}) == errors
