"""Paths to meanings, through a server."""

from tests.apiserver.door import POD, PODS, Door, with_server


@with_server
async def test_paths_that_are_none(door: Door) -> None:
    for what in ("GET /api/v1//namespaces/default/pods", "GET /api/v1/namespaces//pods", f"GET {PODS}/a%2Fb"):
        code, body = await door.ask(what)
        assert (code, body["message"]) == (404, "the server could not find the requested resource"), what
    assert (await door.ask("POST /api/v1/pods", POD))[0] == 405
    assert (await door.ask(f"GET {PODS}/a%20b"))[1]["message"] == 'pods "a b" not found'


@with_server
async def test_one_object_by_name_is_no_watch(door: Door) -> None:
    await door.ask(f"POST {PODS}", POD)
    code, body = await door.ask(f"GET {PODS}/a?watch=true")
    assert (code, body["kind"]) == (200, "Pod")
