"""A token request passes admission: a node gets tokens for the pods that it runs alone."""

from tests.apiserver.door import POD, PODS, Door, with_server

TOKEN = "/api/v1/namespaces/default/serviceaccounts/default/token"


@with_server
async def test_a_node_gets_no_token_for_another_nodes_pod(door: Door) -> None:
    _, pod = await door.ask(
        f"POST {PODS}", {**POD, "spec": {**POD["spec"], "nodeName": "mine", "automountServiceAccountToken": True}}
    )
    to = {"kind": "Pod", "apiVersion": "v1", "name": "a", "uid": pod["metadata"]["uid"]}
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"boundObjectRef": to}}

    async def by(node: str) -> int:
        who = {"impersonate_user": f"system:node:{node}", "impersonate_group": "system:nodes"}
        return (await door.ask(f"POST {TOKEN}", asked, **who))[0]

    assert (await by("mine"), await by("other")) == (201, 403)
