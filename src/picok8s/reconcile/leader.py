"""Leader election over a Lease: one of several candidates works, and another takes over when it falls silent.

Pure: `step` takes the lease as it is and answers what to write. A candidate judges a lease by its own clock: by how
long it has seen the record unchanged, never by the time that another machine wrote into it.
"""

from dataclasses import dataclass, replace
from typing import Any

from picok8s.api import moment, objects

Object = dict[str, Any]

LEASE_SECONDS = 15.0  # A leader that has been silent for so long has lost.
RENEW_SECONDS = 10.0  # A leader that could not renew for so long stops by itself, before another may start.
RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who asks, and what it last saw of the lease: the record, and when that changed."""

    identity: str
    name: str
    namespace: str = "kube-system"
    seen: tuple[str, str] = ("", "")
    seen_at: float = 0.0


def look(candidate: Candidate, lease: Object | None, now: float) -> Candidate:
    """The candidate, having seen this lease."""
    spec = (lease or {}).get("spec") or {}
    record = (spec.get("holderIdentity") or "", spec.get("renewTime") or "")
    return candidate if record == candidate.seen else replace(candidate, seen=record, seen_at=now)


def step(candidate: Candidate, lease: Object | None, now: float) -> Object | None:
    """The lease to write in order to hold it (without a resourceVersion: to create); None while another holds it."""
    spec = (lease or {}).get("spec") or {}
    holder = spec.get("holderIdentity") or ""
    wait = float(spec.get("leaseDurationSeconds") or LEASE_SECONDS)
    if holder not in ("", candidate.identity) and candidate.seen_at + wait > now:
        return None
    stamp = moment.micro(now)
    mine = holder == candidate.identity
    spec = {
        "holderIdentity": candidate.identity,
        "leaseDurationSeconds": int(LEASE_SECONDS),
        "acquireTime": spec.get("acquireTime", stamp) if mine else stamp,
        "renewTime": stamp,
        "leaseTransitions": spec.get("leaseTransitions", 0) + (0 if mine or lease is None else 1),
    }
    metadata = {"name": candidate.name, "namespace": candidate.namespace}
    if lease is not None:
        metadata = {**lease["metadata"], "resourceVersion": objects.revision(lease)}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def release(lease: Object, now: float) -> Object:
    """The lease to write on the way out, so that another need not wait."""
    spec = {**lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": moment.micro(now)}
    return {**lease, "spec": spec}
