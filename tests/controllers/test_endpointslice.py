"""EndpointSlices: who is behind a service, and how few writes a change costs."""

from picok8s.controllers.endpointslice import CONTROLLER, MANAGER, MANAGER_LABEL, SERVICE_LABEL
from picok8s.reconcile.writes import Create, Delete, Update
from tests import play
from tests.make import node, of, pod

LABELS = {"app": "web"}


def service(**spec):
    return of("v1", "Service", "web", {"selector": LABELS, "ports": [{"port": 80, "targetPort": 8080}], **spec})


def slice_of(made):
    return made.of(Create)[0].obj


def kept(name, obj):
    return {**obj, "metadata": {**obj["metadata"], "name": name, "uid": name, "resourceVersion": "1"}}


def run(svc, pods=(), slices=(), nodes=()):
    return play.run(
        CONTROLLER, svc, pods=list(pods), nodes=list(nodes), **{"endpointslices.discovery.k8s.io": list(slices)}
    )


def test_tells_ready_serving_and_terminating_apart():
    found = [
        pod("ready", ip="10.1.0.2", ready=1, labels=LABELS),
        pod("young", ip="10.1.0.3", labels=LABELS, phase="Running"),
        pod("leaving", ip="10.1.0.4", ready=1, labels=LABELS, deleted=True),
        pod("done", ip="10.1.0.5", phase="Succeeded", labels=LABELS),
    ]
    states = {e["targetRef"]["name"]: e["conditions"] for e in slice_of(run(service(), found))["endpoints"]}
    assert states == {
        "ready": {"ready": True, "serving": True, "terminating": False},
        "young": {"ready": False, "serving": False, "terminating": False},
        "leaving": {"ready": False, "serving": True, "terminating": True},
    }


def test_named_ports_are_those_of_each_pod():
    def named(name, number):
        ports = [{"name": "http", "containerPort": number}]
        return pod(name, ip=f"10.1.0.{number}", labels=LABELS, containers=[{"name": "c", "ports": ports}])

    made = run(service(ports=[{"name": "web", "port": 80, "targetPort": "http"}]), [named("a", 81), named("b", 82)])
    assert sorted(write.obj["ports"][0]["port"] for write in made.of(Create)) == [81, 82]


def test_a_service_without_pods_has_an_empty_slice():
    made = slice_of(run(service()))
    assert made["endpoints"] == [] and made["ports"] == []
    assert made["metadata"]["labels"] == {SERVICE_LABEL: "web", MANAGER_LABEL: MANAGER}


def test_zones_come_from_nodes():
    where = node("n1", labels={"topology.kubernetes.io/zone": "z1"})
    (endpoint,) = slice_of(run(service(), [pod("a", ip="10.1.0.2", node="n1", labels=LABELS)], nodes=[where]))[
        "endpoints"
    ]
    assert (endpoint["nodeName"], endpoint["zone"]) == ("n1", "z1")


def test_what_is_right_is_not_written_again():
    found = [pod("a", ip="10.1.0.2", ready=1, labels=LABELS)]
    old = kept("web-1", slice_of(run(service(), found)))
    assert run(service(), found, [old]).kinds == []


def test_a_hundred_fit_in_a_slice_and_one_more_changes_one_only():
    found = [pod(f"p{n}", ip=f"10.1.1.{n}", ready=1, labels=LABELS) for n in range(150)]
    made = run(service(), found)
    old = [kept(f"web-{n}", write.obj) for n, write in enumerate(made.of(Create))]
    assert [len(one["endpoints"]) for one in old] == [100, 50]
    more = run(service(), [*found, pod("new", ip="10.1.2.1", ready=1, labels=LABELS)], old)
    assert more.kinds == ["Update"] and len(more.of(Update)[0].obj["endpoints"]) == 51


def test_headless_services_carry_their_label_and_host_names():
    named = pod("a", ip="10.1.0.2", labels=LABELS, hostname="db-0", subdomain="web")
    made = slice_of(run(service(clusterIP="None"), [named]))
    assert made["metadata"]["labels"]["service.kubernetes.io/headless"] == ""
    assert made["endpoints"][0]["hostname"] == "db-0"


def test_slices_go_with_their_service():
    old = kept("web-1", slice_of(run(service())))
    made = play.run(CONTROLLER, ("default", "web"), **{"endpointslices.discovery.k8s.io": [old]})
    assert len(made.of(Delete)) == 1
