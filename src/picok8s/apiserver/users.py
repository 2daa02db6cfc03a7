"""Who makes a request: the user's record and the names that Kubernetes reserves.

A user is a value: two requests of the same client carry equal users, so that answers about them can be cached.
"""

import re
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS = "system:anonymous"
NODES = "system:nodes"
NODE_PREFIX = "system:node:"
ACCOUNT_PREFIX = "system:serviceaccount:"
ACCOUNTS = "system:serviceaccounts"

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class User:
    """A user as authenticated or impersonated. `extra` is sorted by key."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def is_master(self) -> bool:
        return MASTERS in self.groups

    def extra_values(self, key: str) -> tuple[str, ...]:
        return next((values for found, values in self.extra if found == key), ())


def user(name: str, uid: str = "", groups: tuple[str, ...] = (), extra: dict[str, list[str]] | None = None) -> User:
    """A User from the plain parts, `extra` as a map."""
    pairs = tuple(sorted((key, tuple(values or ())) for key, values in (extra or {}).items()))
    return User(name, uid, tuple(groups), pairs)


def authenticated(who: User) -> User:
    """`who` with the group that everybody who has logged in is in."""
    if AUTHENTICATED in who.groups or UNAUTHENTICATED in who.groups:
        return who
    return User(who.name, who.uid, (*who.groups, AUTHENTICATED), who.extra)


ANONYMOUS_USER = User(ANONYMOUS, groups=(UNAUTHENTICATED,))


def info(who: User) -> Object:
    """The UserInfo that reviews, webhooks and policies are shown."""
    out: Object = {}
    if who.name:
        out["username"] = who.name
    if who.uid:
        out["uid"] = who.uid
    if who.groups:
        out["groups"] = list(who.groups)
    if who.extra:
        out["extra"] = {key: list(values) for key, values in who.extra}
    return out


def account_name(namespace: str, name: str) -> str:
    return f"{ACCOUNT_PREFIX}{namespace}:{name}"


def account_groups(namespace: str) -> tuple[str, str]:
    return (ACCOUNTS, f"{ACCOUNTS}:{namespace}")


def account_of(username: str) -> tuple[str, str] | None:
    """(namespace, name) of the service account that a user name means."""
    if not username.startswith(ACCOUNT_PREFIX):
        return None
    namespace, colon, name = username.removeprefix(ACCOUNT_PREFIX).partition(":")
    if not colon or not _LABEL.fullmatch(namespace) or len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        return None
    return namespace, name


def node_of(who: User) -> str | None:
    """The node that a user is: "" for a node without a name, None for who is no node."""
    if not who.name.startswith(NODE_PREFIX) or NODES not in who.groups:
        return None
    return who.name.removeprefix(NODE_PREFIX)
