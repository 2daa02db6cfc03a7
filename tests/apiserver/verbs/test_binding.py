"""The binding of a pod passes admission."""

from tests.apiserver.door import POD, PODS, Door, with_server


@with_server
async def test_a_bound_pod_carries_the_zone_of_its_node(door: Door) -> None:
    zone = {"topology.kubernetes.io/zone": "z"}
    await door.ask(
        "POST /api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": zone}}
    )
    await door.ask(f"POST {PODS}", POD)
    target = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n"}}
    assert (await door.ask(f"POST {PODS}/a/binding", target))[0] == 201
    _, pod = await door.ask(f"GET {PODS}/a")
    assert pod["metadata"]["labels"] == zone and pod["spec"]["nodeName"] == "n"
