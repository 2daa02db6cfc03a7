"""certificates.k8s.io: CertificateSigningRequest and ClusterTrustBundle.

Who asked for a certificate is not known here: it is filled in where the request is.
"""

from collections.abc import Callable
from typing import Any

from cryptography import x509

from picok8s.api import names
from picok8s.api.errors import FieldError, duplicate, forbidden_field, invalid_value, required, too_long
from picok8s.api.resource import Behaviour
from picok8s.apiserver.kinds import checks, pem

Object = dict[str, Any]
Errors = list[FieldError]

CONDITIONS = "status.conditions"
APPROVAL = ("Approved", "Denied")
LEGACY_SIGNER = "kubernetes.io/legacy-unknown"
BUNDLE_MAX = 1024 * 1024
SECONDS_MIN = 600
OMITTED = "<value omitted>"
USAGES = frozenset(
    (
        *("signing", "digital signature", "content commitment", "key encipherment", "key agreement"),
        *("data encipherment", "cert sign", "crl sign", "encipher only", "decipher only", "any", "server auth"),
        *("client auth", "code signing", "email protection", "s/mime", "ipsec end system", "ipsec tunnel"),
        *("ipsec user", "timestamping", "ocsp signing", "microsoft sgc", "netscape sgc"),
    )
)


def signer_name(name: str, path: str) -> Errors:
    """A domain of at least two labels and one path segment."""
    if not name:
        return [required(path)]
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest:
        words = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [invalid_value(path, name, words)]
    errors = [too_long(path, names.SUBDOMAIN_MAX)] if len(domain) > names.SUBDOMAIN_MAX else []
    labels = domain.split(".")
    errors += _first_bad(labels, names.dns_label, domain, path)
    if len(labels) < 2:
        words = "should be a domain with at least two segments separated by dots"
        errors.append(invalid_value(path, domain, words))
    errors += _first_bad(rest.split("."), names.dns_subdomain, rest, path)
    longest = 2 * names.SUBDOMAIN_MAX + names.LABEL_MAX + 2
    return errors + ([too_long(path, longest)] if len(name) > longest else [])


def _first_bad(parts: list[str], check: Callable[[str], list[str]], whole: str, path: str) -> Errors:
    for part in parts:
        if texts := check(part):
            return [invalid_value(path, whole, f'validating label "{part}": {text}') for text in texts]
    return []


# CertificateSigningRequest.


def prepare_request(new: Object, old: Object | None) -> None:
    if old is None:
        new["status"] = {}
    else:
        checks.keep(new, old, "spec", "status")


def prepare_status(new: Object, old: Object) -> None:
    """A signer writes the certificate and its own conditions; what was approved stays as it was said."""
    checks.keep(new, old, "spec")
    conditions = (new.get("status") or {}).get("conditions") or []
    for kind in APPROVAL:
        before = _of_type(old, kind)
        places = [index for index, condition in enumerate(conditions) if condition.get("type") == kind]
        if len(before) == len(places):
            for index, condition in zip(places, before, strict=True):
                conditions[index] = condition


def prepare_approval(new: Object, old: Object | None) -> None:
    """Of an approval only the conditions count."""
    before = old or {}
    conditions = (new.get("status") or {}).get("conditions")
    checks.keep(new, before, "spec")
    new["status"] = {key: value for key, value in (before.get("status") or {}).items() if key != "conditions"}
    if conditions:
        new["status"]["conditions"] = conditions


def _of_type(request: Object, kind: str) -> list[Object]:
    return [c for c in (request.get("status") or {}).get("conditions") or [] if c.get("type") == kind]


def validate_request(new: Object, old: Object | None) -> Errors:
    return _whole(new, old) + (_changes(new, old, approves=False, signs=False) if old else [])


def validate_status(new: Object, old: Object) -> Errors:
    return _whole(new, old) + _changes(new, old, approves=False, signs=True)


def validate_approval(new: Object, old: Object | None) -> Errors:
    return _whole(new, old) + (_changes(new, old, approves=True, signs=False) if old else [])


def _whole(new: Object, old: Object | None) -> Errors:
    spec = new.get("spec") or {}
    usages, signer = spec.get("usages") or [], spec.get("signerName", "")
    errors = _request(spec.get("request") or "")
    if not usages:
        errors.append(required("spec.usages"))
    before = ((old or {}).get("spec") or {}).get("usages") or []
    for index, usage in enumerate(usages):
        if usage not in USAGES and usage not in before:
            errors.append(checks.unsupported(f"spec.usages[{index}]", usage, USAGES))
    for index, usage in enumerate(usages):
        if usage in usages[:index] and old is None:
            errors.append(duplicate(f"spec.usages[{index}]", usage))
    if signer == LEGACY_SIGNER and old is None:
        words = "the legacy signerName is not allowed via this API version"
        errors.append(invalid_value("spec.signerName", signer, words))
    else:
        errors += signer_name(signer, "spec.signerName")
    seconds = spec.get("expirationSeconds", SECONDS_MIN)
    if seconds < SECONDS_MIN:
        words = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(invalid_value("spec.expirationSeconds", seconds, words))
    errors += _conditions(new, old)
    certificate = (new.get("status") or {}).get("certificate", "")
    if certificate and certificate != ((old or {}).get("status") or {}).get("certificate"):
        if problem := pem.certificate_problem(pem.plain(certificate)):
            errors.append(invalid_value("status.certificate", "<certificate data>", problem))
    return errors


