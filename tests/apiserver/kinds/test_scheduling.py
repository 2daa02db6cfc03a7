"""scheduling.k8s.io: priority classes."""

from tests.apiserver.kinds import play

NAME = "priorityclasses.scheduling.k8s.io"


def test_a_class_keeps_its_value_and_preempts_by_default():
    made, errors = play.create(NAME, {"value": 1000})
    assert not errors and made["preemptionPolicy"] == "PreemptLowerPriority"
    _, errors = play.update(NAME, made, {"value": 2000, "preemptionPolicy": "Never"})
    assert errors == [
        "value: Forbidden: may not be changed in an update.",
        'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]
    assert play.update(NAME, made, {"description": "d"})[0]["metadata"]["generation"] == 1


def test_high_values_and_system_names_are_reserved():
    assert play.refused(NAME, {"value": 2_000_000_000}) == [
        "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"
    ]
    assert play.refused(NAME, {"metadata": {"name": "system-mine"}, "value": 1}) == [
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. "
        "error: system-mine is not a known system priority class"
    ]
