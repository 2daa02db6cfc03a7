"""Reviews: questions about access and identity that the API answers on the spot and never stores.

Each function takes the object as it was sent and gives the object to answer. Raises ApiError when the question is not
well formed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from picok8s.api import moment
from picok8s.api.errors import FieldError, bad_request, forbidden_field, invalid, invalid_value, required
from picok8s.apiserver import authorize, tokens, users
from picok8s.apiserver.authenticate import Authenticator
from picok8s.apiserver.authorize import Authorizer
from picok8s.apiserver.messages import Call
from picok8s.apiserver.rbac import Attributes
from picok8s.apiserver.users import User

Object = dict[str, Any]

GROUP = "authorization.k8s.io"
ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


class Cluster(Protocol):
    """What reviews use of the server."""

    authorizer: Authorizer
    authenticator: Authenticator
    now: Callable[[], float]


def answer(server: Cluster, call: Call, review: Object) -> Object:
    """The answer to a POST of a review, whichever it is."""
    now = moment.time(server.now())
    asker = Asker(call.user, server.authorizer, server.authenticator, now, call.namespace)
    return REVIEWS[call.of.plural](asker, review)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and by whom the answer is worked out."""

    user: User
    authorizer: Authorizer
    authenticator: Authenticator
    now: str = ""  # RFC 3339, for a review that shows when it was made.
    namespace: str = ""  # Of the request's path.


def subject_access(asker: Asker, review: Object) -> Object:
    """SubjectAccessReview: may that user do this?"""
    spec = review.get("spec") or {}
    errors = [*_spec_errors(spec), *_user_errors(spec), *_attribute_errors(spec), *_metadata_errors(review, ())]
    _refuse(errors)
    return _answered(asker, review, _subject(spec), spec)


def self_subject_access(asker: Asker, review: Object) -> Object:
    """SelfSubjectAccessReview: may I do this?"""
    spec = review.get("spec") or {}
    _refuse([*_spec_errors(spec), *_attribute_errors(spec), *_metadata_errors(review, ())])
    return _answered(asker, review, asker.user, spec)


def local_subject_access(asker: Asker, review: Object) -> Object:
    """LocalSubjectAccessReview: may that user do this in this namespace?"""
    spec = review.get("spec") or {}
    namespace = (review.get("metadata") or {}).get("namespace") or asker.namespace
    errors = [*_spec_errors(spec), *_user_errors(spec), *_attribute_errors(spec)]
    errors += _metadata_errors(review, ("namespace",), "must be empty except for namespace")
    resource = spec.get("resourceAttributes")
    if resource is not None and resource.get("namespace", "") != namespace:
        path = "spec.resourceAttributes.namespace"
        errors.append(invalid_value(path, resource.get("namespace", ""), "must match metadata.namespace"))
    if spec.get("nonResourceAttributes") is not None:
        shown = _shown_path(spec["nonResourceAttributes"])
        errors.append(invalid_value("spec.nonResourceAttributes", shown, "disallowed on this kind of request"))
    _refuse(errors)
    metadata = {**(review.get("metadata") or {}), "namespace": namespace}
    return _answered(asker, {**review, "metadata": metadata}, _subject(spec), spec)


def self_subject_rules(asker: Asker, review: Object) -> Object:
    """SelfSubjectRulesReview: what may I do in a namespace? The answer does not repeat the question."""
    namespace = (review.get("spec") or {}).get("namespace", "")
    if not namespace:
        raise bad_request("no namespace on request")
    rules, error = asker.authorizer.rules_for(asker.user, namespace)
    status: Object = {
        "resourceRules": [_picked(rule, RESOURCE_RULE) for rule in rules if rule.get("resources")],
        "nonResourceRules": [_picked(rule, PATH_RULE) for rule in rules if rule.get("nonResourceURLs")],
        "incomplete": users.node_of(asker.user) is not None,
    }
    if error:
        status["evaluationError"] = error
    head = {"kind": "SelfSubjectRulesReview", "apiVersion": f"{GROUP}/v1"}
    return {**head, "metadata": {}, "spec": {}, "status": status}


def self_subject(asker: Asker, review: Object) -> Object:
    """SelfSubjectReview: who am I?"""
    return {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": asker.now},
        "status": {"userInfo": users.info(asker.user)},
    }


def token(asker: Asker, review: Object) -> Object:
    """TokenReview: whose token is this?"""
    spec = review.get("spec") or {}
    if not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    wanted = tuple(spec.get("audiences") or asker.authenticator.audiences)
    status: Object = {"user": {}, "error": "invalid bearer token"}
    try:
        found, audiences = asker.authenticator.token_user(spec["token"], wanted)
        if found is not None:
            status = {"authenticated": True, "user": users.info(found), "audiences": audiences}
    except tokens.TokenError as error:
        status["error"] = f"[invalid bearer token, {error}]"
    return {**review, "metadata": _plain_metadata(review), "status": status}


