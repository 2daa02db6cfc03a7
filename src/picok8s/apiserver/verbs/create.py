"""POST to a collection: a new object; for kinds that are never stored, its review."""

from picok8s.apiserver import body, ownership, reviews, write
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server
from picok8s.apiserver.verbs import binding


async def create(server: Server, call: Call) -> Response:
    resource = call.of
    new = body.read(call)
    if resource.name == "bindings":
        return await binding.bind(server, call, new)
    if "get" not in resource.verbs:
        ownership.created(server, call, new)
        return Response(201, obj=reviews.answer(server, call, new), resource=resource)
    stored = await write.create(server, call, new)
    return Response(201, obj=stored, resource=resource)
