"""GET of one object, or of a subresource that shows the object."""

from picok8s.api import errors
from picok8s.api.errors import ApiError
from picok8s.apiserver import components, versions, write
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server


async def get(server: Server, call: Call) -> Response:
    resource = call.of
    if resource.name == "componentstatuses":
        return Response(obj=components.one(server, call), resource=resource)
    if asked := call.request.one("resourceVersion"):
        try:
            versions.not_future(server, versions.number(asked))
        except versions.NotANumber as error:
            raise ApiError("", str(error), code=500) from None
    stored = server.store.get(resource.storage, call.name, write.namespace(call))
    if stored is None:
        raise errors.not_found(resource.group, resource.plural, call.name)
    if resource.stored_as_is:
        return Response(obj=stored.obj, data=stored.data, resource=resource)
    return Response(obj=resource.behaviour.decode(stored.obj), resource=resource)
