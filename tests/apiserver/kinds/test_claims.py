"""PersistentVolumeClaims."""

from tests.apiserver.kinds import play

NAME = "persistentvolumeclaims"


def made(**spec):
    claim, errors = play.create(
        NAME, {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}, **spec}}
    )
    assert errors == []
    return claim


def sized(storage):
    return {"spec": {"resources": {"requests": {"storage": storage}}}}


def test_only_a_bound_claim_grows_and_never_below_what_it_has():
    claim = made()
    assert play.update(NAME, claim, sized("3Gi"))[1][0].startswith("spec: Forbidden: spec is immutable after creation")
    bound = {**claim, "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
    assert play.update(NAME, bound, sized("3Gi"))[1] == []
    assert play.update(NAME, bound, sized("1500Mi"))[1] == []
    assert play.update(NAME, bound, sized("1Gi"))[1] == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    ]


def test_a_volume_and_a_class_are_given_once():
    claim = made()
    bound, errors = play.update(NAME, claim, {"spec": {"volumeName": "v", "storageClassName": "fast"}})
    assert errors == []
    assert len(play.update(NAME, bound, {"spec": {"volumeName": "w"}})[1]) == 1
    assert len(play.update(NAME, bound, {"spec": {"storageClassName": "slow"}})[1]) == 1


def test_sources_of_data():
    source = {"kind": "PersistentVolumeClaim", "name": "a"}
    assert made(dataSource=source)["spec"]["dataSourceRef"] == source
    assert "dataSource" not in made(dataSource={"kind": "Odd", "name": "a", "apiGroup": "x.y"})["spec"]


def test_a_status():
    assert play.status(NAME, made(), {"capacity": {"storage": "-1"}, "allocatedResourceStatuses": {"cpu": "X"}})[1] == [
        "status.capacity[storage]: Invalid value: -1: must be a valid resource quantity",
        'status.allocatedResourceStatuses: Unsupported value: "cpu": supported values: "storage"',
    ]
