"""storage.k8s.io: classes, attachments, capacities."""

from tests.apiserver.kinds import play

CLASSES = "storageclasses.storage.k8s.io"
ATTRIBUTES = "volumeattributesclasses.storage.k8s.io"
ATTACHMENTS = "volumeattachments.storage.k8s.io"


def test_a_storage_class_is_defaulted_and_mostly_fixed():
    made, errors = play.create(CLASSES, {"provisioner": "example.com/p"})
    assert not errors and (made["reclaimPolicy"], made["volumeBindingMode"]) == ("Delete", "Immediate")
    assert play.update(CLASSES, made, {"provisioner": "other"})[1] == [
        "provisioner: Invalid value: null: field is immutable"
    ]
    assert play.update(CLASSES, made, {"mountOptions": ["ro"]})[1] == []


def test_old_zone_labels_warn():
    key = "failure-domain.beta.kubernetes.io/zone"
    terms = [{"matchLabelExpressions": [{"key": key, "values": ["a"]}]}]
    made, _ = play.create(CLASSES, {"provisioner": "p", "allowedTopologies": terms})
    assert play.kind(CLASSES).behaviour.warnings(made, None) == [
        "allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; "
        'use "topology.kubernetes.io/zone" instead'
    ]


def test_an_attributes_class_says_a_driver_and_parameters_for_good():
    assert play.refused(ATTRIBUTES, {}) == [
        "driverName: Required value",
        "parameters: Required value: must contain at least one key/value pair",
    ]
    made, _ = play.create(ATTRIBUTES, {"driverName": "d", "parameters": {"a": "b"}})
    assert play.update(ATTRIBUTES, made, {"driverName": "e"})[1] == [
        "driverName: Forbidden: updates to driverName are forbidden."
    ]
    assert play.kind(ATTRIBUTES).behaviour.finalizers_on_create == ("kubernetes.io/vac-protection",)


def test_an_attachment_is_made_unattached():
    spec = {"attacher": "example.com", "nodeName": "n", "source": {"persistentVolumeName": "pv"}}
    made, errors = play.create(ATTACHMENTS, {"spec": spec, "status": {"attached": True}})
    assert not errors and made["status"] == {"attached": False}
    assert play.update(ATTACHMENTS, made, {"spec": {"nodeName": "m"}})[1] == [
        "spec: Invalid value: null: field is immutable"
    ]
    error = {"errorCode": -1}
    assert play.status(ATTACHMENTS, made, {"detachError": error})[1] == [
        "status.detachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive"
    ]
