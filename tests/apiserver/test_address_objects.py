"""The objects that show the addresses of services."""

from picok8s.apiserver import address_objects
from tests.apiserver.door import Door, with_server

SERVICES = "/api/v1/namespaces/default/services"
ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses"


def service(**spec: object) -> dict:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}], **spec}}


def test_a_service_without_an_address_has_none():
    for ips in (["None"], [], [""]):
        headless = {"metadata": {"name": "a", "namespace": "default"}, "spec": {"clusterIPs": ips}}
        assert address_objects.of(headless) == {}


@with_server
async def test_an_address_comes_changes_and_goes_with_its_service(door: Door) -> None:
    _, made = await door.ask(f"POST {SERVICES}", service())
    where = f"{ADDRESSES}/{made['spec']['clusterIP']}"
    _, address = await door.ask(f"GET {where}")
    assert address["spec"]["parentRef"] == {"resource": "services", "namespace": "default", "name": "a"}
    merge = {"content_type": "application/merge-patch+json"}
    away = {"spec": {"type": "ExternalName", "externalName": "example.com", "clusterIP": None, "clusterIPs": None}}
    assert (await door.ask(f"PATCH {SERVICES}/a", away, **merge))[0] == 200
    assert (await door.ask(f"GET {where}"))[0] == 404
    await door.ask(f"DELETE {SERVICES}/a")
    code, _ = await door.ask(f"POST {SERVICES}?dryRun=All", service(clusterIP="10.152.183.77"))
    assert code == 201 and (await door.ask(f"GET {ADDRESSES}/10.152.183.77"))[0] == 404


@with_server
async def test_a_start_puts_right_what_a_crash_left(door: Door) -> None:
    assert (await door.ask(f"GET {ADDRESSES}/10.152.183.1"))[0] == 200  # Of the API's own service.
    _, made = await door.ask(f"POST {SERVICES}", service())
    where = f"{ADDRESSES}/{made['spec']['clusterIP']}"
    await door.ask(f"DELETE {where}")
    await address_objects.repair(door.server)
    assert (await door.ask(f"GET {where}"))[0] == 200
