"""A fresh cluster, and how an older one is repaired."""

from picok8s.apiserver import bootstrap

PLACE = bootstrap.Place(("192.0.2.2", "192.0.2.1"), 16443, client_ca="CA", request_header_ca="PROXY")


def found(resource: str, name: str) -> dict:
    return next(obj for r, obj in bootstrap.objects(PLACE) if r == resource and obj["metadata"]["name"] == name)


def test_namespaces_come_first_and_all_is_typed():
    listed = bootstrap.objects(PLACE)
    assert [obj["metadata"]["name"] for _, obj in listed[:4]] == [
        "default",
        "kube-node-lease",
        "kube-public",
        "kube-system",
    ]
    assert all(obj["apiVersion"] and obj["kind"] for _, obj in listed)


def test_the_service_leads_to_every_server():
    service, slice_ = found("services", "kubernetes"), found("endpointslices.discovery.k8s.io", "kubernetes")
    assert service["spec"]["clusterIP"] == "10.152.183.1"
    assert [e["addresses"] for e in slice_["endpoints"]] == [["192.0.2.1"], ["192.0.2.2"]]


def test_what_is_as_it_should_be_is_left_alone():
    assert all(bootstrap.repaired(resource, obj, obj) is None for resource, obj in bootstrap.objects(PLACE))


def test_lost_rules_come_back_and_others_stay():
    resource, wanted = (
        "clusterroles.rbac.authorization.k8s.io",
        found("clusterroles.rbac.authorization.k8s.io", "system:discovery"),
    )
    own = {"verbs": ["get"], "nonResourceURLs": ["/mine"]}
    fixed = bootstrap.repaired(resource, wanted, {**wanted, "rules": [own]})
    assert fixed["rules"][0] == own
    assert bootstrap.repaired(resource, wanted, fixed) is None


def test_who_says_no_updates_gets_none():
    resource, wanted = (
        "clusterroles.rbac.authorization.k8s.io",
        found("clusterroles.rbac.authorization.k8s.io", "system:discovery"),
    )
    off = {**wanted["metadata"], "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "false"}}
    assert bootstrap.repaired(resource, wanted, {**wanted, "metadata": off, "rules": []}) is None


def test_a_moved_server_is_followed():
    wanted = found("endpoints", "kubernetes")
    fixed = bootstrap.repaired("endpoints", wanted, {**wanted, "subsets": []})
    assert fixed["subsets"] == wanted["subsets"]
