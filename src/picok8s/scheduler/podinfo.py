"""What the scheduler needs to know of a pod, worked out once: what it asks for, whom it seeks or shuns."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from picok8s.api import objects, quantity, selectors

Object = dict[str, Any]

# What a container that states nothing is taken for when nodes are compared (never when they are filtered).
DEFAULT_MILLI_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024

HOSTNAME = "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class Term:
    """A term of pod (anti-)affinity; hashable, so that equal terms of many pods are counted as one."""

    topology_key: str
    selector: selectors.Requirements | None
    namespaces: frozenset[str]  # Empty with `namespace_selector`: only what that selects.
    namespace_selector: selectors.Requirements | None
    weight: int = 0  # 0: required.
    away: bool = False

    def matches(self, namespace: str, labels: dict[str, str], namespaces: dict[str, dict[str, str]]) -> bool:
        """Does it mean a pod of this namespace with these labels? `namespaces` tells the labels of namespaces."""
        if namespace not in self.namespaces:
            chosen = self.namespace_selector
            if chosen is None or not selectors.matches(chosen, namespaces.get(namespace, {})):
                return False
        return selectors.matches(self.selector, labels)


@dataclass(frozen=True, slots=True)
class Spread:
    """A topology spread constraint."""

    topology_key: str
    max_skew: int
    required: bool
    selector: selectors.Requirements | None
    min_domains: int = 0
    honor_affinity: bool = True
    honor_taints: bool = False


@dataclass(slots=True)
class PodInfo:
    """A pod, worked out. `signature` is equal for pods that every node answers alike, other pods left aside."""

    pod: Object
    uid: str
    name: str
    namespace: str
    labels: dict[str, str]
    requests: dict[str, int]
    usual_cpu: int
    usual_memory: int
    ports: frozenset[tuple[str, str, int]]
    terms: tuple[Term, ...]
    spreads: tuple[Spread, ...]
    priority: int
    signature: bytes
    claims: tuple[str, ...] = field(default=())


def read(pod: Object) -> PodInfo:
    spec = pod["spec"]
    requests = total_requests(spec)
    labels = objects.labels(pod)
    namespace = objects.namespace(pod)
    ports = host_ports(spec)
    usual_cpu, usual_memory = _usual(spec, requests)
    return PodInfo(
        pod=pod,
        uid=objects.uid(pod),
        name=objects.name(pod),
        namespace=namespace,
        labels=labels,
        requests=requests,
        usual_cpu=usual_cpu,
        usual_memory=usual_memory,
        ports=ports,
        terms=_terms(spec.get("affinity"), namespace, labels),
        spreads=tuple(_spread(one, labels) for one in spec.get("topologySpreadConstraints") or ()),
        priority=spec.get("priority") or 0,
        signature=_signature(spec, requests, ports),
        claims=_claims(pod),
    )


def _signature(spec: Object, requests: dict[str, int], ports: frozenset[tuple[str, str, int]]) -> bytes:
    affinity = spec.get("affinity") or {}
    images = [c.get("image") for c in (*(spec.get("initContainers") or ()), *spec["containers"])]
    parts = [
        spec.get("nodeSelector"),
        affinity.get("nodeAffinity"),
        spec.get("tolerations"),
        requests,
        sorted(ports),
        images,
        spec.get("nodeName"),
        [len(spec["containers"]), len(spec.get("initContainers") or ())],
    ]
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)


@lru_cache(4096)
def amount(resource: str, text: str) -> int:
    """A quantity as a whole number: CPU in thousandths, the rest in units."""
    return quantity.millis(text) if resource == "cpu" else quantity.value(text)


def amounts(given: Object | None) -> dict[str, int]:
    return {word: amount(word, str(text)) for word, text in (given or {}).items()}


def _plus(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {word: one.get(word, 0) + other.get(word, 0) for word in one.keys() | other.keys()}


def _most(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {word: max(one.get(word, 0), other.get(word, 0)) for word in one.keys() | other.keys()}


def total_requests(spec: Object) -> dict[str, int]:
    """What the pod asks of its node: containers and sidecars together, or what an init container needs at its turn;
    a request of the whole pod stands above these; overhead comes on top."""
    total: dict[str, int] = {}
    for container in spec["containers"]:
        asked = (container.get("resources") or {}).get("requests")
        if asked:
            total = _plus(total, amounts(asked)) if total else amounts(asked)
    if spec.get("initContainers"):
        sidecars: dict[str, int] = {}
        peak: dict[str, int] = {}
        for container in spec["initContainers"]:
            asked_now = amounts((container.get("resources") or {}).get("requests"))
            if container.get("restartPolicy") == "Always":
                sidecars = _plus(sidecars, asked_now)
                peak = _most(peak, sidecars)
            else:
                peak = _most(peak, _plus(sidecars, asked_now))
        total = _most(_plus(total, sidecars), peak)
    if whole := (spec.get("resources") or {}).get("requests"):
        total = {**total, **amounts(whole)}
    if spec.get("overhead"):
        total = _plus(total, amounts(spec["overhead"]))
    return total


def _usual(spec: Object, requests: dict[str, int]) -> tuple[int, int]:
    cpu, memory = requests.get("cpu", 0), requests.get("memory", 0)
    for container in spec["containers"]:
        asked = (container.get("resources") or {}).get("requests") or {}
        cpu += 0 if "cpu" in asked else DEFAULT_MILLI_CPU
        memory += 0 if "memory" in asked else DEFAULT_MEMORY
    return cpu, memory


def host_ports(spec: Object) -> frozenset[tuple[str, str, int]]:
    """(address, protocol, port) that the pod takes on its node."""
    found = []
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        if container.get("restartPolicy") not in (None, "Always"):
            continue
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                found.append((port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"]))
    return frozenset(found)


def _claims(pod: Object) -> tuple[str, ...]:
    """The names of the persistent volume claims that it mounts."""
    found = []
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            found.append(volume["persistentVolumeClaim"]["claimName"])
        elif "ephemeral" in volume:
            found.append(f"{objects.name(pod)}-{volume['name']}")
    return tuple(found)


def _with_keys(selector: Object | None, given: Object, labels: dict[str, str]) -> selectors.Requirements | None:
    """The selector, narrowed by the values that this pod has at matchLabelKeys, widened by mismatchLabelKeys."""
    found = selectors.requirements(selector)
    if found is None:
        return None
    same = [
        selectors.Requirement(k, selectors.IN, (labels[k],)) for k in given.get("matchLabelKeys") or () if k in labels
    ]
    other = [
        selectors.Requirement(k, selectors.NOT_IN, (labels[k],))
        for k in given.get("mismatchLabelKeys") or ()
        if k in labels
    ]
    return (*found, *(one for one in (*same, *other) if one not in found))


def _terms(affinity: Object | None, namespace: str, labels: dict[str, str]) -> tuple[Term, ...]:
    found: list[Term] = []
    for word, away in (("podAffinity", False), ("podAntiAffinity", True)):
        rules = (affinity or {}).get(word) or {}
        for term in rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ():
            found.append(_term(term, namespace, labels, 0, away))
        for given in rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            found.append(_term(given["podAffinityTerm"], namespace, labels, given["weight"], away))
    return tuple(found)


def _term(given: Object, namespace: str, labels: dict[str, str], weight: int, away: bool) -> Term:
    chosen = given.get("namespaceSelector")
    named = given.get("namespaces") or ()
    return Term(
        topology_key=given["topologyKey"],
        selector=_with_keys(given.get("labelSelector"), given, labels),
        namespaces=frozenset(named if named or chosen is not None else (namespace,)),
        namespace_selector=selectors.requirements(chosen),
        weight=weight,
        away=away,
    )


def _spread(given: Object, labels: dict[str, str]) -> Spread:
    return Spread(
        topology_key=given["topologyKey"],
        max_skew=given["maxSkew"],
        required=given["whenUnsatisfiable"] == "DoNotSchedule",
        selector=_with_keys(given.get("labelSelector"), given, labels),
        min_domains=given.get("minDomains") or 1,
        honor_affinity=given.get("nodeAffinityPolicy", "Honor") == "Honor",
        honor_taints=given.get("nodeTaintsPolicy", "Ignore") == "Honor",
    )
