"""Service-account tokens: signed claims, read back and held against the objects that they are bound to.

`Tokens` signs and checks signatures (RS256, ES256); all else is pure. A token is good while its account, and the pod,
secret or node that it is bound to, still exist with the same UID; signatures are remembered, objects are looked up
each time.
"""

import base64
import hashlib
from datetime import datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from picok8s.apiserver.lookup import Lookup
from picok8s.apiserver.users import User, account_groups, account_name, user

Object = dict[str, Any]

ISSUER = "https://kubernetes.default.svc"
DELETED_LEEWAY_S = 60  # An object under deletion keeps its tokens good for so long.
CLOCK_LEEWAY_S = 60
VERIFIED_MAX = 10_000  # Signatures remembered.
CREDENTIAL = "authentication.kubernetes.io/credential-id"
EXTRA = "authentication.kubernetes.io/"


class TokenError(Exception):
    """Why a token of ours is not taken, in the words of a TokenReview."""


class Tokens:
    """The keys of the issuer: one to sign, more to check what was signed before a change of keys."""

    def __init__(self, private_pem: bytes, older_public_pems: tuple[bytes, ...] = (), issuer: str = ISSUER) -> None:
        private = serialization.load_pem_private_key(private_pem, None)
        if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("the service-account key must be RSA or EC")
        self.issuer = issuer
        self.audiences = (issuer,)
        self._public = [serialization.load_pem_public_key(pem) for pem in older_public_pems]
        self._public.insert(0, private.public_key())
        self._algorithm = _algorithm(self._public[0])
        self._key = _jose_key(private)
        self._kid = key_id(self._public[0])
        self._keys = {key_id(public): (_algorithm(public), _jose_key(public)) for public in self._public}
        self._verified: dict[bytes, Object] = {}

    def sign(self, claims: Object) -> str:
        header = {"alg": self._algorithm, "kid": self._kid}
        return jws.serialize_compact(header, orjson.dumps({"iss": self.issuer, **claims}), self._key)

    def read(self, token: str) -> Object | None:
        """The claims of a token that we signed; None for any other."""
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._verify(token)
            if claims is None:
                return None
            if len(self._verified) >= VERIFIED_MAX:
                self._verified.clear()
            self._verified[digest] = claims
        return claims

    def _verify(self, token: str) -> Object | None:
        parts = token.split(".")
        if len(parts) != 3:
            return None
        try:
            header = orjson.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
            algorithm, key = self._keys[header["kid"]]
            # The algorithm is the key's, whatever the header says.
            claims = orjson.loads(jws.deserialize_compact(token, key, algorithms=[algorithm]).payload)
        except (ValueError, KeyError, TypeError, JoseError):
            return None
        if not isinstance(claims, dict) or claims.get("iss") != self.issuer:
            return None
        return claims

    def jwks(self) -> Object:
        """The public keys, as /openid/v1/jwks shows them."""
        keys = []
        for public in self._public:
            shown = _jose_key(public).as_dict(private=False)
            keys.append({"use": "sig", **shown, "kid": key_id(public), "alg": _algorithm(public)})
        return {"keys": keys}

    def discovery(self, jwks_uri: str) -> Object:
        """The document at /.well-known/openid-configuration."""
        return {
            "issuer": self.issuer,
            "jwks_uri": jwks_uri,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted({_algorithm(public) for public in self._public}),
        }


def key_id(public: Any) -> str:
    """The name of a key: the hash of its public half, as upstream makes it."""
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def _algorithm(public: Any) -> str:
    return "RS256" if isinstance(public, rsa.RSAPublicKey) else "ES256"


