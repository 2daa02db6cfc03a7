"""certificates.k8s.io: PodCertificateRequest, by which a node asks for a certificate for one of its pods."""

import hashlib
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from picok8s.api.errors import FieldError, invalid_value, invalid_whole, required, too_long
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks, pem, policy
from picok8s.apiserver.kinds.certificates import signer_name

Object = dict[str, Any]
Errors = list[FieldError]

UID_MAX = 128
BYTES_MAX = 10 * 1024
CHAIN_MAX = 100 * 1024
SECONDS_MIN, SECONDS_MAX, SECONDS_MAX_KUBERNETES = 3600, 91 * 24 * 3600, 24 * 3600
OUTCOMES = ("Issued", "Denied", "Failed")
REFRESH_MARGIN_SECONDS = 600
EXACTLY_ONE = "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"
UNKNOWN_KEY = "unknown public key type; supported types are Ed25519, ECDSA, and RSA"
CHAIN = "status.certificateChain"
STUB = "spec.stubPKCS10Request"
KEY = "spec.pkixPublicKey"


def default(obj: Object) -> None:
    obj.setdefault("spec", {}).setdefault("maxExpirationSeconds", 24 * 3600)


def validate(new: Object, old: Object | None) -> Errors:
    spec = new["spec"]
    if old is not None:
        return checks.immutable(new, old, "", "spec")
    errors = signer_name(spec.get("signerName", ""), "spec.signerName")
    for who, key in (("podName", "podUID"), ("serviceAccountName", "serviceAccountUID"), ("nodeName", "nodeUID")):
        errors += checks.subdomain(spec.get(who, ""), f"spec.{who}")
        uid = spec.get(key, "")
        if not uid:
            errors.append(invalid_value(f"spec.{key}", uid, "must not be empty"))
        if len(uid) > UID_MAX:
            errors.append(too_long(f"spec.{key}", UID_MAX))
    domain = spec.get("signerName", "").partition("/")[0]
    ours = domain == "kubernetes.io" or domain.endswith(".kubernetes.io")
    most = SECONDS_MAX_KUBERNETES if ours else SECONDS_MAX
    seconds = spec["maxExpirationSeconds"]
    if not SECONDS_MIN <= seconds <= most:
        words = f"must be in the range [{SECONDS_MIN}, {most}]"
        errors.append(invalid_value("spec.maxExpirationSeconds", seconds, words))
    stub, key, proof = (spec.get(word) for word in ("stubPKCS10Request", "pkixPublicKey", "proofOfPossession"))
    if stub and not key and not proof:
        return errors + _stub(stub)
    if key and proof and not stub:
        return errors + _possession(key, proof, spec.get("podUID", ""))
    return [*errors, invalid_whole("spec", EXACTLY_ONE)]


def _stub(encoded: str) -> Errors:
    data = pem.plain(encoded)
    if len(data) > BYTES_MAX:
        return [too_long(STUB, BYTES_MAX)]
    try:
        request = x509.load_der_x509_csr(data)
        errors = _key_size(request.public_key(), STUB, "elliptic public keys must use curve P256, P384, or P521")
        good = request.is_signature_valid
    except ValueError:
        return [invalid_whole(STUB, "must be a valid PKCS#10 CSR")]
    return errors or ([] if good else [invalid_whole(STUB, "invalid signature")])


def _key_size(key: Any, path: str, curves: str) -> Errors:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return []
    if isinstance(key, ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1):
            return []
        return [invalid_value(path, f"curve {key.curve.name}", curves)]
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size in (3072, 4096):
            return []
        return [invalid_value(path, f"{key.key_size}-bit modulus", "RSA keys must have modulus size 3072 or 4096")]
    return [invalid_whole(path, UNKNOWN_KEY)]


def _possession(encoded: str, proof: str, uid: str) -> Errors:
    data, signature = pem.plain(encoded), pem.plain(proof)
    for path, content in ((KEY, data), ("spec.proofOfPossession", signature)):
        if len(content) > BYTES_MAX:
            return [too_long(path, BYTES_MAX)]
    try:
        key = serialization.load_der_public_key(data)
    except ValueError:
        return [invalid_value(KEY, encoded, "must be a valid PKIX-serialized public key")]
    if errors := _key_size(key, KEY, "elliptic public keys must use curve P256 or P384"):
        return errors
    digest, sha = hashlib.sha256(uid.encode()).digest(), Prehashed(hashes.SHA256())
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, uid.encode())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest, ec.ECDSA(sha))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO), sha)
    except InvalidSignature:
        return [invalid_whole("spec.proofOfPossession", "could not verify proof-of-possession signature")]
    return []


# What a signer may write.


def _outcome(request: Object) -> str:
    conditions = (request.get("status") or {}).get("conditions") or []
    return next((c["type"] for c in conditions if c.get("type") in OUTCOMES and c.get("status") == "True"), "")


