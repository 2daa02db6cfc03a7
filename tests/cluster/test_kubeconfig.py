"""Kubeconfig files."""

import yaml

from picok8s.cluster import kubeconfig


def test_a_kubeconfig_holds_all():
    made = kubeconfig.kubeconfig("https://h:1", b"CA", "admin", kubeconfig.by_certificate(b"C", b"K"), "x")
    read = yaml.safe_load(kubeconfig.dump(made))
    assert read["clusters"][0]["cluster"] == {"certificate-authority-data": "Q0E=", "server": "https://h:1"}
    assert read["users"][0]["user"] == {"client-certificate-data": "Qw==", "client-key-data": "Sw=="}
    assert read["contexts"][0]["context"] == {"cluster": "picok8s", "user": "admin", "namespace": "x"}


def test_a_token_instead():
    assert kubeconfig.by_token("t") == {"token": "t"}
