"""What a call asks of the authorizer: decided on the path and method alone, before anything is looked up."""

from picok8s.apiserver import authorize
from picok8s.apiserver.messages import Call
from picok8s.apiserver.rbac import Attributes
from picok8s.apiserver.users import User


def attributes(call: Call, user: User) -> Attributes:
    """The attributes of a call by a user: a resource's, or a path's."""
    if not call.plural:
        return Attributes(user=user, verb=call.request.method.lower(), path=call.request.path)
    fields = authorize.demanded(call.request.one("fieldSelector")) if call.verb in ("list", "watch") else ()
    return Attributes(
        user=user, verb=call.verb, group=call.group, version=call.version, resource=call.plural,
        subresource=call.subresource, namespace=call.namespace, name=call.name or authorize.named(fields), fields=fields,
    )
