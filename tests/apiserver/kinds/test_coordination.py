"""coordination.k8s.io: leases."""

from tests.apiserver.kinds import play

NAME = "leases.coordination.k8s.io"


def test_numbers_of_a_lease():
    assert play.refused(NAME, {"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}}) == [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    ]


def test_strategies_are_not_kept():
    made, errors = play.create(NAME, {"spec": {"strategy": "x", "preferredHolder": "y", "holderIdentity": "z"}})
    assert not errors and made["spec"] == {"holderIdentity": "z"}


def test_an_update_makes_a_lease_and_wants_its_revision():
    behaviour = play.kind(NAME).behaviour
    assert behaviour.create_on_update and not behaviour.unconditional_update
