"""POST to a service account's token: a signed token, bound to what the request names."""

from picok8s.apiserver import admission, body, token_requests
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server


async def token(server: Server, call: Call) -> Response:
    asked = body.read(call, "TokenRequest", "authentication.k8s.io/v1")
    await admission.mutate(server, call, asked, None)
    await admission.validate(server, call, asked, None)
    issue = token_requests.Issue(server.tokens, server.lookup, server.now(), server.uid())
    return Response(201, obj=token_requests.answer(issue, call.namespace, call.name, asked))
