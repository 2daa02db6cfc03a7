"""Tables: the columns of every kind, and the cells that take some thought."""

import json
from typing import Any

import pytest

from picok8s.api.resource import Resource, facts, preferred
from picok8s.wire import table
from picok8s.wire.cells import ROWS

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z
BORN = {"name": "a", "namespace": "n", "creationTimestamp": "2025-12-31T23:54:57Z"}

PRINTED = [resource for resource in facts() if resource.columns]


def cells(name: str, **obj: Any) -> dict[str, Any]:
    resource = preferred(name)
    metadata = {**BORN, **obj.pop("metadata", {})}
    row = table.row(resource, {"metadata": metadata, **obj}, "None", "v1", NOW)
    return dict(zip([column["name"] for column in resource.columns], row["cells"], strict=True))


@pytest.mark.parametrize("resource", PRINTED, ids=lambda r: f"{r.name}/{r.version}")
def test_an_empty_object_of_every_kind_has_a_cell_for_each_column(resource: Resource) -> None:
    row = table.row(resource, {"metadata": BORN}, "Metadata", "v1", NOW)
    assert len(row["cells"]) == len(resource.columns)
    assert row["object"]["kind"] == "PartialObjectMetadata"
    json.dumps(row)


def test_every_row_belongs_to_a_kind() -> None:
    assert {name.split("/")[0] for name in ROWS} == {resource.name for resource in PRINTED}


def test_a_table() -> None:
    made = table.table(preferred("configmaps"), [{"metadata": BORN, "data": {"x": "1"}}], "None", {}, "v1", NOW)
    assert made["rows"] == [{"cells": ["a", 1, "5m3s"], "object": None}]
    name, data, age = made["columnDefinitions"]
    assert list(name) == ["name", "type", "format", "description", "priority"]
    assert data["description"].startswith("Data contains the configuration data.")
    assert age["description"].startswith("CreationTimestamp is a timestamp")


def container(state: dict, **more: Any) -> dict:
    return {"name": "c", "ready": False, "restartCount": 0, "state": state, **more}


ENDED = {"terminated": {"exitCode": 0, "reason": "Completed"}}


