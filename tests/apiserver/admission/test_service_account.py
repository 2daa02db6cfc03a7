"""Every pod runs as an account."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.apiserver.admission import service_account
from tests.apiserver.shelf import Cluster, Shelf, call, named, pod

VOLUME = "kube-api-access-abcde"


def complete(new: dict, **account) -> dict:
    found = named("default", "x", **account)
    service_account.complete(Cluster(Shelf(serviceaccounts=[found])), call("pods"), new, None)
    return new["spec"]


def test_a_plain_pod_gets_account_token_and_mount():
    spec = complete(pod())
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    assert spec["volumes"] == [service_account.token_volume(VOLUME)]
    assert spec["containers"][0]["volumeMounts"] == [
        {"name": VOLUME, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    ]


@pytest.mark.parametrize(
    "of_pod, of_account, mounted", [(None, False, False), (True, False, True), (False, True, False)]
)
def test_the_pod_has_the_last_word_on_mounting(of_pod, of_account, mounted):
    wanted = {} if of_pod is None else {"automountServiceAccountToken": of_pod}
    assert ("volumes" in complete(pod(**wanted), automountServiceAccountToken=of_account)) is mounted


def test_a_container_with_something_else_there_keeps_it():
    mount = {"name": "v", "mountPath": service_account.MOUNT_PATH}
    assert "volumes" not in complete(pod(containers=[{"name": "c", "volumeMounts": [mount]}]))


def test_pull_secrets_come_from_the_account():
    assert complete(pod(), imagePullSecrets=[{"name": "s"}])["imagePullSecrets"] == [{"name": "s"}]
    assert complete(pod(imagePullSecrets=[{"name": "t"}]), imagePullSecrets=[{"name": "s"}])["imagePullSecrets"] == [
        {"name": "t"}
    ]


def test_a_shared_template_is_not_changed():
    containers = [{"name": "c", "image": "i"}]
    complete(pod(containers=containers))
    assert containers == [{"name": "c", "image": "i"}]


STRICT = {"annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}


@pytest.mark.parametrize(
    "spec, told",
    [
        ({"serviceAccountName": "zz"}, 'error looking up service account x/zz: serviceaccount "zz" not found'),
        (
            {"serviceAccountName": "strict", "volumes": [{"name": "v", "secret": {"secretName": "other"}}]},
            'volume with secret.secretName="other" is not allowed because service account strict does not',
        ),
        (
            {"serviceAccountName": "strict", "imagePullSecrets": [{"name": "other"}]},
            'imagePullSecrets[0].name="other" is not allowed because service account strict does not reference that',
        ),
    ],
)
def test_what_is_refused(spec, told):
    strict = named("strict", "x", secrets=[{"name": "ok"}])
    strict["metadata"] |= STRICT
    with pytest.raises(ApiError) as refused:
        service_account.complete(Cluster(Shelf(serviceaccounts=[strict])), call("pods"), pod(**spec), None)
    assert told in refused.value.message


@pytest.mark.parametrize(
    "spec, told",
    [
        ({"serviceAccountName": "default"}, "a mirror pod may not reference service accounts"),
        ({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}, "a mirror pod may not reference secrets"),
        (
            {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]},
            "a mirror pod may not use ServiceAccountToken volume projections",
        ),
    ],
)
def test_a_mirror_pod_may_use_nothing(spec, told):
    new = pod(**spec)
    new["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    with pytest.raises(ApiError, match=told):
        service_account.complete(Cluster(Shelf()), call("pods"), new, None)
