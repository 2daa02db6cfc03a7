"""Answers in the form that was asked for."""

import pytest

from picok8s.api.errors import ApiError
from picok8s.api.resource import preferred
from picok8s.apiserver.messages import Request, Response
from picok8s.apiserver.respond import render

TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


def test_a_review_is_no_table() -> None:
    row = preferred("selfsubjectaccessreviews.authorization.k8s.io")
    review = {"kind": row.kind, "apiVersion": row.api_version, "metadata": {}, "spec": {}, "status": {"allowed": True}}
    with pytest.raises(ApiError) as refused:
        render(Response(201, obj=review, resource=row), Request("POST", "/", headers=TABLE), 0.0)
    assert refused.value.code == 406


def test_an_object_is_a_table_of_one_row() -> None:
    row = preferred("configmaps")
    obj = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"},
    }
    body, media = render(Response(obj=obj, resource=row), Request("GET", "/", headers=TABLE), 1.8e9)
    assert media == "application/json" and body.count(b'"cells"') == 1
