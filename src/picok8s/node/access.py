"""Who may use the node's API: the API server by its certificate, others as the API server answers about them.

No identity is 401, an identity without the right is 403. Answers about tokens and rights are kept for a short while.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from picok8s.api.errors import ApiError
from picok8s.client.calls import Calls

Object = dict[str, Any]

KEPT_SECONDS = 60.0
KEPT_MAX = 256
MASTERS = "system:masters"

# First part of the path -> subresource of nodes that one must have a right to; all else is "proxy".
SUBRESOURCES = {
    "stats": "stats",
    "metrics": "metrics",
    "logs": "log",
    "containerLogs": "log",
    "spec": "spec",
    "healthz": "healthz",
    "pods": "pods",
    "runningpods": "pods",
    "configz": "configz",
}
VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: tuple[str, ...]


@dataclass(slots=True)
class Access:
    calls: Calls
    node: str
    api_client_names: tuple[str, ...]
    _tokens: dict[str, tuple[float, User | None]] = field(default_factory=dict)
    _rights: dict[tuple[User, str, str], tuple[float, bool]] = field(default_factory=dict)

    def of_certificate(self, certificate: Object | None) -> User | None:
        """The user of a verified client certificate, as `ssl` describes it: common name and organizations."""
        if not certificate:
            return None
        rows = [pair for part in certificate.get("subject") or () for pair in part]
        names = [value for key, value in rows if key == "commonName"]
        groups = tuple(value for key, value in rows if key == "organizationName")
        return User(names[0], groups) if names else None

    async def of_token(self, token: str, now: float) -> User | None:
        mark = hashlib.sha256(token.encode()).hexdigest()
        until, user = self._tokens.get(mark, (0.0, None))
        if now < until:
            return user
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "metadata": {},
            "spec": {"token": token},
        }
        status = (await self.calls.create("tokenreviews.authentication.k8s.io", review)).get("status") or {}
        found = status.get("user") or {}
        user = (
            User(found.get("username", ""), tuple(found.get("groups") or ())) if status.get("authenticated") else None
        )
        _keep(self._tokens, mark, (now + KEPT_SECONDS, user))
        return user

    async def may(self, user: User, method: str, path: str, now: float) -> bool:
        if MASTERS in user.groups or user.name in self.api_client_names:
            return True
        verb = VERBS.get(method, "get")
        subresource = SUBRESOURCES.get(path.strip("/").split("/")[0], "proxy")
        key = (user, verb, subresource)
        until, allowed = self._rights.get(key, (0.0, False))
        if now < until:
            return allowed
        wanted = {"verb": verb, "version": "v1", "resource": "nodes", "subresource": subresource, "name": self.node}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {"user": user.name, "groups": list(user.groups), "resourceAttributes": wanted},
        }
        try:
            answer = await self.calls.create("subjectaccessreviews.authorization.k8s.io", review)
        except ApiError:
            return False
        allowed = bool((answer.get("status") or {}).get("allowed"))
        _keep(self._rights, key, (now + KEPT_SECONDS, allowed))
        return allowed


def _keep(table: dict[Any, Any], key: Any, value: Any) -> None:
    if len(table) >= KEPT_MAX:
        table.pop(next(iter(table)))
    table[key] = value
