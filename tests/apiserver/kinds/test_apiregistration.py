"""apiregistration.k8s.io: API services."""

from tests.apiserver.kinds import play

NAME = "apiservices.apiregistration.k8s.io"


def service(name="v1.g.io", **spec):
    given = {"group": "g.io", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10}
    return {"metadata": {"name": name}, "spec": {**given, **spec}}


def test_a_group_of_our_own_is_available_at_once():
    made, errors = play.create(NAME, service())
    assert not errors
    (condition,) = made["status"]["conditions"]
    assert (condition["reason"], condition["lastTransitionTime"]) == ("Local", play.BORN)


def test_a_service_elsewhere_gets_a_port_and_waits():
    made, errors = play.create(NAME, service(service={"namespace": "n", "name": "s"}))
    assert not errors and made["spec"]["service"]["port"] == 443 and made["status"] == {}


def test_the_name_is_version_and_group():
    assert play.refused(NAME, service("v2.g.io", groupPriorityMinimum=0)) == [
        'metadata.name: Invalid value: "v2.g.io": must be `spec.version+"."+spec.group`: "v1.g.io"',
        "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000",
    ]
