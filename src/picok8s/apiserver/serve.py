"""The path of one request, top to bottom. To learn what the server does, read `serve`.

A step ends the request by raising ApiError; `respond.refusal` turns that, and nothing else, into a Status body.
"""

import logging

from picok8s.api.errors import ApiError
from picok8s.apiserver import authenticate, authorize, discovery, health, ownership, respond, route
from picok8s.apiserver.messages import Request, Response
from picok8s.apiserver.server import Server
from picok8s.apiserver.verbs import VERBS, subresource_verb
from picok8s.store.log import StoreError, TooLarge

# Kinds that any request is warned of.
DEPRECATED = {"endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"}

log = logging.getLogger("picok8s.apiserver")


async def serve(server: Server, request: Request) -> Response:
    """Answer one request. Never raises: what escapes a verb is a bug, is logged, and is answered 500."""
    try:
        return await answer(server, request)
    except ApiError as error:
        return respond.refusal(error)
    except TooLarge as error:
        return respond.refusal(ApiError("", str(error), code=500))
    except StoreError as error:
        log.error('event="store failed" error=%r', str(error))
        return respond.refusal(ApiError("InternalError", f"the datastore failed: {error}"))
    except Exception as error:
        log.exception('event="request failed" method=%s path=%s', request.method, request.path)
        return respond.refusal(ApiError("InternalError", f"Internal error occurred: {error}"))


async def answer(server: Server, request: Request) -> Response:
    user = request.user or authenticate.user(server.authenticator, request)
    call = route.call(server.catalogue, request, user)
    if request.user is None:  # What comes from inside this process acts for the control plane itself.
        authorize.check(server.authorizer, call)
    if not call.plural:
        return health.answer(server, call) or await discovery.answer(server, call)
    if call.resource is None:
        return discovery.missing(server, call)
    route.check(call)
    if warning := DEPRECATED.get(call.resource.name):
        call.warnings.append(warning)
    call.dry_run = _dry_run(request)
    ownership.check_manager(call)
    verb = subresource_verb(call) if call.subresource else VERBS[call.verb]
    try:
        response = await verb(server, call)
    except ApiError as error:
        if request.user is not None:  # A caller in this process is told by the exception.
            raise
        # What was warned of before stays true of what is refused.
        response = respond.refusal(error)
    response.warnings = call.warnings
    return response


def _dry_run(request: Request) -> bool:
    asked = request.query.get("dryRun", [])
    for value in asked:
        if value not in ("All", ""):
            raise respond.bad_option("dryRun", value, ("All",), request)
    return "All" in asked
