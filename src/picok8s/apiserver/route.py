"""Path and method to Call: which resource, verb, namespace, name and subresource a request means.

Nothing is looked up but the catalogue; access is decided on what this says, whether the resource exists or not.
"""

from urllib.parse import unquote

from picok8s.api.errors import ApiError
from picok8s.api.resource import Resource
from picok8s.apiserver.messages import Call, Request
from picok8s.apiserver.users import User

Catalogue = dict[tuple[str, str, str], Resource]  # (group, version, plural)

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
OF_ONE = frozenset({"get", "update", "patch", "delete"})  # Reviews have none of these, and so no path by name.
# Subresources of a namespace, which would else be read as resources inside of it.
OF_NAMESPACES = ("status", "finalize")


def call(catalogue: Catalogue, request: Request, user: User) -> Call:
    """The meaning of `request`; a Call without plural when its path is no resource."""
    found = Call(verb=request.method.lower(), user=user, request=request)
    parts = unquote(request.path).strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        found.version, rest = parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        found.group, found.version, rest = parts[1], parts[2], parts[3:]
    else:
        return found
    if "" in rest:  # A doubled slash: no resource is called so.
        found.plural = "/".join(rest)
        return found
    watching = rest[0] == "watch" and len(rest) > 1
    if watching:
        rest = rest[1:]
    if rest[0] == "namespaces" and len(rest) > 2 and not (len(rest) == 3 and rest[2] in OF_NAMESPACES):
        found.namespace, rest = rest[1], rest[2:]
    found.plural = rest[0]
    found.name = rest[1] if len(rest) > 1 else ""
    found.subresource = rest[2] if len(rest) > 2 else ""
    found.rest = "/".join(rest[3:])
    if found.plural == "namespaces" and not found.group:
        found.namespace = found.name
    found.verb = _verb(request, found, watching)
    found.resource = catalogue.get((found.group, found.version, found.plural))
    return found


def _verb(request: Request, found: Call, watching: bool) -> str:
    if request.method in ("GET", "HEAD"):
        if watching or (not found.name and request.flag("watch")):
            return "watch"
        return "get" if found.name else "list"
    if request.method == "DELETE" and not found.name:
        return "deletecollection"
    return VERBS.get(request.method, request.method.lower())


def check(found: Call) -> Resource:
    """The resource, when the call fits it: it exists, has the scope, the verb and the subresource. Raises ApiError."""
    resource = found.resource
    if resource is None:
        raise ApiError("NotFound", "the server could not find the requested resource", {})
    namespaced = bool(found.namespace) and found.plural != "namespaces"
    method = found.request.method
    if namespaced and not resource.namespaced:
        raise ApiError("NotFound", "the server could not find the requested resource", {})
    if resource.namespaced and not namespaced and (found.name or found.verb not in ("list", "watch")):
        raise _missing_or_not_allowed(found)
    if found.subresource:
        row = resource.subresources.get(found.subresource)
        if row is None:
            raise ApiError("NotFound", "the server could not find the requested resource", {})
        if found.verb not in row["verbs"] and method != "OPTIONS":
            raise not_allowed()
        if method == "HEAD" and found.subresource != "proxy":
            raise not_allowed()
        if found.rest and found.subresource != "proxy":
            raise ApiError("NotFound", "the server could not find the requested resource", {})
    elif found.name and not resource.verbs & OF_ONE:
        raise ApiError("NotFound", "the server could not find the requested resource", {})
    elif (
        found.verb not in resource.verbs
        or method in ("HEAD", "OPTIONS")
        or (found.verb == "create" and found.name)
        or (found.verb in ("update", "patch") and not found.name)
    ):
        raise not_allowed()
    return resource


def _missing_or_not_allowed(found: Call) -> ApiError:
    if found.name:
        return ApiError("NotFound", "the server could not find the requested resource", {})
    return not_allowed()


def not_allowed() -> ApiError:
    return ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource", {})
