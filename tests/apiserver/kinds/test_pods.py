"""The life of a pod as the API sees it."""

from tests.apiserver.kinds import play

SPEC = {"containers": [{"name": "c", "image": "x:1"}], "serviceAccountName": "default"}


def pod(**spec):
    return {"metadata": {"name": "a"}, "spec": {**SPEC, **spec}}


def test_a_new_pod_has_a_status_of_the_servers_own():
    made, errors = play.create("pods", {**pod(), "status": {"phase": "Running"}})
    assert errors == [] and made["metadata"]["generation"] == 1
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_a_gated_pod_says_that_it_waits():
    made, errors = play.create("pods", pod(schedulingGates=[{"name": "g"}]))
    assert errors == [] and made["status"]["conditions"][0]["reason"] == "SchedulingGated"


def test_match_label_keys_become_expressions():
    term = {"topologyKey": "z", "matchLabelKeys": ["rev", "none"], "labelSelector": {"matchLabels": {"app": "a"}}}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    made, errors = play.create("pods", {"metadata": {"labels": {"rev": "7"}}, "spec": {**SPEC, "affinity": affinity}})
    found = made["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    assert errors == []
    assert found["labelSelector"]["matchExpressions"] == [{"key": "rev", "operator": "In", "values": ["7"]}]


def test_a_change_of_the_spec_raises_the_generation_and_leaves_the_status():
    made, _ = play.create("pods", pod())
    new, errors = play.update(
        "pods", made, {"spec": {"containers": [{"name": "c", "image": "x:2"}]}, "status": {"a": 1}}
    )
    assert errors == [] and new["metadata"]["generation"] == 2 and new["status"] == made["status"]
    new, errors = play.update("pods", made, {"metadata": {"labels": {"a": "b"}}})
    assert errors == [] and new["metadata"]["generation"] == 1


def test_fields():
    fields = play.kind("pods").behaviour.fields
    made, _ = play.create("pods", pod(nodeName="n"))
    assert fields["spec.nodeName"](made) == "n" and fields["spec.hostNetwork"](made) == "false"
    assert fields["status.phase"](made) == "Pending" and fields["status.podIP"](made) == ""
