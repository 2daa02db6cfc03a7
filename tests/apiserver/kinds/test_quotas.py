"""ResourceQuotas."""

from tests.apiserver.kinds import play

NAME = "resourcequotas"


def refused(**spec):
    return play.refused(NAME, {"spec": spec})


def test_amounts():
    assert refused(hard={"cpu": "1", "count/pods": "2", "requests.hugepages-2Mi": "2Mi"}) == []
    assert refused(hard={"odd": "1", "pods": "500m"}) == [
        'spec.hard[odd]: Invalid value: "odd": must be a standard resource for quota',
        'spec.hard[pods]: Invalid value: "500m": must be an integer',
    ]


def test_scopes():
    assert refused(hard={"pods": "1"}, scopes=["BestEffort", "NotBestEffort"]) == [
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes'
    ]
    assert refused(hard={"cpu": "1"}, scopes=["BestEffort"]) == [
        'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'
    ]
    made, _ = play.create(NAME, {"spec": {"hard": {"pods": "1"}, "scopes": ["BestEffort"]}})
    assert play.update(NAME, made, {"spec": {"scopes": ["NotBestEffort"]}})[1] == [
        'spec.scopes: Invalid value: ["NotBestEffort"]: field is immutable'
    ]


def test_a_selector():
    def selected(**item):
        return refused(hard={"pods": "1"}, scopeSelector={"matchExpressions": [item]})

    assert selected(scopeName="PriorityClass", operator="In", values=["high"]) == []
    assert selected(scopeName="PriorityClass", operator="In") == [
        "spec.scopeSelector.matchExpressions.values: Required value: "
        "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
    ]


def test_a_status():
    made, _ = play.create(NAME, {})
    assert made["status"] == {}
    assert play.status(NAME, made, {"used": {"pods": "-1"}})[1] == [
        'status.used[pods]: Invalid value: "-1": must be greater than or equal to 0'
    ]
