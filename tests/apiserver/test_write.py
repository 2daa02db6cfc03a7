"""Creation and replacement, through a server."""

from picok8s.store import store
from tests.apiserver.door import POD, PODS, Door, with_server

EVENTS = "/api/v1/namespaces/default/events"
MAPS = "/api/v1/namespaces/default/configmaps"


def config(**metadata: object) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **metadata}}


@with_server
async def test_a_name_whose_owner_is_ending_is_taken_and_says_so(door: Door) -> None:
    await door.ask(f"POST {MAPS}", config(finalizers=["example.com/held"]))
    assert (await door.ask(f"POST {MAPS}", config()))[1]["message"] == 'configmaps "a" already exists'
    await door.ask(f"DELETE {MAPS}/a")
    code, body = await door.ask(f"POST {MAPS}", config())
    assert (code, body["message"]) == (409, 'object is being deleted: configmaps "a" already exists')


@with_server
async def test_a_generated_name_that_is_taken_is_drawn_again(door: Door) -> None:
    words = iter(("aaaaa", "aaaaa", "bbbbb"))
    door.server.word = lambda length: next(words)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}
    names = [(await door.ask(f"POST {MAPS}", body))[1]["metadata"]["name"] for _ in range(2)]
    assert names == ["x-aaaaa", "x-bbbbb"]


@with_server
async def test_too_large_an_object_is_refused_and_leaves_the_store_whole(door: Door) -> None:
    data = {f"k{number}": "x" * 1000 for number in range(store.OBJECT_MAX // 1000)}
    body = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {"name": "a"},
        "revision": 1,
        "data": data,
    }
    code, refused = await door.ask("POST /apis/apps/v1/namespaces/default/controllerrevisions", body)
    assert (code, refused["message"]) == (500, "etcdserver: request is too large")
    assert (await door.ask(f"POST {MAPS}", config()))[0] == 201


@with_server
async def test_of_an_event_the_metadata_is_judged_last(door: Door) -> None:
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {}, "involvedObject": {"namespace": "other"}}
    _, body = await door.ask(f"POST {EVENTS}", event)
    assert [cause["field"] for cause in body["details"]["causes"]] == ["involvedObject.namespace"]


@with_server
async def test_a_body_of_a_former_version_is_refused_by_its_name(door: Door) -> None:
    body = {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "a"}}
    code, refused = await door.ask("POST /apis/batch/v1/namespaces/default/cronjobs", body)
    assert (code, refused["message"]) == (
        400, "the API version in the data (batch/v1beta1) does not match the expected API version (batch/v1)",
    )  # fmt: skip


@with_server
async def test_a_revision_that_is_no_number(door: Door) -> None:
    await door.ask(f"POST {PODS}", POD)
    code, body = await door.ask(f"PUT {PODS}/a", {**POD, "metadata": {"name": "a", "resourceVersion": "x"}})
    assert (code, body["message"]) == (500, 'strconv.ParseUint: parsing "x": invalid syntax')
