"""Where pods want to run."""

from picok8s.apiserver.kinds import affinity


def told(errors):
    return [str(error) for error in errors]


def test_node_affinity():
    found = affinity.validate_affinity(
        {"nodeAffinity": {affinity.REQUIRED: {"nodeSelectorTerms": []}, affinity.PREFERRED: [{"weight": 101}]}}, "a"
    )
    assert told(found) == [
        f"a.nodeAffinity.{affinity.REQUIRED}.nodeSelectorTerms: Required value: "
        "must have at least one node selector term",
        f"a.nodeAffinity.{affinity.PREFERRED}[0].weight: Invalid value: 101: must be in the range 1-100",
    ]


def test_a_key_is_matched_once():
    term = {"topologyKey": "z", "matchLabelKeys": ["a"], "labelSelector": {"matchLabels": {"a": "b"}}}
    assert affinity.pod_term(term, "t") == []
    term["labelSelector"]["matchExpressions"] = [{"key": "a", "operator": "Exists"}]
    assert told(affinity.pod_term(term, "t")) == [
        't[0]: Invalid value: "a": exists in both matchLabelKeys and labelSelector'
    ]


def test_spreading():
    one = {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}
    assert affinity.validate_spreading([one], "s") == []
    assert told(affinity.validate_spreading([one, {**one, "minDomains": 1}], "s")) == [
        's[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, ScheduleAnyway}"',
        "s[1].minDomains: Invalid value: 1: "
        "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
    ]


def test_tolerations():
    found = affinity.validate_tolerations(
        [{"operator": "Exists"}, {"key": "a", "operator": "Lt"}, {"key": "a", "value": "b", "operator": "Exists"}], "t"
    )
    assert told(found) == [
        't[1].operator: Unsupported value: "Lt": supported values: "Equal", "Exists", "Lt", "Gt"',
        "t[2].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
    ]
