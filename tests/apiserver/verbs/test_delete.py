"""DELETE, through a server."""

from tests.apiserver.door import POD, PODS, Door, with_server


@with_server
async def test_watchers_see_a_pod_end_before_it_goes(door: Door) -> None:
    _, made = await door.ask(f"POST {PODS}", POD)
    await door.ask(f"DELETE {PODS}/a")
    since = made["metadata"]["resourceVersion"]
    _, events = await door.ask(f"GET {PODS}?watch=true&timeoutSeconds=1&resourceVersion={since}")
    assert [event["type"] for event in events] == ["MODIFIED", "DELETED"]
    assert all(event["object"]["metadata"]["deletionGracePeriodSeconds"] == 0 for event in events)


@with_server
async def test_a_precondition_names_the_kind_with_its_group(door: Door) -> None:
    leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    await door.ask(
        f"POST {leases}", {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}}
    )
    code, body = await door.ask(f"DELETE {leases}/a", {"preconditions": {"uid": "other"}})
    assert code == 409 and body["message"].startswith("Operation cannot be fulfilled on Lease.coordination.k8s.io")