@pytest.mark.parametrize(
    "status, ready, told",
    [
        ({"phase": "Pending"}, "0/1", "Pending"),
        ({"phase": "Running", "containerStatuses": [container({"running": {}}, ready=True)]}, "1/1", "Running"),
        ({"phase": "Succeeded", "containerStatuses": [container(ENDED)]}, "0/1", "Completed"),
        ({"containerStatuses": [container({"terminated": {"exitCode": 137, "signal": 9}})]}, "0/1", "Signal:9"),
        ({"containerStatuses": [container({"waiting": {"reason": "ImagePullBackOff"}})]}, "0/1", "ImagePullBackOff"),
        ({"phase": "Failed", "reason": "Evicted"}, "0/1", "Evicted"),
        (
            {"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]},
            "0/1",
            "SchedulingGated",
        ),
    ],
)
def test_the_state_of_a_pod(status: dict, ready: str, told: str) -> None:
    row = cells("pods", spec={"containers": [{"name": "c"}]}, status=status)
    assert (row["Ready"], row["Status"]) == (ready, told)


@pytest.mark.parametrize(
    "state, told",
    [
        ({"terminated": {"exitCode": 2}}, "Init:ExitCode:2"),
        ({"terminated": {"exitCode": 1, "reason": "Error"}}, "Init:Error"),
        ({"waiting": {"reason": "CrashLoopBackOff"}}, "Init:CrashLoopBackOff"),
        ({"waiting": {"reason": "PodInitializing"}}, "Init:1/2"),
        ({"running": {}}, "Init:1/2"),
    ],
)
def test_the_state_of_a_pod_that_begins(state: dict, told: str) -> None:
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": "a"}, {"name": "b"}]}
    first = {"name": "a", "state": {"terminated": {"exitCode": 0}}}
    row = cells("pods", spec=spec, status={"initContainerStatuses": [first, {"name": "b", "state": state}]})
    assert row["Status"] == told


def test_a_sidecar_counts_as_a_container() -> None:
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": "s", "restartPolicy": "Always"}]}
    status = {
        "phase": "Running",
        "initContainerStatuses": [{"name": "s", "ready": True, "started": True, "restartCount": 2}],
        "containerStatuses": [container({"running": {}}, ready=True)],
    }
    row = cells("pods", spec=spec, status=status)
    assert (row["Ready"], row["Restarts"]) == ("2/2", "2")


def test_restarts_tell_when() -> None:
    last = {"terminated": {"exitCode": 1, "finishedAt": "2025-12-31T23:59:30Z"}}
    status = {"containerStatuses": [container({"running": {}}, restartCount=3, lastState=last)]}
    assert cells("pods", status=status)["Restarts"] == "3 (30s ago)"


def test_a_pod_that_is_being_deleted_and_one_that_is_done() -> None:
    assert cells("pods", metadata={"deletionTimestamp": "x"}, status={"phase": "Running"})["Status"] == "Terminating"
    row = table.row(preferred("pods"), {"metadata": BORN, "status": {"phase": "Failed"}}, "None", "v1", NOW)
    assert [condition["reason"] for condition in row["conditions"]] == ["Failed"]


@pytest.mark.parametrize(
    "spec, status, external",
    [
        ({"type": "ClusterIP"}, {}, "<none>"),
        ({"type": "NodePort", "externalIPs": ["1.2.3.4", "1.2.3.5"]}, {}, "1.2.3.4,1.2.3.5"),
        ({"type": "LoadBalancer"}, {}, "<pending>"),
        ({"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"hostname": "h"}, {"ip": "1.2.3.4"}]}}, "1.2.3.4,h"),
        ({"type": "ExternalName", "externalName": "x.y"}, {}, "x.y"),
    ],
)
def test_where_a_service_is_found(spec: dict, status: dict, external: str) -> None:
    assert cells("services", spec=spec, status=status)["External-IP"] == external


def test_ports_of_a_service() -> None:
    ports = [{"port": 80, "protocol": "TCP"}, {"port": 53, "nodePort": 30053, "protocol": "UDP"}]
    assert cells("services", spec={"ports": ports})["Port(s)"] == "80/TCP,53:30053/UDP"


def test_a_node() -> None:
    labels = {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "x"}
    row = cells(
        "nodes",
        metadata={"labels": labels},
        spec={"unschedulable": True},
        status={
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2"},
        },
    )
    assert row["Status"] == "Ready,SchedulingDisabled"
    assert row["Roles"] == "control-plane,x"
    assert (row["Internal-IP"], row["External-IP"], row["OS-Image"]) == ("10.0.0.1", "<none>", "<unknown>")


def test_many_endpoints_are_counted() -> None:
    subsets = [{"addresses": [{"ip": f"10.0.0.{i}"} for i in range(5)], "ports": [{"port": 80}]}]
    assert cells("endpoints", subsets=subsets)["Endpoints"] == "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."


@pytest.mark.parametrize(
    "status, state, took",
    [
        ({}, "Running", ""),
        ({"startTime": "2025-12-31T23:59:00Z"}, "Running", "60s"),
        (
            {
                "startTime": "2025-12-31T23:00:00Z",
                "completionTime": "2025-12-31T23:00:07Z",
                "conditions": [{"type": "Complete", "status": "True"}],
            },
            "Complete",
            "7s",
        ),
        ({"conditions": [{"type": "Suspended", "status": "True"}]}, "Suspended", ""),
    ],
)
def test_a_job(status: dict, state: str, took: str) -> None:
    row = cells("jobs.batch", spec={"completions": 3}, status=status)
    assert (row["Status"], row["Completions"], row["Duration"]) == (state, "0/3", took)


def test_the_targets_of_an_autoscaler() -> None:
    metrics = [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}},
        {"type": "Pods", "pods": {"target": {"averageValue": "5"}}},
        {"type": "External", "external": {"target": {"value": "7"}}},
    ]
    current = [{"type": "Resource", "resource": {"current": {"averageUtilization": 55}}}]
    row = cells("horizontalpodautoscalers.autoscaling", spec={"metrics": metrics}, status={"currentMetrics": current})
    assert row["Targets"] == "cpu: 55%/80%, <unknown>/5 + 1 more..."


def test_a_quota_tells_limits_apart() -> None:
    status = {"hard": {"pods": "2", "limits.cpu": "1"}, "used": {"pods": "1"}}
    row = cells("resourcequotas", status=status)
    assert (row["Request"], row["Limit"]) == ("pods: 1/2", "limits.cpu: 0/1")


def test_events_of_both_groups() -> None:
    about = {"kind": "Pod", "name": "p"}
    old = cells("events", involvedObject=about, lastTimestamp="2025-12-31T23:59:00Z", count=4, message=" m ")
    assert (old["Last Seen"], old["Object"], old["Count"], old["Message"]) == ("60s", "pod/p", 4, "m")
    new = cells("events.events.k8s.io", regarding=about, eventTime="2025-12-31T23:59:00.000000Z", note="m")
    assert (new["Last Seen"], new["Object"], new["Count"], new["Message"]) == ("60s", "pod/p", 1, "m")


CUSTOM = Resource("x.io", "v1", "widgets", "Widget", "widget", True, frozenset(("get",)))


def test_a_custom_resource_has_its_name_and_age() -> None:
    made = table.table(CUSTOM, [{"metadata": BORN}], "None", {}, "v1", NOW)
    assert [column["name"] for column in made["columnDefinitions"]] == ["Name", "Age"]
    assert made["rows"][0]["cells"] == ["a", "5m3s"]


@pytest.mark.parametrize(
    "kind, path, cell",
    [
        ("string", ".spec.color", "red"),
        ("string", ".spec.n", "3"),
        ("string", ".spec.obj", '{"x":1}'),
        ("string", ".spec.hosts[*]", "a"),
        ("integer", ".spec.n", 3),
        ("integer", ".spec.color", None),
        ("number", ".spec.f", 1.5),
        ("boolean", ".spec.ok", True),
        ("date", ".spec.color", "<invalid>"),
        ("date", ".metadata.creationTimestamp", "5m3s"),
        ("string", ".spec.none", None),
    ],
)
def test_printer_columns(kind: str, path: str, cell: Any) -> None:
    spec = {"color": "red", "n": 3, "f": 1.5, "ok": True, "hosts": ["a", "b"], "obj": {"x": 1}}
    resource = Resource(
        "x.io",
        "v1",
        "widgets",
        "Widget",
        "widget",
        True,
        frozenset(),
        columns=({"name": "C", "type": kind, "jsonPath": path},),
    )
    assert table.row(resource, {"metadata": BORN, "spec": spec}, "None", "v1", NOW)["cells"] == ["a", cell]
