"""The catalogue."""

import pytest

from picok8s.api.resource import Behaviour, facts
from picok8s.apiserver.kinds.table import catalogue, join


def test_every_kind_is_there_in_the_order_of_discovery():
    assert [row.name for row in catalogue()] == [row.name for row in facts()]


def test_a_behaviour_without_a_kind_is_refused():
    with pytest.raises(ValueError, match="no kind"):
        join(facts(), [{"nonsense": Behaviour()}])
    with pytest.raises(ValueError, match="two behaviours"):
        join(facts(), [{"pods": Behaviour()}, {"pods": Behaviour()}])


def test_a_behaviour_may_be_one_versions_alone():
    own, common = Behaviour(create_on_update=True), Behaviour()
    rows = join(
        facts(), [{"horizontalpodautoscalers.autoscaling": common, "horizontalpodautoscalers.autoscaling/v1": own}]
    )
    found = {row.version: row.behaviour for row in rows if row.name == "horizontalpodautoscalers.autoscaling"}
    assert found["v1"] is own and found["v2"] is common
