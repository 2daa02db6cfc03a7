"""ServiceAccounts."""

from tests.apiserver.kinds import play

KEY = "kubernetes.io/enforce-mountable-secrets"


def test_only_names_of_secrets_count():
    made, errors = play.create("serviceaccounts", {"secrets": [{"name": "s", "namespace": "n"}]})
    assert errors == [] and made["secrets"] == [{"name": "s"}]


def test_an_old_annotation_warns_once():
    warn = play.kind("serviceaccounts").behaviour.warnings
    made, _ = play.create("serviceaccounts", {"metadata": {"annotations": {KEY: "true"}}})
    assert len(warn(made, None)) == 1 and warn(made, made) == []