# How each is asked: plural -> function.
REVIEWS = {
    "localsubjectaccessreviews": local_subject_access,
    "selfsubjectaccessreviews": self_subject_access,
    "selfsubjectreviews": self_subject,
    "selfsubjectrulesreviews": self_subject_rules,
    "subjectaccessreviews": subject_access,
    "tokenreviews": token,
}
RESOURCE_RULE = ("verbs", "apiGroups", "resources", "resourceNames")
PATH_RULE = ("verbs", "nonResourceURLs")


def _picked(rule: Object, keys: tuple[str, ...]) -> Object:
    return {key: rule[key] for key in keys if rule.get(key)}


def _subject(spec: Object) -> User:
    extra = {key.lower(): values for key, values in (spec.get("extra") or {}).items()}
    return users.user(spec.get("user", ""), spec.get("uid", ""), tuple(spec.get("groups") or ()), extra)


def _answered(asker: Asker, review: Object, who: User, spec: Object) -> Object:
    allowed, reason = asker.authorizer.decide(_wanted(who, spec))
    status: Object = {"allowed": allowed}
    if reason:
        status["reason"] = reason
    return {**review, "metadata": _plain_metadata(review), "status": status}


def _plain_metadata(review: Object) -> Object:
    return {key: value for key, value in (review.get("metadata") or {}).items() if key != "managedFields"}


def _wanted(who: User, spec: Object) -> Attributes:
    path = spec.get("nonResourceAttributes")
    if path is not None:
        return Attributes(who, path.get("verb", ""), path=path.get("path", "") or "/")
    asked = spec["resourceAttributes"]
    return Attributes(
        who,
        asked.get("verb", ""),
        asked.get("group", ""),
        asked.get("version", ""),
        asked.get("resource", ""),
        asked.get("subresource", ""),
        asked.get("namespace", ""),
        asked.get("name", ""),
        fields=_fields(asked.get("fieldSelector") or {}),
    )


def _fields(selector: Object) -> tuple[tuple[str, str], ...]:
    """What a field selector demands by equality."""
    if selector.get("rawSelector"):
        return authorize.demanded(selector["rawSelector"])
    single = [r for r in selector.get("requirements") or [] if r.get("operator") == "In" and len(r["values"]) == 1]
    return tuple((requirement["key"], requirement["values"][0]) for requirement in single)


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        error = invalid("", GROUP, "", errors)
        assert error.details is not None
        error.details.pop("kind", None)  # These errors name no kind.
        raise error


def _spec_errors(spec: Object) -> list[FieldError]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) != (path is None):
        return []
    return [invalid_value("spec", None if path is None else _shown_path(path), ONE_OF)]


def _shown_path(path: Object) -> Object:
    """Attributes of a path as the error shows them: by their names in Go."""
    return {"Path": path.get("path", ""), "Verb": path.get("verb", "")}


def _user_errors(spec: Object) -> list[FieldError]:
    if spec.get("user") or spec.get("groups"):
        return []
    return [invalid_value("spec.user", "", "at least one of user or group must be specified")]


def _metadata_errors(review: Object, allowed: tuple[str, ...], words: str = "must be empty") -> list[FieldError]:
    metadata = review.get("metadata") or {}
    if all(key in (*allowed, "managedFields") or not value for key, value in metadata.items()):
        return []
    return [invalid_value("metadata", metadata, words)]


def _attribute_errors(spec: Object) -> list[FieldError]:
    resource = spec.get("resourceAttributes") or {}
    errors: list[FieldError] = []
    for key in ("fieldSelector", "labelSelector"):
        if resource.get(key) is not None:
            errors += _selector_errors(resource[key], f"spec.resourceAttributes.{key}")
    return errors


def _selector_errors(selector: Object, path: str) -> list[FieldError]:
    raw, requirements = selector.get("rawSelector", ""), selector.get("requirements") or []
    errors: list[FieldError] = []
    if raw and requirements:
        words = "may not specified at the same time as requirements"
        errors.append(invalid_value(f"{path}.rawSelector", raw, words))
    if not raw and not requirements:
        words = f"when {path} is specified, requirements or rawSelector is required"
        errors.append(required(f"{path}.requirements", words))
    for index, requirement in enumerate(requirements):
        errors += _requirement_errors(requirement, f"{path}.requirements[{index}]")
    return errors


def _requirement_errors(requirement: Object, path: str) -> list[FieldError]:
    """Operators that we do not know are let through, as a newer client may know them."""
    errors: list[FieldError] = []
    operator, values = requirement.get("operator", ""), requirement.get("values") or []
    if operator in ("In", "NotIn") and not values:
        errors.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    if operator in ("Exists", "DoesNotExist") and values:
        words = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.append(forbidden_field(f"{path}.values", words))
    if not requirement.get("key"):
        errors.append(required(f"{path}.key", "must be specified"))
    return errors
