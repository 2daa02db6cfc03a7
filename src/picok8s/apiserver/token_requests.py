"""TokenRequest: a token for a service account, for some audiences, a while, and as long as an object exists."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from picok8s.api.errors import ApiError, bad_request, conflict, invalid, invalid_value, not_found
from picok8s.apiserver import tokens
from picok8s.apiserver.lookup import Lookup
from picok8s.apiserver.tokens import Tokens

Object = dict[str, Any]

GROUP = "authentication.k8s.io"
DEFAULT_LIFETIME_S = 3600
MIN_LIFETIME_S = 600
MAX_LIFETIME_S = 1 << 32
# Pods ask for this lifetime when their volume says nothing. Such a token lives on, so that a program which read it only
# once keeps working; past the asked lifetime its use is a warning.
POD_LIFETIME_S = 3607
EXTENDED_LIFETIME_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Issue:
    """What an answer needs beside the request: the issuer, the cluster, the moment, an ID."""

    keys: Tokens
    lookup: Lookup
    now: float
    jti: str


def answer(issue: Issue, namespace: str, name: str, request: Object) -> Object:
    """The answer to POST .../serviceaccounts/NAME/token: the request with a token in its status. Raises ApiError."""
    meta, spec = dict(request.get("metadata") or {}), dict(request.get("spec") or {})
    _check_identity(meta, namespace, name)
    account = issue.lookup.get("serviceaccounts", name, namespace)
    if account is None:
        raise not_found("", "serviceaccounts", name)
    uid = account["metadata"]["uid"]
    if meta.get("uid") and meta["uid"] != uid:
        why = f"the UID in the token request ({meta['uid']}) does not match the UID of the service account ({uid})"
        raise conflict(GROUP, "TokenRequest", name, why)
    spec["audiences"] = spec.get("audiences") or list(issue.keys.audiences)
    lifetime_asked = spec.get("expirationSeconds")
    spec["expirationSeconds"] = asked = DEFAULT_LIFETIME_S if lifetime_asked is None else lifetime_asked
    _check_lifetime(asked)
    now = int(issue.now)
    bound, pod = _bound(issue.lookup, namespace, name, spec.get("boundObjectRef"))
    own_audiences = all(audience in issue.keys.audiences for audience in spec["audiences"])
    extended = pod and asked == POD_LIFETIME_S and own_audiences
    lifetime = EXTENDED_LIFETIME_S if extended else asked
    claims = tokens.claims(account, spec["audiences"], now, lifetime, issue.jti)
    claims["kubernetes.io"] |= bound
    if extended:
        claims["kubernetes.io"]["warnafter"] = now + asked
    ordered = {"audiences": spec["audiences"], "expirationSeconds": asked, "boundObjectRef": spec.get("boundObjectRef")}
    return {
        "kind": "TokenRequest",
        "apiVersion": f"{GROUP}/v1",
        "metadata": {**meta, "name": name, "namespace": namespace, "uid": uid, "creationTimestamp": _time(now)},
        "spec": ordered,
        "status": {"token": issue.keys.sign(claims), "expirationTimestamp": _time(now + asked)},
    }


def _check_identity(meta: Object, namespace: str, name: str) -> None:
    if meta.get("namespace") and meta["namespace"] != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if meta.get("name") and meta["name"] != name:
        words = "must match the service account name if specified"
        raise invalid("TokenRequest", GROUP, name, [invalid_value("metadata.name", meta["name"], words)])


def _check_lifetime(asked: int) -> None:
    words = ""
    if asked < MIN_LIFETIME_S:
        words = "may not specify a duration less than 10 minutes"
    elif asked > MAX_LIFETIME_S:
        words = "may not specify a duration larger than 2^32 seconds"
    if words:
        raise invalid("TokenRequest", GROUP, "", [invalid_value("spec.expirationSeconds", asked, words)])


def _bound(lookup: Lookup, namespace: str, account: str, asked: Object | None) -> tuple[Object, bool]:
    """The claims of the object that the token is bound to, and whether it is a pod."""
    if not asked:
        return {}, False
    kind, version, name = asked.get("kind", ""), asked.get("apiVersion", ""), asked.get("name", "")
    group, _, short = version.rpartition("/")
    storage = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}.get(kind)
    if storage is None or group:
        raise bad_request(f"cannot bind token to object of type {group}/{short}, Kind={kind}")
    obj = lookup.get(storage, name, "" if kind == "Node" else namespace)
    if obj is None:
        raise not_found("", storage, name)
    if kind == "Pod" and obj["spec"].get("serviceAccountName") != account:
        raise bad_request(
            f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
        )
    claims: Object = {kind.lower(): tokens.reference(obj)}
    if kind == "Pod" and obj["spec"].get("nodeName"):
        host = obj["spec"]["nodeName"]
        claims["node"] = tokens.reference(lookup.get("nodes", host) or {"metadata": {"name": host}})
    if asked.get("uid") and asked["uid"] != obj["metadata"]["uid"]:
        raise _another_uid(kind, name, asked["uid"])
    return claims, kind == "Pod"


def _another_uid(kind: str, name: str, uid: str) -> ApiError:
    why = (
        f"the UID in the bound object reference ({uid}) does not match the UID in record. "
        "The object might have been deleted and then recreated"
    )
    return conflict("", kind, name, why)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
