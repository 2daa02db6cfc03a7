"""Certificates: a signing request says who asked; approving, signing and attesting want a right on the signer."""

import base64
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from picok8s.api import moment
from picok8s.apiserver.admission.hooks import UPDATE, WRITES, Cluster, Hook, refused
from picok8s.apiserver.messages import Call
from picok8s.apiserver.rbac import Attributes
from picok8s.apiserver.users import MASTERS

Object = dict[str, Any]

REQUESTS = "certificatesigningrequests.certificates.k8s.io"
BUNDLES = "clustertrustbundles.certificates.k8s.io"
CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"


def record_requester(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    """Whatever the request claims, it is the caller's."""
    spec = {key: value for key, value in (new.get("spec") or {}).items() if key not in REQUESTER_FIELDS}
    spec["username"] = call.user.name
    if call.user.uid:
        spec["uid"] = call.user.uid
    if call.user.groups:
        spec["groups"] = list(call.user.groups)
    if call.user.extra:
        spec["extra"] = {key: list(values) for key, values in call.user.extra}
    new["spec"] = spec


def date_conditions(server: Cluster, call: Call, new: Object, old: Object) -> None:
    """Conditions without times get them; one that only repeats what was said keeps its own."""
    now = moment.time(server.now())
    known = {(c.get("type"), c.get("status")): c for c in (old.get("status") or {}).get("conditions") or []}
    status = new.get("status") or {}
    dated = []
    for condition in status.get("conditions") or []:
        before = known.get((condition.get("type"), condition.get("status"))) or {}
        times = {
            "lastUpdateTime": condition.get("lastUpdateTime") or now,
            "lastTransitionTime": condition.get("lastTransitionTime") or before.get("lastTransitionTime") or now,
        }
        dated.append({**condition, **times})
    if dated:
        new["status"] = {**status, "conditions": dated}


REQUESTER_FIELDS = ("username", "uid", "groups", "extra")


def judge_approval(server: Cluster, call: Call, new: Object, old: Object) -> None:
    signer = old["spec"].get("signerName", "")
    if not may(server, call, "approve", signer):
        raise refused(call, old, f'user not permitted to approve requests with signerName "{signer}"')


def judge_signing(server: Cluster, call: Call, new: Object, old: Object) -> None:
    before, after = old.get("status") or {}, new.get("status") or {}
    if all(before.get(key) == after.get(key) for key in ("certificate", "conditions")):
        return
    signer = old["spec"].get("signerName", "")
    if not may(server, call, "sign", signer):
        raise refused(call, old, f'user not permitted to sign requests with signerName "{signer}"')


def judge_attestation(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    signer = (new.get("spec") or {}).get("signerName", "")
    if not signer or (old is not None and old.get("spec") == new.get("spec")):
        return
    if not may(server, call, "attest", signer):
        raise refused(call, new, f'user not permitted to attest for signerName "{signer}"')


def judge_subject(server: Cluster, call: Call, new: Object, old: Object | None) -> None:
    """No certificate of the client signer makes a master."""
    if new["spec"].get("signerName") != CLIENT_SIGNER:
        return
    try:
        request = x509.load_pem_x509_csr(base64.b64decode(new["spec"].get("request", "")))
    except ValueError as error:
        raise refused(call, new, f"failed to parse CSR: {error}") from None
    groups = request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    if any(group.value == MASTERS for group in groups):
        raise refused(call, new, f"use of {CLIENT_SIGNER} signer with {MASTERS} group is not allowed")


def may(server: Cluster, call: Call, verb: str, signer: str) -> bool:
    """Whether the caller has a right on a signer, or on all signers of its domain."""
    every = f"{signer.split('/', 1)[0]}/*"
    for name in (signer, every):
        wanted = Attributes(call.user, verb, "certificates.k8s.io", "*", "signers", name=name)
        if server.authorizer.decide(wanted)[0]:
            return True
    return False


REQUESTER = Hook("CertificateRequester", record_requester, (REQUESTS,))
DATES = Hook("CertificateRequester", date_conditions, (REQUESTS,), (UPDATE,), ("approval", "status"))
APPROVAL = Hook("CertificateApproval", judge_approval, (REQUESTS,), (UPDATE,), ("approval",))
SIGNING = Hook("CertificateSigning", judge_signing, (REQUESTS,), (UPDATE,), ("status",))
ATTESTATION = Hook("ClusterTrustBundleAttest", judge_attestation, (BUNDLES,), WRITES)
SUBJECT = Hook("CertificateSubjectRestriction", judge_subject, (REQUESTS,))
