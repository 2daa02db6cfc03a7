"""Service account tokens for the pods of the node: asked for when needed, renewed at four fifths of their life."""

from typing import Any

from picok8s.api import moment
from picok8s.client.calls import Calls
from picok8s.node.world import World

Object = dict[str, Any]

LIFE_SHARE = 0.8
RENEW_SECONDS_MAX = 24 * 3600.0
RETRY_SECONDS = 10.0


class Tokens:
    def __init__(self, calls: Calls, world: World) -> None:
        self._calls = calls
        self._world = world
        self._held: dict[
            tuple[str, str, int], tuple[str, float]
        ] = {}  # (pod uid, audience, seconds) -> token, renew at

    async def get(self, pod: Object, audience: str, seconds: int) -> str:
        """A token that is good for a while yet. An old one serves on when the server does not answer."""
        key = (pod["metadata"]["uid"], audience, seconds)
        token, renew_at = self._held.get(key, ("", 0.0))
        if token and self._world.now() < renew_at:
            return token
        account = pod["spec"].get("serviceAccountName") or "default"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {"name": account, "namespace": pod["metadata"]["namespace"]},
            "spec": {
                "audiences": [audience] if audience else [],
                "expirationSeconds": seconds,
                "boundObjectRef": {
                    "kind": "Pod",
                    "apiVersion": "v1",
                    "name": pod["metadata"]["name"],
                    "uid": pod["metadata"]["uid"],
                },
            },
        }
        if not audience:
            del request["spec"]["audiences"]
        answer = await self._calls.create("serviceaccounts", request, "token")
        now = self._world.now()
        life = moment.seconds(answer["status"]["expirationTimestamp"]) - now
        self._held[key] = (answer["status"]["token"], now + min(life * LIFE_SHARE, RENEW_SECONDS_MAX))
        return str(answer["status"]["token"])

    def renew_at(self, uid: str) -> float | None:
        """When the first of a pod's tokens must be renewed."""
        return min((at for (owner, _, _), (_, at) in self._held.items() if owner == uid), default=None)

    def forget(self, uid: str) -> None:
        for key in [key for key in self._held if key[0] == uid]:
            del self._held[key]