def _request(encoded: str) -> Errors:
    blocks = pem.blocks(pem.plain(encoded))
    if not blocks or blocks[0].kind != "CERTIFICATE REQUEST":
        return [invalid_value("spec.request", encoded or None, "PEM block type must be CERTIFICATE REQUEST")]
    try:
        good = x509.load_der_x509_csr(blocks[0].content).is_signature_valid
    except ValueError as error:
        return [invalid_value("spec.request", encoded, f"asn1: {error}")]
    return [] if good else [invalid_value("spec.request", encoded, "x509: signature verification failed")]


def _conditions(new: Object, old: Object | None) -> Errors:
    errors: Errors = []
    late: Errors = []
    seen: list[str] = []
    before = [c.get("type", "") for c in ((old or {}).get("status") or {}).get("conditions") or []]
    for index, condition in enumerate((new.get("status") or {}).get("conditions") or []):
        kind, status = condition.get("type", ""), condition.get("status", "")
        path = f"{CONDITIONS}[{index}]"
        if not kind and "" not in before:
            errors.append(required(f"{path}.type"))
        allowed = ("True",) if kind in (*APPROVAL, "Failed") else ("False", "True", "Unknown")
        if not status:
            errors.append(required(f"{path}.status"))
        elif status not in allowed:
            errors.append(checks.unsupported(f"{path}.status", status, allowed))
        if kind in seen and len(set(before)) == len(before):
            errors.append(duplicate(f"{path}.type", kind))
        seen.append(kind)
    if all(kind in seen for kind in APPROVAL) and not all(kind in before for kind in APPROVAL):
        told = [f'conditions[{{"type": "{kind}"}}]' for kind in APPROVAL]
        words = f"must specify at most one of: {', '.join(f'`{word}`' for word in told)}"
        late.append(invalid_value(CONDITIONS, "{" + ", ".join(told) + "}", words))
    return errors + late


def _changes(new: Object, old: Object, approves: bool, signs: bool) -> Errors:
    errors = [
        forbidden_field(CONDITIONS, f'updates may not remove a condition of type "{kind}"')
        for kind in (*APPROVAL, "Failed")
        if len(_of_type(new, kind)) < len(_of_type(old, kind))
    ]
    for kind in () if approves else APPROVAL:
        now, before = _of_type(new, kind), _of_type(old, kind)
        if len(now) > len(before):
            errors.append(forbidden_field(CONDITIONS, f'updates may not add a condition of type "{kind}"'))
        elif len(now) == len(before) and now != before:
            errors.append(forbidden_field(CONDITIONS, f'updates may not modify a condition of type "{kind}"'))
    now, before = ((obj.get("status") or {}).get("certificate", "") for obj in (new, old))
    if now != before and not signs:
        errors.append(forbidden_field("status.certificate", "updates may not set certificate content"))
    elif now != before and before:
        words = "updates may not modify existing certificate content"
        errors.append(forbidden_field("status.certificate", words))
    return errors


# ClusterTrustBundle.


def validate_bundle(new: Object, old: Object | None) -> Errors:
    spec = new.get("spec") or {}
    signer, text = spec.get("signerName", ""), spec.get("trustBundle", "")
    errors = _bundle_name(new["metadata"].get("name", ""), signer)
    if signer:
        errors += signer_name(signer, "spec.signerName")
    if old is None or text != (old.get("spec") or {}).get("trustBundle", ""):
        errors += _anchors(text)
    return errors + (checks.immutable(spec, old.get("spec") or {}, "spec", "signerName") if old else [])


def _bundle_name(name: str, signer: str) -> Errors:
    prefix = signer.replace("/", ":") + ":" if signer else ""
    if not signer and ":" in name:
        texts = ['ClusterTrustBundle without signer name must not have ":" in its name']
    elif not name.startswith(prefix):
        texts = [f"ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}"]
    else:
        texts = names.dns_subdomain(name.removeprefix(prefix))
    return [invalid_value("metadata.name", name, text) for text in texts]


def _anchors(text: str) -> Errors:
    path = "spec.trustBundle"
    if len(text.encode()) > BUNDLE_MAX:
        return [too_long(path, BUNDLE_MAX)]
    problems: list[str] = []
    places: dict[bytes, list[int]] = {}
    for index, block in enumerate(pem.blocks(text.encode())):
        if problem := _anchor_problem(block):
            problems.append(f"entry {index} {problem}")
        else:
            places.setdefault(block.content, []).append(index)
    if not problems and not places:
        problems.append("at least one trust anchor must be provided")
    if not problems:
        for indices in places.values():
            if len(indices) > 1:
                problems.append(f"duplicate trust anchor (indices [{' '.join(map(str, indices))}])")
    return [invalid_value(path, OMITTED, problem) for problem in problems]


def _anchor_problem(block: pem.Block) -> str:
    if block.kind != "CERTIFICATE":
        return f"has bad block type: {block.kind}"
    if block.headers:
        return "has PEM block headers"
    try:
        certificate = x509.load_der_x509_certificate(block.content)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return "does not have the CA bit set"
    except ValueError:
        return "does not parse as X.509"
    return "" if constraints.ca else "does not have the CA bit set"


def _any_name(name: str) -> list[str]:
    return []


def _signer(obj: Object) -> str:
    return str((obj.get("spec") or {}).get("signerName", ""))


BEHAVIOURS = {
    "certificatesigningrequests.certificates.k8s.io": Behaviour(
        prepare=prepare_request,
        validate=validate_request,
        prepare_status=prepare_status,
        validate_status=validate_status,
        subresources={"approval": (prepare_approval, validate_approval)},
        name=_any_name,
        fields={"spec.signerName": _signer},
    ),
    "clustertrustbundles.certificates.k8s.io": Behaviour(
        validate=validate_bundle,
        name=_any_name,
        fields={"spec.signerName": _signer},
        unconditional_update=False,
    ),
}
