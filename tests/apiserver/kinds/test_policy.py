"""policy: disruption budgets, and the standard conditions."""

from picok8s.apiserver.kinds.policy import conditions
from tests.apiserver.kinds import play

NAME = "poddisruptionbudgets.policy"


def test_a_budget_starts_with_zeros_and_counts_its_spec():
    made, errors = play.create(NAME, {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}})
    assert not errors and made["status"]["disruptionsAllowed"] == 0
    changed, errors = play.update(NAME, made, {"spec": {"minAvailable": None, "maxUnavailable": "30%"}})
    assert not errors and changed["metadata"]["generation"] == 2


def test_a_budget_says_one_limit():
    assert play.refused(NAME, {"spec": {"minAvailable": 1, "maxUnavailable": 1}}) == [
        'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: '
        "minAvailable and maxUnavailable cannot be both set"
    ]


def test_conditions_are_complete():
    found = conditions([{"type": "X", "status": "Perhaps"}], "status.conditions")
    assert [str(error) for error in found] == [
        'status.conditions[0].status: Unsupported value: "Perhaps": supported values: "False", "True", "Unknown"',
        "status.conditions[0].lastTransitionTime: Required value",
        "status.conditions[0].reason: Required value",
    ]
