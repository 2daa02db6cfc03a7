"""Where a resource is in the API: its path, for every client."""

from picok8s.api.resource import preferred


def path(resource: str, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The path of a collection, an object or a subresource. Raises KeyError for a resource that is not built in."""
    row = preferred(resource)
    parts = ["/apis", row.group, row.version] if row.group else ["/api", row.version]
    if namespace and row.namespaced:
        parts += ["namespaces", namespace]
    parts.append(row.plural)
    return "/".join([*parts, *(part for part in (name, subresource) if part)])


PATCHES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
