"""A cluster of a few objects for tests: what a Lookup needs, and what admission needs of a server."""

from typing import Any

from picok8s.api.resource import preferred
from picok8s.apiserver import bootstrap, users
from picok8s.apiserver.authorize import Authorizer
from picok8s.apiserver.messages import Call, Request
from picok8s.apiserver.users import User

Object = dict[str, Any]

NOW = 1_700_000_000.0
JANE = users.user("jane", groups=("system:authenticated",))
MASTER = users.user("admin", groups=("system:masters", "system:authenticated"))


class Shelf:
    """Objects by resource name; a Lookup."""

    def __init__(self, **objects: list[Object]) -> None:
        self.objects: dict[str, dict[tuple[str, str], Object]] = {}
        self.revision = 1
        for resource, found in objects.items():
            self.put(resource, *found)

    def put(self, resource: str, *found: Object) -> "Shelf":
        for obj in found:
            meta = obj["metadata"]
            self.objects.setdefault(resource, {})[(meta.get("namespace", ""), meta["name"])] = obj
        self.revision += 1
        return self

    def remove(self, resource: str, name: str, namespace: str = "") -> None:
        del self.objects[resource][(namespace, name)]
        self.revision += 1

    def get(self, storage: str, name: str, namespace: str = "") -> Object | None:
        return self.objects.get(storage, {}).get((namespace, name))

    def list(self, storage: str, namespace: str | None = None) -> "list[Object]":
        found = sorted(self.objects.get(storage, {}).items())
        return [obj for (home, _), obj in found if namespace in (None, home)]

    def revision_of(self, storage: str) -> int:
        return self.revision


class Cluster:
    """What plug-ins are given."""

    def __init__(self, shelf: Shelf) -> None:
        self.lookup = shelf
        self.authorizer = Authorizer(shelf)
        self.store = None

    def now(self) -> float:
        return NOW

    def word(self, length: int) -> str:
        return "abcdefghij"[:length]


def fresh() -> Shelf:
    """The rights of a fresh cluster."""
    shelf = Shelf()
    for resource, obj in bootstrap.objects(bootstrap.Place(("192.0.2.1",), 16443)):
        shelf.put(resource, obj)
    return shelf


def named(name: str, namespace: str = "", **more: Any) -> Object:
    meta: Object = {"name": name, "uid": f"uid-{name}"}
    if namespace:
        meta["namespace"] = namespace
    return {"metadata": meta, **more}


def role(name: str, namespace: str, *rules: Object) -> Object:
    return named(name, namespace, rules=list(rules))


def rule(verbs: str, resources: str, group: str = "", names: str = "") -> Object:
    out: Object = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**out, "resourceNames": names.split()} if names else out


def binding(name: str, namespace: str, to: str, *subjects: Object, kind: str = "") -> Object:
    kind = kind or ("Role" if namespace else "ClusterRole")
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": to}
    return named(name, namespace, roleRef=reference, subjects=list(subjects))


def subject(name: str, kind: str = "User", namespace: str = "") -> Object:
    return {"kind": kind, "name": name, **({"namespace": namespace} if namespace else {})}


def pod(name: str = "a", namespace: str = "x", **spec: Any) -> Object:
    containers = spec.pop("containers", [{"name": "c", "image": "i"}])
    return named(name, namespace, spec={"containers": containers, **spec})


def call(resource: str, verb: str = "create", user: User = MASTER, **more: Any) -> Call:
    row = preferred(resource)
    more.setdefault("namespace", "x" if row.namespaced else "")
    request = Request("POST", "/")
    return Call(verb, user, request, row, row.group, row.version, row.plural, **more)
