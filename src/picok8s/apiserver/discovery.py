"""What the API has: versions, groups and resources, plain and aggregated; the version, the root paths, the OpenAPI documents."""

import base64
import hashlib
import platform
from collections.abc import Callable
from typing import Any

import orjson

from picok8s.api.errors import ApiError
from picok8s.api.resource import Resource
from picok8s.apiserver import negotiate
from picok8s.apiserver.messages import Call, Response
from picok8s.apiserver.server import Server

Object = dict[str, Any]

MAJOR, MINOR, PATCH = "1", "37", "2"  # Of the Kubernetes API that is served.
STORED_IN = {
    "devicetaintrules.resource.k8s.io": "v1beta2"
}  # Upstream stores it in an older version, and its hash shows.
NOT_FOUND = "404 page not found\n"
STATIC = (
    "/.well-known/openid-configuration",
    "/healthz",
    "/livez",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/openid/v1/jwks",
    "/readyz",
    "/version",
)


def plain_missing() -> Response:
    return Response(404, body=NOT_FOUND.encode(), content_type="text/plain; charset=utf-8")


def missing(server: Server, call: Call) -> Response:
    """The answer to a resource path that is none: a Status where the group is served, plain text where it is not."""
    if call.group and call.group not in groups(server):
        return plain_missing()
    raise ApiError("NotFound", "the server could not find the requested resource", {})


async def answer(server: Server, call: Call) -> Response:
    """The answer to a path that is no resource."""
    request = call.request
    path = request.path.rstrip("/") or "/"
    page = PAGES.get(path)
    parts = path.strip("/").split("/")
    if page is None:
        page = _page(server, path, parts)
    if page is None:
        return plain_missing()
    if request.method not in ("GET", "HEAD") and not (request.method == "OPTIONS" and path == "/"):
        raise ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource", {})
    if request.method == "HEAD":
        raise ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource", {})
    if page not in UNSHAPED:
        negotiate.form(
            request.header("accept"), offer=negotiate.DISCOVERY if path in ("/api", "/apis") else negotiate.NOTHING
        )
    return page(server, call)


def _page(server: Server, path: str, parts: list[str]) -> Callable[[Server, Call], Response] | None:
    if parts[0] == "api" and len(parts) == 2:
        return lambda server, call: Response(obj=resource_list(server, "", parts[1]))
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in groups(server):
        return lambda server, call: Response(obj=group(parts[1], groups(server)[parts[1]], alone=True))
    if parts[0] == "apis" and len(parts) == 3 and parts[1] in groups(server):
        return lambda server, call: Response(obj=resource_list(server, parts[1], parts[2]))
    if path.startswith("/openapi/v3/"):
        return _openapi_v3
    return None


def groups(server: Server) -> dict[str, list[str]]:
    """The versions of each group but the core, preferred first, in the order of discovery."""
    found: dict[str, list[str]] = {}
    for group_, version, _ in server.catalogue:
        if group_ and version not in found.setdefault(group_, []):
            found[group_].append(version)
    return found


def group(name: str, versions: list[str], alone: bool = False) -> Object:
    rows = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    head = {"kind": "APIGroup", "apiVersion": "v1"} if alone else {}
    return {**head, "name": name, "versions": rows, "preferredVersion": rows[0]}


def _versions(server: Server, call: Call) -> Response:
    if found := _aggregated(server, call, [""]):
        return found
    address = f"{server.settings.advertise_address}:{server.settings.port}"
    by_client = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return Response(obj={"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": by_client})


def _group_list(server: Server, call: Call) -> Response:
    names = groups(server)
    if found := _aggregated(server, call, list(names)):
        return found
    rows = [group(name, versions) for name, versions in names.items()]
    return Response(obj={"kind": "APIGroupList", "apiVersion": "v1", "groups": rows})


def resource_list(server: Server, group_: str, version: str) -> Object:
    """Every resource and subresource of one version of a group. Raises ApiError NotFound."""
    rows = []
    for (its_group, its_version, _), resource in server.catalogue.items():
        if (its_group, its_version) == (group_, version):
            rows.append(_row(resource))
            rows += [_subrow(resource, name) for name in resource.subresources]
    if not rows:
        raise ApiError("NotFound", "the server could not find the requested resource", {})
    rows.sort(key=lambda row: row["name"])
    named = f"{group_}/{version}" if group_ else version
    return (
        {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": named, "resources": rows}
        if group_
        else {"kind": "APIResourceList", "groupVersion": named, "resources": rows}
    )


def _row(resource: Resource) -> Object:
    row: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if {"list", "get"} <= resource.verbs and resource.name != "componentstatuses":
        row["storageVersionHash"] = _hash(resource)
    return row


def _hash(resource: Resource) -> str:
    version = STORED_IN.get(resource.name, resource.version)
    text = f"{resource.group}/{version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def _subrow(resource: Resource, name: str) -> Object:
    sub = resource.subresources[name]
    kind = sub["kind"]
    row: Object = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
    }
    if kind["group"]:
        row["group"] = kind["group"]
    if kind["version"]:
        row["version"] = kind["version"]
    return {**row, "kind": kind["kind"], "verbs": sub["verbs"]}


