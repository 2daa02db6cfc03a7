"""May this user do this? Masters may all; then the node authorizer and RBAC are asked; no answer is a refusal.

`check` is what the path of a request calls; `Authorizer.decide` is what reviews, impersonation and admission ask.
"""

from dataclasses import replace
from typing import Any, Protocol

from picok8s.apiserver import impersonate, rbac
from picok8s.apiserver.lookup import Lookup
from picok8s.apiserver.messages import Call
from picok8s.apiserver.node_rights import NodeRights
from picok8s.apiserver.rbac import Attributes, Rbac
from picok8s.apiserver.users import User, node_of

Object = dict[str, Any]


class Decider(Protocol):
    def decide(self, wanted: Attributes) -> tuple[bool, str]: ...


class Authorizer:
    """The authorizers of a server in their order: masters, Node, RBAC."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self.rbac = Rbac(lookup)
        self._chain: tuple[tuple[str, Decider], ...] = (("node", NodeRights(lookup)), ("rbac", self.rbac))

    def decide(self, wanted: Attributes) -> tuple[bool, str]:
        """Whether the request is allowed, and why: who allows it, or what each authorizer had against it."""
        if wanted.user.is_master:
            return True, ""
        against = []
        for name, authorizer in self._chain:
            allowed, reason = authorizer.decide(wanted)
            if allowed:
                return True, reason
            if reason:
                against.append(f"{name}: {reason}")
        return False, "\n".join(against)

    def rules_for(self, user: User, namespace: str) -> tuple[list[Object], str]:
        """All rules of a user in a namespace, and why they may be incomplete ("" when they are not)."""
        errors = ["node authorizer does not support user rule resolution"] if node_of(user) is not None else []
        rights = self.rbac.rights(user, namespace)
        rules = [rule for rule, _ in rights.rules]
        return rules, ", ".join([*errors, *rights.errors])


def check(authorizer: Authorizer, call: Call) -> None:
    """Settles who acts (`call.user`, when he impersonates) and raises the 403 that a refused call is answered."""
    wanted = attributes(call)
    acting = impersonate.acting(authorizer, call.user, call.request.headers, wanted)
    if acting is not call.user:
        call.user = acting
        wanted = replace(wanted, user=acting)
    allowed, reason = authorizer.decide(wanted)
    if not allowed:
        raise rbac.refusal(wanted, reason)


def attributes(call: Call) -> Attributes:
    """What a call wants. The path counts only where there is no resource."""
    if not call.plural:
        return Attributes(call.user, call.request.method.lower(), path=call.request.path)
    fields: tuple[tuple[str, str], ...] = ()
    if call.verb in ("list", "watch", "deletecollection"):
        fields = demanded(call.request.one("fieldSelector"))
    return Attributes(
        call.user,
        call.verb,
        call.group,
        call.version,
        call.plural,
        call.subresource,
        call.namespace,
        call.name or named(fields),
        fields=fields,
    )


def demanded(field_selector: str) -> tuple[tuple[str, str], ...]:
    """The (field, value) pairs that a field selector demands by equality. Anything else in it demands nothing here."""
    out = []
    for term in field_selector.split(","):
        path, equals, value = term.partition("=")
        if equals and not path.endswith("!"):
            out.append((path.strip(), value.removeprefix("=").strip()))
    return tuple(out)


def named(fields: tuple[tuple[str, str], ...]) -> str:
    """The one object that a field selector limits a list to ("" for many): its name counts as the request's."""
    return next((value for path, value in fields if path == "metadata.name"), "")
