"""flowcontrol.apiserver.k8s.io: flow schemas and priority levels."""

import pytest

from tests.apiserver.kinds import play

SCHEMAS = "flowschemas.flowcontrol.apiserver.k8s.io"
LEVELS = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"


def level(**limited):
    return {"spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}, **limited}}}


def test_a_limited_level_is_defaulted():
    made, errors = play.create(LEVELS, level(limitResponse={"type": "Queue", "queuing": {}}))
    assert not errors
    limited = made["spec"]["limited"]
    assert (limited["nominalConcurrencyShares"], limited["lendablePercent"]) == (30, 0)
    assert limited["limitResponse"]["queuing"] == {"queues": 64, "handSize": 8, "queueLengthLimit": 50}


@pytest.mark.parametrize(
    "obj, errors",
    [
        ({"spec": {}}, ["spec.type: Required value"]),
        (level(limitResponse={}), ["spec.limited.limitResponse.type: Required value"]),
        (level(limitResponse={"type": "Reject", "queuing": {}}), ["spec.limited.limitResponse.queuing: Forbidden"]),
        (
            level(limitResponse={"type": "Queue", "queuing": {"queues": 4, "handSize": 8}}),
            ["spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (4)"],
        ),
    ],
)
def test_levels_are_refused_in_upstream_words(obj, errors):
    assert play.refused(LEVELS, obj) == errors


def test_what_a_server_needs_is_fixed():
    spec = {"priorityLevelConfiguration": {"name": "exempt"}, "matchingPrecedence": 5}
    assert play.refused(SCHEMAS, {"metadata": {"name": "exempt"}, "spec": spec}) == [
        'spec: Invalid value: {"PriorityLevelConfiguration":{"Name":"exempt"},"MatchingPrecedence":5,'
        '"DistinguisherMethod":null,"Rules":null}: spec of \'exempt\' must equal the fixed value'
    ]


def test_a_schema_refers_to_a_level():
    assert play.refused(SCHEMAS, {"spec": {"matchingPrecedence": -1}}) == [
        "spec.matchingPrecedence: Invalid value: -1: must be a positive value",
        "spec.priorityLevelConfiguration.name: Required value: must reference a priority level",
    ]
