"""What may change in a pod."""

from tests.apiserver.kinds import play

CONTAINER = {"name": "c", "image": "x:1", "resources": {"requests": {"cpu": "100m"}}}


def made(**spec):
    pod, errors = play.create("pods", {"spec": {"containers": [CONTAINER], "serviceAccountName": "d", **spec}})
    assert errors == []
    return pod


def change(pod, **spec):
    return play.update("pods", pod, {"spec": spec})[1]


def test_images_and_deadlines_change():
    pod = made()
    assert change(pod, containers=[{**CONTAINER, "image": "x:2"}], activeDeadlineSeconds=5) == []
    assert change(made(activeDeadlineSeconds=5), activeDeadlineSeconds=6) == [
        "spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"
    ]


def test_the_rest_does_not():
    found = change(made(), hostNetwork=True)
    assert len(found) == 1 and found[0].startswith("spec: Forbidden: pod updates may not change fields other than")
    assert '+ "HostNetwork": true,' in found[0]
    assert change(made(), containers=[CONTAINER, {**CONTAINER, "name": "d"}]) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    ]


def test_tolerations_are_added():
    one, two = {"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}
    assert change(made(tolerations=[one]), tolerations=[one, two]) == []
    assert change(made(tolerations=[one]), tolerations=[two]) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]


def test_a_gated_pod_may_be_narrowed():
    gates = [{"name": "g"}]
    assert change(made(schedulingGates=gates), nodeSelector={"a": "b"}, schedulingGates=[]) == []
    assert change(made(schedulingGates=gates, nodeSelector={"a": "b"}), nodeSelector={"a": "c"}) == [
        'spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed '
        "(no mutations or deletions)"
    ]
    assert change(made(schedulingGates=gates), schedulingGates=[*gates, {"name": "h"}]) == [
        "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'h'"
    ]


def through(subresource, pod, **spec):
    prepare, validate = play.kind("pods").behaviour.subresources[subresource]
    new = play.merged(pod, {"spec": spec})
    play.kind("pods").behaviour.default(new)
    prepare(new, pod)
    return new, [str(error) for error in validate(new, pod)]


def test_a_resize():
    pod = made()
    new, errors = through(
        "resize", pod, containers=[{**CONTAINER, "image": "no", "resources": {"requests": {"cpu": "1"}}}]
    )
    assert errors == [] and new["metadata"]["generation"] == 2
    assert new["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "1"}}
    assert new["spec"]["containers"][0]["image"] == "x:1"
    assert through("resize", pod, containers=[{**CONTAINER, "resources": {}}])[1] == [
        'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
        "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
    ]


def test_ephemeral_containers_stay_as_they_are():
    pod = made()
    new, errors = through(
        "ephemeralcontainers", pod, ephemeralContainers=[{"name": "e", "image": "x"}], hostNetwork=True
    )
    assert errors == [] and "hostNetwork" not in new["spec"]
    assert through("ephemeralcontainers", new, ephemeralContainers=[])[1] == [
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n'
    ]