def _jose_key(key: Any) -> Any:
    kind = RSAKey if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey) else ECKey
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        plain, pkcs8 = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
        return kind.import_key(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    return kind.import_key(key.public_bytes(serialization.Encoding.PEM, public))


def claims(account: Object, audiences: list[str], now: int, lifetime_s: int, jti: str) -> Object:
    """The claims of a token for an account; `bind` adds what it is bound to."""
    meta = account["metadata"]
    return {
        "aud": list(audiences),
        "exp": now + lifetime_s,
        "iat": now,
        "jti": jti,
        "kubernetes.io": {
            "namespace": meta["namespace"],
            "serviceaccount": {"name": meta["name"], "uid": meta["uid"]},
        },
        "nbf": now,
        "sub": account_name(meta["namespace"], meta["name"]),
    }


def reference(obj: Object) -> Object:
    """How a claim names an object; the UID is left out where it is not known."""
    meta = obj["metadata"]
    return {key: meta[key] for key in ("name", "uid") if meta.get(key)}


def check(claims: Object, lookup: Lookup, audiences: tuple[str, ...], now: float) -> tuple[User, list[str]]:
    """The user that signed claims stand for, and the audiences that both sides name. Raises TokenError."""
    own = claims.get("aud") or []
    own = [own] if isinstance(own, str) else own
    shared = [audience for audience in own if audience in audiences]
    if not shared:
        told, wanted = _list(own), _list(audiences)
        raise TokenError(f"token audiences {told} is invalid for the target audiences {wanted}")
    _check_times(claims, now)
    private = claims.get("kubernetes.io") or {}
    account = private.get("serviceaccount") or {}
    namespace = private.get("namespace", "")
    _check_account(lookup, namespace, account, now)
    extra: dict[str, list[str]] = {}
    if claims.get("jti"):
        extra[CREDENTIAL] = [f"JTI={claims['jti']}"]
    bound = False
    for kind, storage in (("secret", "secrets"), ("pod", "pods")):
        if kind in private:
            _check_bound(lookup, kind, storage, namespace, private[kind], now)
            bound = bound or kind == "pod"
    if bound:
        extra |= {f"{EXTRA}pod-name": [private["pod"]["name"]], f"{EXTRA}pod-uid": [private["pod"]["uid"]]}
    if "node" in private:
        node = private["node"]
        if not bound:
            _check_bound(lookup, "node", "nodes", "", node, now)
        extra[f"{EXTRA}node-name"] = [node["name"]]
        if node.get("uid"):
            extra[f"{EXTRA}node-uid"] = [node["uid"]]
    groups = account_groups(namespace)
    return user(account_name(namespace, account.get("name", "")), account.get("uid", ""), groups, extra), shared


def _check_times(claims: Object, now: float) -> None:
    if now > claims.get("exp", 0) + CLOCK_LEEWAY_S:
        raise TokenError("service account token has expired")
    if now < claims.get("nbf", 0) - CLOCK_LEEWAY_S:
        raise TokenError("service account token is not valid yet")
    if now < claims.get("iat", 0) - CLOCK_LEEWAY_S:
        raise TokenError("service account token is issued in the future")


def _check_account(lookup: Lookup, namespace: str, account: Object, now: float) -> None:
    name, uid = account.get("name", ""), account.get("uid", "")
    found = lookup.get("serviceaccounts", name, namespace)
    if found is None:
        raise TokenError(f'serviceaccounts "{name}" not found')
    if found["metadata"]["uid"] != uid:
        raise TokenError(f"service account UID ({found['metadata']['uid']}) does not match claim ({uid})")
    if _is_gone(found, now):
        raise TokenError(f"service account {namespace}/{name} has been deleted")


def _check_bound(lookup: Lookup, kind: str, storage: str, namespace: str, wanted: Object, now: float) -> None:
    found = lookup.get(storage, wanted.get("name", ""), namespace)
    if found is None:
        raise TokenError("service account token has been invalidated")
    uid = found["metadata"]["uid"]
    if uid != wanted.get("uid", ""):
        claimed = wanted.get("uid", "")
        raise TokenError(f"{kind} UID ({uid}) does not match service account {kind} ref claim ({claimed})")
    if _is_gone(found, now):
        raise TokenError("service account token has been invalidated")


def _is_gone(obj: Object, now: float) -> bool:
    deleted = obj["metadata"].get("deletionTimestamp")
    return deleted is not None and datetime.fromisoformat(deleted).timestamp() < now - DELETED_LEEWAY_S


def _list(words: Any) -> str:
    """A list of strings as Go prints it with %q."""
    return f"[{' '.join(orjson.dumps(word).decode() for word in words)}]"
