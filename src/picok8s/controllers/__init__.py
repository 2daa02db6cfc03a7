"""The controllers: objects -> writes. One file each; each says what it reads, writes and guarantees.

`controllers(...)` is the list. `run.py` runs it in the server's process.
"""

from picok8s.controllers import (
    cluster_roles,
    cronjob,
    daemonset,
    deployment,
    disruption,
    endpoints,
    endpointslice,
    finished,
    garbage,
    job,
    lost_pods,
    mirroring,
    namespace,
    node_lifecycle,
    node_ranges,
    quota,
    replicaset,
    serviceaccount,
    statefulset,
    taints,
    volumes,
)
from picok8s.reconcile.controller import Controller


def controllers(ca_certificate: str, pod_range: str = node_ranges.POD_RANGE) -> tuple[Controller, ...]:
    """All of them, made anew: what a controller remembers is void after a lost lease."""
    return (
        deployment.CONTROLLER,
        replicaset.CONTROLLER,
        replicaset.REPLICATION_CONTROLLER,
        daemonset.CONTROLLER,
        statefulset.CONTROLLER,
        job.CONTROLLER,
        cronjob.CONTROLLER,
        finished.CONTROLLER,
        disruption.CONTROLLER,
        disruption.STALE,
        namespace.CONTROLLER,
        serviceaccount.CONTROLLER,
        serviceaccount.root_certificates(ca_certificate),
        endpointslice.CONTROLLER,
        endpoints.CONTROLLER,
        mirroring.CONTROLLER,
        quota.controller(),
        garbage.controller(),
        node_lifecycle.controller(),
        taints.CONTROLLER,
        node_ranges.controller(pod_range),
        lost_pods.CONTROLLER,
        volumes.BINDER,
        volumes.VOLUMES,
        volumes.PROTECTION,
        volumes.EPHEMERAL,
        cluster_roles.CONTROLLER,
    )