def validate_status(new: Object, old: Object) -> Errors:
    status, before = new.get("status") or {}, old.get("status") or {}
    conditions = status.get("conditions") or []
    errors = _outcomes(conditions) + policy.conditions(conditions, "status.conditions")
    if errors:
        return errors
    if _outcome(old):
        words = "immutable after PodCertificateRequest is issued, denied, or failed"
        return [] if status == before else [invalid_whole("status", words)]
    if _outcome(new) in ("Denied", "Failed"):
        words = "non-condition status fields must be empty when denying or failing the PodCertificateRequest"
        return [] if set(status) <= {"conditions"} else [invalid_whole("status", words)]
    if _outcome(new) == "Issued":
        return _issued(status, old["spec"])
    words = 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"'
    return [] if status == before else [invalid_whole("status", words)]


def _outcomes(conditions: list[Object]) -> Errors:
    errors: Errors = []
    known = 0
    for index, condition in enumerate(conditions):
        kind, path = condition.get("type", ""), f"status.conditions.[{index}]"
        if kind not in OUTCOMES:
            errors.append(checks.unsupported(f"{path}.type", kind, OUTCOMES, as_listed=True))
            continue
        known += 1
        if known > 1:
            words = 'There may be at most one condition with type "Issued", "Denied", or "Failed"'
            errors.append(invalid_value(f"{path}.type", kind, words))
        if condition.get("status") != "True":
            errors.append(checks.unsupported(f"{path}.status", condition.get("status", ""), ("True",)))
    return errors


def _issued(status: Object, spec: Object) -> Errors:
    """The chain fits the key that was asked for, and the times fit the chain."""
    text = status.get("certificateChain", "")
    if len(text) > CHAIN_MAX:
        return [too_long(CHAIN, CHAIN_MAX)]
    blocks = pem.blocks(text.encode())
    if not blocks:
        return [invalid_value(CHAIN, text, "issued certificate chain must contain at least one certificate")]
    if any(block.kind != "CERTIFICATE" for block in blocks):
        return [invalid_value(CHAIN, text, "issued certificate chain must consist entirely of CERTIFICATE PEM blocks")]
    certificates = []
    for index, block in enumerate(blocks):
        try:
            certificates.append(x509.load_der_x509_certificate(block.content))
        except ValueError:
            which = "intermediate" if index else "leaf"
            return [invalid_value(CHAIN, text, f"{which} certificate does not parse as valid X.509")]
    leaf = certificates[0]
    if leaf.public_key() != _wanted_key(spec):
        return [invalid_value(CHAIN, text, "leaf certificate was not issued to the requested public key")]
    missing = [
        required(f"status.{key}", words)
        for key, words in (
            ("notBefore", "must be present and consistent with the issued certificate"),
            ("notAfter", "must be present and consistent with the issued certificate"),
            ("beginRefreshAt", "must be present and in the range [notbefore+10min, notafter-10min]"),
        )
        if not status.get(key)
    ]
    return missing or _times(status, leaf, spec["maxExpirationSeconds"])


def _wanted_key(spec: Object) -> Any:
    if spec.get("stubPKCS10Request"):
        return x509.load_der_x509_csr(pem.plain(spec["stubPKCS10Request"])).public_key()
    return serialization.load_der_public_key(pem.plain(spec["pkixPublicKey"]))


def _times(status: Object, leaf: x509.Certificate, most: int) -> Errors:
    begin, end, refresh = (datetime.fromisoformat(status[k]) for k in ("notBefore", "notAfter", "beginRefreshAt"))
    for key, told, real, word in (
        ("notBefore", begin, leaf.not_valid_before_utc, "NotBefore"),
        ("notAfter", end, leaf.not_valid_after_utc, "NotAfter"),
    ):
        if told != real:
            words = f"must be set to the {word} time encoded in the leaf certificate"
            return [invalid_value(f"status.{key}", status[key], words)]
    lifetime = (end - begin).total_seconds()
    if lifetime < SECONDS_MIN:
        return [invalid_value(CHAIN, int(lifetime * 1e9), "leaf certificate lifetime must be >= 1 hour")]
    if lifetime > most:
        words = f"leaf certificate lifetime must be <= spec.maxExpirationSeconds ({most})"
        return [invalid_value(CHAIN, int(lifetime * 1e9), words)]
    path = "status.beginRefreshAt"
    if (refresh - begin).total_seconds() < REFRESH_MARGIN_SECONDS:
        words = "must be at least 10 minutes after status.notBefore"
        return [invalid_value(path, status["beginRefreshAt"], words)]
    if (end - refresh).total_seconds() < REFRESH_MARGIN_SECONDS:
        words = "must be at least 10 minutes before status.notAfter"
        return [invalid_value(path, status["beginRefreshAt"], words)]
    return []


def _field(key: str) -> Any:
    return lambda obj: str((obj.get("spec") or {}).get(key, ""))


BEHAVIOURS = {
    "podcertificaterequests.certificates.k8s.io": Behaviour(
        default=default,
        prepare=checks.preparing({}),
        validate=validate,
        prepare_status=checks.status_alone,
        validate_status=validate_status,
        fields={f"spec.{key}": _field(key) for key in ("signerName", "podName", "nodeName")},
        unconditional_update=False,
    ),
}
