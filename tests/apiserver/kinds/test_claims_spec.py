"""The spec of a claim."""

from picok8s.apiserver.kinds.claims_spec import annotation_errors, validate_spec, validate_template

GOOD = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def told(errors):
    return [str(error) for error in errors]


def test_what_a_claim_must_say():
    assert validate_spec(GOOD) == []
    assert told(validate_spec({})) == [
        "spec.accessModes: Required value: at least 1 access mode is required",
        "spec.resources[storage]: Required value",
    ]


def test_one_pod_alone_excludes_the_other_modes():
    assert told(validate_spec({**GOOD, "accessModes": ["ReadWriteOncePod", "ReadOnlyMany"]})) == [
        "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"
    ]


def test_both_sources_agree():
    source = {"kind": "PersistentVolumeClaim", "name": "a"}
    assert validate_spec({**GOOD, "dataSource": source, "dataSourceRef": dict(source)}) == []
    assert told(validate_spec({**GOOD, "dataSource": source, "dataSourceRef": {**source, "name": "b"}})) == [
        'spec: Invalid value: "spec.dataSource": must match dataSourceRef'
    ]


def test_a_template_has_labels_and_annotations_only():
    assert told(validate_template({"metadata": {"labels": {"a": "b"}, "name": "x"}, "spec": GOOD}, "t")) == [
        "t.metadata.name: Forbidden: cannot be set"
    ]


def test_annotations():
    assert annotation_errors({"A.example.com/X": "y"}, "a") == []
    assert len(annotation_errors({"a b": "y", "c": "x" * 262144}, "a")) == 2
