"""The catalogue: every built-in resource with its behaviour, joined from the files of this folder."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from picok8s.api.resource import Behaviour, Resource, facts
from picok8s.apiserver.kinds import (
    admission_policies,
    admissionregistration,
    apiregistration,
    apps,
    autoscaling,
    certificates,
    certificates_pods,
    claims,
    configs,
    coordination,
    cronjobs,
    discovery,
    endpoints,
    events,
    events_k8s,
    flowcontrol,
    jobs,
    limits,
    namespaces,
    networking,
    networking_addresses,
    node,
    nodes,
    pods,
    policy,
    quotas,
    rbac,
    replicationcontrollers,
    resource,
    resource_slices,
    scheduling,
    serviceaccounts,
    services,
    storage,
    storage_core,
    storage_csi,
    storagemigration,
)

# One row a file. A later file may not speak about a kind of an earlier one.
TABLES: tuple[dict[str, Behaviour], ...] = (
    pods.BEHAVIOURS,
    claims.BEHAVIOURS,
    configs.BEHAVIOURS,
    endpoints.BEHAVIOURS,
    events.BEHAVIOURS,
    limits.BEHAVIOURS,
    namespaces.BEHAVIOURS,
    nodes.BEHAVIOURS,
    quotas.BEHAVIOURS,
    replicationcontrollers.BEHAVIOURS,
    serviceaccounts.BEHAVIOURS,
    services.BEHAVIOURS,
    storage_core.BEHAVIOURS,
    admission_policies.BEHAVIOURS,
    admissionregistration.BEHAVIOURS,
    apiregistration.BEHAVIOURS,
    apps.BEHAVIOURS,
    autoscaling.BEHAVIOURS,
    certificates.BEHAVIOURS,
    certificates_pods.BEHAVIOURS,
    coordination.BEHAVIOURS,
    cronjobs.BEHAVIOURS,
    discovery.BEHAVIOURS,
    events_k8s.BEHAVIOURS,
    flowcontrol.BEHAVIOURS,
    jobs.BEHAVIOURS,
    networking.BEHAVIOURS,
    networking_addresses.BEHAVIOURS,
    node.BEHAVIOURS,
    policy.BEHAVIOURS,
    rbac.BEHAVIOURS,
    resource.BEHAVIOURS,
    resource_slices.BEHAVIOURS,
    scheduling.BEHAVIOURS,
    storage.BEHAVIOURS,
    storage_csi.BEHAVIOURS,
    storagemigration.BEHAVIOURS,
)


def join(rows: Iterable[Resource], tables: Iterable[dict[str, Behaviour]]) -> tuple[Resource, ...]:
    """`rows` with their behaviours. A key is a resource's name, with "/VERSION" where it is one version's alone."""
    rows = tuple(rows)
    behaviours: dict[str, Behaviour] = {}
    for table in tables:
        for name, behaviour in table.items():
            if name in behaviours:
                raise ValueError(f"{name} has two behaviours")
            behaviours[name] = behaviour
    known = {row.name for row in rows} | {f"{row.name}/{row.version}" for row in rows}
    unknown = sorted(behaviours.keys() - known)
    if unknown:
        raise ValueError(f"there is no kind for the behaviour of {', '.join(unknown)}")

    def behaviour_of(row: Resource) -> Behaviour:
        own = behaviours.get(f"{row.name}/{row.version}") or behaviours.get(row.name)
        return own or row.behaviour

    return tuple(replace(row, behaviour=behaviour_of(row)) for row in rows)


@cache
def catalogue() -> tuple[Resource, ...]:
    """Every built-in resource, in the order of discovery."""
    return join(facts(), TABLES)
