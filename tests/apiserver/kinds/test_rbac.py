"""rbac.authorization.k8s.io: roles and bindings."""

import pytest

from tests.apiserver.kinds import play

GROUP = "rbac.authorization.k8s.io"


def test_rules_say_groups_resources_and_at_last_verbs():
    assert play.refused(f"roles.{GROUP}", {"rules": [{}]}) == [
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[0].resources: Required value: resource rules must supply at least one resource",
        "rules[0].verbs: Required value",
    ]


def test_only_cluster_roles_speak_of_urls():
    rules = {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}]}
    assert play.refused(f"clusterroles.{GROUP}", rules) == []
    assert play.refused(f"roles.{GROUP}", rules) == [
        'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs'
    ]


def test_bindings_get_their_groups():
    obj = {"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "User", "name": "u"}]}
    made, errors = play.create(f"clusterrolebindings.{GROUP}", obj)
    assert not errors and made["roleRef"]["apiGroup"] == made["subjects"][0]["apiGroup"] == GROUP
    assert play.update(f"clusterrolebindings.{GROUP}", made, {"roleRef": {"name": "edit"}})[1] == [
        f'roleRef: Invalid value: {{"APIGroup":"{GROUP}","Kind":"ClusterRole","Name":"edit"}}: field is immutable'
    ]


@pytest.mark.parametrize(
    "subject, error",
    [
        (
            {"kind": "Alien", "name": "x"},
            '.kind: Unsupported value: "Alien": supported values: "ServiceAccount", "User", "Group"',
        ),
        ({"kind": "Group"}, ".name: Required value"),
        ({"kind": "ServiceAccount", "name": "s"}, ".namespace: Required value"),
    ],
)
def test_subjects(subject, error):
    obj = {"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [subject]}
    assert play.refused(f"clusterrolebindings.{GROUP}", obj) == [f"subjects[0]{error}"]
