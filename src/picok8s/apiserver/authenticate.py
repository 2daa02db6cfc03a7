"""Who sends this request: a client certificate, a bearer token, or nobody in particular.

A certificate was verified by TLS before; here its subject becomes a user. Bad credentials are refused even where
anonymous requests would be taken, so that a client notices.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from cryptography import x509
from cryptography.x509.oid import NameOID

from picok8s.api.errors import ApiError
from picok8s.apiserver import tokens, users
from picok8s.apiserver.lookup import Lookup
from picok8s.apiserver.tokens import Tokens
from picok8s.apiserver.users import ANONYMOUS_USER, User

__all__ = ["Authenticator", "Credentials", "User", "user"]

Object = dict[str, Any]

# A certificate's subject may carry the user's UID under this name (KEP-4317).
UID_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57683.2")
BOOTSTRAP_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
BOOTSTRAPPERS = "system:bootstrappers"
BOOTSTRAP_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")
CERTIFICATES_MAX = 4096  # Parsed certificates remembered.


class Credentials(Protocol):
    """What of a request says who sends it."""

    @property
    def certificate(self) -> bytes | None: ...

    def header(self, name: str, default: str = "") -> str: ...


class Authenticator:
    """The ways to log in, in their order: certificate, service-account token, bootstrap token, anonymous."""

    def __init__(self, lookup: Lookup, keys: Tokens, now: Callable[[], float], anonymous: bool = True) -> None:
        self._lookup = lookup
        self._tokens = keys
        self._now = now
        self._anonymous = anonymous

    def user(self, certificate: bytes | None, authorization: str) -> User:
        """The user of these credentials. Raises 401."""
        found = certificate_user(certificate) if certificate else None
        if found is not None:
            return users.authenticated(found)
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token:
            try:
                found, _ = self.token_user(token, self._tokens.audiences)
            except tokens.TokenError:
                found = None
            if found is None:
                raise ApiError("Unauthorized", "Unauthorized")
            return found
        if not self._anonymous:
            raise ApiError("Unauthorized", "Unauthorized")
        return ANONYMOUS_USER

    def token_user(self, token: str, audiences: tuple[str, ...]) -> tuple[User | None, list[str]]:
        """The user of a token, and the audiences it is good for; None for an unknown one. Raises TokenError."""
        claims = self._tokens.read(token)
        if claims is not None:
            found, shared = tokens.check(claims, self._lookup, audiences, self._now())
            return users.authenticated(found), shared
        joining = bootstrap_user(self._lookup, token, self._now())
        if joining is None:
            return None, []
        return users.authenticated(joining), [a for a in self._tokens.audiences if a in audiences]

    @property
    def audiences(self) -> tuple[str, ...]:
        return self._tokens.audiences


def user(authenticator: Authenticator, request: Credentials) -> User:
    """Who sends `request`, before any impersonation. Raises 401."""
    return authenticator.user(request.certificate, request.header("authorization"))


@lru_cache(CERTIFICATES_MAX)
def certificate_user(der: bytes) -> User | None:
    """The user that a verified client certificate names: its common name, in the groups of its organizations."""
    subject = x509.load_der_x509_certificate(der).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names or not names[0].value:
        return None
    groups = tuple(str(part.value) for part in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    uids = subject.get_attributes_for_oid(UID_OID)
    uid = str(uids[0].value) if uids else ""
    credential = f"X509SHA256={hashlib.sha256(der).hexdigest()}"
    return users.user(str(names[0].value), uid, groups, {tokens.CREDENTIAL: [credential]})


def bootstrap_user(lookup: Lookup, token: str, now: float) -> User | None:
    """The user of a bootstrap token: a secret of kube-system that says that it may authenticate."""
    match = BOOTSTRAP_TOKEN.fullmatch(token)
    if match is None:
        return None
    identity, word = match.groups()
    secret = lookup.get("secrets", f"bootstrap-token-{identity}", "kube-system")
    if secret is None or secret.get("type") != "bootstrap.kubernetes.io/token":
        return None
    if "deletionTimestamp" in secret["metadata"]:
        return None
    data = {key: _decoded(value) for key, value in (secret.get("data") or {}).items()}
    if data.get("token-id") != identity or not hmac.compare_digest(data.get("token-secret", ""), word):
        return None
    if data.get("usage-bootstrap-authentication") != "true" or _is_past(data.get("expiration", ""), now):
        return None
    groups = [group for group in data.get("auth-extra-groups", "").split(",") if group]
    if not all(BOOTSTRAP_GROUP.fullmatch(group) for group in groups):
        return None
    return users.user(f"system:bootstrap:{identity}", "", (BOOTSTRAPPERS, *groups))


def _decoded(value: str) -> str:
    return base64.b64decode(value).decode(errors="replace")


def _is_past(expiration: str, now: float) -> bool:
    """Whether a token has expired. One whose time cannot be read has."""
    if not expiration:
        return False
    try:
        return datetime.fromisoformat(expiration).timestamp() <= now
    except ValueError:
        return True
