"""Acting as another user: the Impersonate headers, and who may use them.

Two ways lead to it. Constrained impersonation (KEP-5284) wants the right to do this request on behalf of such a user
(`impersonate-on:MODE:VERB`) and to be him (`impersonate:MODE`); the older way wants `impersonate` on each part of him.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import unquote

import orjson

from picok8s.api.errors import ApiError, bad_request
from picok8s.apiserver import rbac, users
from picok8s.apiserver.rbac import Attributes
from picok8s.apiserver.users import User

Object = dict[str, Any]

AUTHENTICATION = "authentication.k8s.io"
EXTRA_PREFIX = "impersonate-extra-"
SEPARATOR = "\x00"  # Between the values of a repeated header.
NODE_MODES = ("associated-node", "arbitrary-node")
NODE_NAME = "authentication.kubernetes.io/node-name"


class Decider(Protocol):
    def decide(self, wanted: Attributes) -> tuple[bool, str]: ...


def wanted_user(headers: dict[str, str]) -> User | None:
    """The user that the headers (names in lower case) ask to act as, as they say it; None when they ask nothing."""
    name = headers.get("impersonate-user", "").split(SEPARATOR)[0]
    uid = headers.get("impersonate-uid", "").split(SEPARATOR)[0]
    asked = headers.get("impersonate-group")
    groups = tuple(asked.split(SEPARATOR)) if asked is not None else ()
    extra: dict[str, list[str]] = {}
    for header, value in headers.items():
        if header.startswith(EXTRA_PREFIX):
            extra.setdefault(unquote(header.removeprefix(EXTRA_PREFIX)).lower(), []).extend(value.split(SEPARATOR))
    if name:
        return users.user(name, uid, groups, extra)
    if uid or groups or extra:
        raise bad_request(f"requested {_go(uid, groups, extra)} without impersonating a user name")
    return None


def _go(uid: str, groups: tuple[str, ...], extra: dict[str, list[str]]) -> str:
    """The asked user without a name, as Go prints its structure."""
    shown_groups = _strings(groups) if groups else "[]string(nil)"
    pairs = ", ".join(f"{_quoted(key)}:{_strings(values)}" for key, values in sorted(extra.items()))
    shown_extra = f"map[string][]string{{{pairs}}}" if extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:{_quoted(uid)}, Groups:{shown_groups}, Extra:{shown_extra}}}'


def _strings(values: Any) -> str:
    return f"[]string{{{', '.join(_quoted(value) for value in values)}}}"


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def acting(authorizer: Decider, requestor: User, headers: dict[str, str], request: Attributes) -> User:
    """The user that acts: the requestor, or whom he may and wants to act as. Raises 400, 403."""
    if not any(header.startswith("impersonate-") for header in headers):
        return requestor
    wanted = wanted_user(headers)
    if wanted is None:
        return requestor
    # The older way goes first where it is allowed, so that what a master gets does not depend on the modes;
    # the refusal that is told is the one of the constrained modes.
    refusal = _refused(authorizer, requestor, wanted, request, "")
    if refusal is None:
        return completed(wanted)
    told: ApiError | None = None
    for mode in _constrained(wanted, requestor):
        refusal = _refused(authorizer, requestor, wanted, request, mode)
        if refusal is None:
            return completed(replace(wanted, groups=(users.NODES,)) if mode in NODE_MODES else wanted)
        told = told or refusal
    raise told or refusal


def completed(wanted: User) -> User:
    """The asked user with the groups that follow from his name."""
    account = users.account_of(wanted.name)
    groups = wanted.groups or (users.account_groups(account[0]) if account else ())
    if wanted.name == users.ANONYMOUS:
        missing = () if users.UNAUTHENTICATED in groups else (users.UNAUTHENTICATED,)
        return replace(wanted, groups=(*groups, *missing))
    return users.authenticated(replace(wanted, groups=groups))


def _constrained(wanted: User, requestor: User) -> Iterator[str]:
    """The constrained modes that fit the asked user, in their order."""
    only_name = not (wanted.uid or wanted.groups or wanted.extra)
    if wanted.name.startswith(users.NODE_PREFIX):
        node = wanted.name.removeprefix(users.NODE_PREFIX)
        if only_name and users.account_of(requestor.name) and requestor.extra_values(NODE_NAME) == (node,):
            yield "associated-node"
        if only_name:
            yield "arbitrary-node"
    elif users.account_of(wanted.name):
        if only_name:
            yield "serviceaccount"
    else:
        yield "user-info"


def _refused(authorizer: Decider, requestor: User, wanted: User, request: Attributes, mode: str) -> ApiError | None:
    """Why one way does not let the requestor act as the user; None when it does."""
    checks = list(_checks(requestor, wanted, mode))
    if mode:
        on_behalf = replace(request, user=requestor, verb=f"impersonate-on:{mode}:{request.verb}")
        for group in wanted.groups:
            if group in ("", users.MASTERS):
                what = f"{group} group" if group else "empty string group"
                refused = Attributes(requestor, f"impersonate:{mode}", AUTHENTICATION, "v1", "groups", name=group)
                return rbac.refusal(refused, f"impersonating the {what} is not allowed")
        checks.insert(0, on_behalf)
    for check in checks:
        allowed, reason = authorizer.decide(check)
        if not allowed:
            return rbac.refusal(check, reason)
    return None


def _checks(requestor: User, wanted: User, mode: str) -> Iterator[Attributes]:
    """The rights that a way wants: on the name, the UID, each group and each value of extra."""
    verb = f"impersonate:{mode}" if mode else "impersonate"
    group, version = (AUTHENTICATION, "v1") if mode else ("", "v1")
    account = users.account_of(wanted.name)
    if mode in NODE_MODES:
        node = "*" if mode == "associated-node" else wanted.name.removeprefix(users.NODE_PREFIX)
        yield Attributes(requestor, verb, group, version, "nodes", name=node)
    elif account is not None:
        namespace, name = account
        yield Attributes(requestor, verb, group, version, "serviceaccounts", namespace=namespace, name=name)
    else:
        yield Attributes(requestor, verb, group, version, "users", name=wanted.name)
    if wanted.uid:
        yield Attributes(requestor, verb, AUTHENTICATION, "v1", "uids", name=wanted.uid)
    for name in wanted.groups:
        yield Attributes(requestor, verb, group, version, "groups", name=name)
    for key, values in wanted.extra:
        for value in values:
            yield Attributes(requestor, verb, AUTHENTICATION, "v1", "userextras", key, name=value)