def _aggregated(server: Server, call: Call, names: list[str]) -> Response | None:
    """Discovery of all groups in one document, when the Accept header asks for it (KEP-3352)."""
    form = negotiate.form(call.request.header("accept"), offer=negotiate.DISCOVERY)
    if not form.kind:
        return None
    items = [_discovered_group(server, name) for name in names]
    obj = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{form.version}",
        "metadata": {},
        "items": items,
    }
    body = orjson.dumps(obj)
    etag = f'"{hashlib.sha512(body).hexdigest().upper()}"'
    content_type = f"application/json;g=apidiscovery.k8s.io;v={form.version};as=APIGroupDiscoveryList"
    headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "public"}
    if call.request.header("if-none-match") == etag:
        return Response(304, body=b"", content_type=content_type, headers=headers)  # Caches take it over.
    return Response(body=body, content_type=content_type, headers=headers)


def _discovered_group(server: Server, name: str) -> Object:
    versions: dict[str, list[Object]] = {}
    for (its_group, version, _), resource in server.catalogue.items():
        if its_group == name:
            versions.setdefault(version, []).append(_discovered(resource))
    rows = [
        {"version": version, "resources": resources, "freshness": "Current"} for version, resources in versions.items()
    ]
    for row in rows:
        row["resources"].sort(key=lambda resource: resource["resource"])  # type: ignore[attr-defined]
    return {"metadata": {"name": name} if name else {}, "versions": rows}


def _discovered(resource: Resource) -> Object:
    row: Object = {
        "resource": resource.plural,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},  # Empty: those of the list.
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if resource.subresources:
        row["subresources"] = [_discovered_sub(resource, name) for name in sorted(resource.subresources)]
    return row


def _discovered_sub(resource: Resource, name: str) -> Object:
    sub = resource.subresources[name]
    row: Object = {"subresource": name, "responseKind": sub["kind"], "verbs": sub["verbs"]}
    if sub.get("acceptedTypes"):
        row["acceptedTypes"] = sub["acceptedTypes"]
    return row


def _root(server: Server, call: Call) -> Response:
    paths = {"/api", "/api/v1", "/apis", *STATIC}
    for name, versions in groups(server).items():
        paths.add(f"/apis/{name}")
        paths.update(f"/apis/{name}/{version}" for version in versions)
    return Response(body=orjson.dumps({"paths": sorted(paths)}))


def _version(server: Server, call: Call) -> Response:
    body = {
        "major": MAJOR,
        "minor": MINOR,
        "emulationMajor": MAJOR,
        "emulationMinor": MINOR,
        "minCompatibilityMajor": MAJOR,
        "minCompatibilityMinor": str(int(MINOR) - 1),
        "gitVersion": f"v{MAJOR}.{MINOR}.{PATCH}",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}",
        "compiler": "gc",
        "platform": f"linux/{_machine()}",
    }
    return Response(body=orjson.dumps(body))


def _machine() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def _openid(server: Server, call: Call) -> Response:
    settings = server.settings
    uri = f"https://{settings.advertise_address}:{settings.port}/openid/v1/jwks"
    return Response(body=orjson.dumps(server.tokens.discovery(uri)))


def _jwks(server: Server, call: Call) -> Response:
    return Response(body=orjson.dumps(server.tokens.jwks()), content_type="application/jwk-set+json")


def _openapi_v2(server: Server, call: Call) -> Response:
    from picok8s.apiserver import openapi  # A large part of the code that most requests never need.

    return _document(call, *openapi.v2(server.resources(), call.request.header("accept")))


def _openapi_v3(server: Server, call: Call) -> Response:
    from picok8s.apiserver import openapi  # A large part of the code that most requests never need.

    name = call.request.path.strip("/").removeprefix("openapi/v3").strip("/")
    if not name:
        return _document(call, *openapi.v3_index(server.resources()))
    found = openapi.v3(server.resources(), name)
    return Response(404, body=b"", content_type="") if found is None else _document(call, *found)


def _document(call: Call, body: bytes, etag: str, content_type: str = "application/json") -> Response:
    headers = {"ETag": f'"{etag}"', "Vary": "Accept"}
    if call.request.header("if-none-match").strip('"') == etag:
        return Response(304, body=b"", content_type=content_type, headers=headers)  # Caches take it over.
    return Response(body=body, content_type=content_type, headers=headers)


PAGES: dict[str, Callable[[Server, Call], Response]] = {
    "/": _root,
    "/api": _versions,
    "/apis": _group_list,
    "/version": _version,
    "/.well-known/openid-configuration": _openid,
    "/openid/v1/jwks": _jwks,
    "/openapi/v2": _openapi_v2,
    "/openapi/v3": _openapi_v3,
}
# Pages that have one form, or their own idea of forms.
UNSHAPED = (_root, _version, _openid, _jwks, _openapi_v2, _openapi_v3)
