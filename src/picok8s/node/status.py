"""The status of a pod, as the API shows it, from what runs. Pure.

What was true before and did not change keeps its time; a phase that is final stays final.
"""

from typing import Any

import orjson

from picok8s.api import moment
from picok8s.node import pods, resizing, step
from picok8s.node.state import EXITED, RUNNING, Container, Seen

Object = dict[str, Any]


def status(pod: Object, seen: Seen, machine: Object, now: float) -> Object:
    """`machine`: {"ips": [address of the node, ...], "runtime": "containerd"}."""
    old = pod.get("status") or {}
    generation = pod["metadata"].get("generation")
    mains = [container_status(pod, c, seen, machine) for c in pods.containers(pod)]
    inits = [container_status(pod, c, seen, machine) for c in pods.init_containers(pod)]
    ephemerals = [container_status(pod, c, seen, machine) for c in pods.ephemeral_containers(pod)]
    made: Object = {
        "phase": phase(pod, seen),
        "qosClass": pods.qos_class(pod),
        "startTime": old.get("startTime") or moment.time(now),
        "hostIP": machine["ips"][0],
        "hostIPs": [{"ip": ip} for ip in machine["ips"]],
        "containerStatuses": sorted(mains, key=lambda c: c["name"]),
    }
    if generation:
        made["observedGeneration"] = generation
    if inits:
        made["initContainerStatuses"] = inits
    if ephemerals:
        made["ephemeralContainerStatuses"] = sorted(ephemerals, key=lambda c: c["name"])
    if seen.memory.rejected:
        made["reason"], made["message"] = seen.memory.rejected
    if ips := addresses(pod, seen, machine):
        made["podIP"] = ips[0]
        made["podIPs"] = [{"ip": ip} for ip in ips]
    made["conditions"] = conditions(pod, seen, made, now)
    return made


def addresses(pod: Object, seen: Seen, machine: Object) -> list[str]:
    sandbox = seen.sandbox()
    if sandbox is None:
        return [row["ip"] for row in (pod.get("status") or {}).get("podIPs") or []]
    if pods.is_host_network(pod):
        return list(machine["ips"])
    return list(sandbox.ips) or [row["ip"] for row in (pod.get("status") or {}).get("podIPs") or []]


def phase(pod: Object, seen: Seen) -> str:
    before = (pod.get("status") or {}).get("phase")
    if before in ("Succeeded", "Failed"):
        return before
    mains = [seen.latest(c["name"]) for c in pods.containers(pod)]
    if seen.memory.rejected:
        return "Failed"
    if step.is_finished(pod, seen) and not seen.alive():
        return "Succeeded" if all(c and not c.exit_code for c in mains) else "Failed"
    if seen.memory.torn_down and any(mains):
        return "Succeeded" if all(c and not c.exit_code for c in mains) else "Failed"
    sandbox = seen.sandbox()
    if any(c is None for c in mains) or sandbox is None or not mains:
        return "Pending"
    return "Running" if any(c.state in (RUNNING, EXITED) for c in mains if c) else "Pending"


def container_status(pod: Object, container: Object, seen: Seen, machine: Object) -> Object:
    name = container["name"]
    runs = seen.runs(name)
    last = runs[0] if runs else None
    before = _before(pod, name)
    state, previous = _states(pod, container, runs, seen, machine)
    if not previous and last is not None and before.get("restartCount") == last.attempt:
        previous = before.get("lastState") or {}
    made: Object = {
        "name": name,
        "state": state,
        "lastState": previous,
        "ready": is_ready(pod, container, last, seen),
        "restartCount": last.attempt if last else int(before.get("restartCount") or 0),
        "image": (last.image if last else "") or container.get("image", ""),
        "imageID": last.image_id if last else "",
    }
    if last is not None:
        made["containerID"] = f"{machine['runtime']}://{last.id}"
    if container not in pods.ephemeral_containers(pod):
        made["started"] = step.is_started(container, last, seen)
    if last is not None and last.user:
        made["user"] = {"linux": last.user}
    _add_resources(made, container, last, seen)
    return made


def _add_resources(made: Object, container: Object, last: Container | None, seen: Seen) -> None:
    resources = container.get("resources") or {}
    has = resizing.applied(last, seen.memory) if last is not None else ""
    if has and has != resizing.text(container):  # A change that has not come about yet.
        old = orjson.loads(has)
        resources = {kind: {**(resources.get(kind) or {}), **(old.get(kind) or {})} for kind in ("limits", "requests")}
    if last is not None and last.state == RUNNING and (resources.get("requests") or resources.get("limits")):
        if resources.get("requests"):
            made["allocatedResources"] = resources["requests"]
        made["resources"] = {key: resources[key] for key in ("limits", "requests") if resources.get(key)}
    if mounts := container.get("volumeMounts"):
        made["volumeMounts"] = [_mount(mount) for mount in mounts]


def _mount(mount: Object) -> Object:
    made = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        made |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return made


def _states(
    pod: Object, container: Object, runs: list[Container], seen: Seen, machine: Object
) -> tuple[Object, Object]:
    """(state, lastState)."""
    name = container["name"]
    trouble = seen.memory.troubles.get(name)
    last = runs[0] if runs else None
    previous = terminated(runs[1], seen, machine) if len(runs) > 1 and runs[1].state == EXITED else {}
    if last is None:
        return waiting(trouble.reason, trouble.message) if trouble else _default(pod, name, seen), {}
    if last.state == RUNNING:
        return {"running": {"startedAt": moment.time(last.started)}}, previous
    if last.state != EXITED:
        return waiting("ContainerCreating"), previous
    ending = terminated(last, seen, machine)
    stopping = "deletionTimestamp" in pod["metadata"] or seen.memory.rejected or seen.gone
    if stopping or not pods.restarts(pod, container, last.exit_code):
        return ending, previous
    if trouble:
        return waiting(trouble.reason, trouble.message), ending
    wait = seen.memory.restarts.get(name)
    if wait is not None and wait.wait and last.id in seen.memory.counted:
        return waiting("CrashLoopBackOff", crash_message(pod, name, wait.wait)), ending
    return ending, previous


def _default(pod: Object, name: str, seen: Seen) -> Object:
    """What a container waits for that never ran: the init containers, or its own creation."""
    if seen.memory.rejected or ("deletionTimestamp" in pod["metadata"] and seen.memory.torn_down):
        return _before(pod, name).get("state") or waiting("ContainerCreating")
    return waiting("PodInitializing" if pods.init_containers(pod) else "ContainerCreating")


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def crash_message(pod: Object, name: str, wait: float) -> str:
    return f"back-off {go_duration(wait)} restarting failed container={name} pod={pods.full_name(pod)}"


def go_duration(seconds: float) -> str:
    """10s, 1m20s, 5m0s: whole seconds as Go prints them."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def terminated(run: Container, seen: Seen, machine: Object) -> Object:
    made: Object = {
        "exitCode": run.exit_code,
        "reason": run.reason or ("Error" if run.exit_code else "Completed"),
        "startedAt": moment.time(run.started) if run.started else None,
        "finishedAt": moment.time(run.finished) if run.finished else None,
        "containerID": f"{machine['runtime']}://{run.id}",
    }
    if message := seen.memory.exit_messages.get(run.id) or run.message:
        made["message"] = message
    return {"terminated": made}


def is_ready(pod: Object, container: Object, last: Container | None, seen: Seen) -> bool:
    if last is None:
        return False
    if pods.is_init(pod, container["name"]) and not pods.is_sidecar(container):
        return last.state == EXITED and last.exit_code == 0
    if container in pods.ephemeral_containers(pod):
        return False
    if not step.is_started(container, last, seen):
        return False
    return not container.get("readinessProbe") or seen.memory.probes.get((last.id, "readiness"), False)


def _before(pod: Object, name: str) -> Object:
    status = pod.get("status") or {}
    for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for row in status.get(kind) or []:
            if row["name"] == name:
                return row
    return {}


def conditions(pod: Object, seen: Seen, made: Object, now: float) -> list[Object]:
    old = {c["type"]: c for c in (pod.get("status") or {}).get("conditions") or []}
    sandbox = seen.sandbox()
    networked = sandbox is not None and sandbox.ready and bool(made.get("podIP"))
    containers_ready = _containers_ready(pod, made)
    rows = [
        {"type": "PodReadyToStartContainers", "status": _truth(networked)},
        _initialized(pod, seen, made),
        _ready(pod, containers_ready, old),
        containers_ready,
        {"type": "PodScheduled", "status": "True"},
    ]
    generation = pod["metadata"].get("generation")
    resize = resizing.conditions(pod, seen, old, now)
    return [*resize, *(_timed(row, old.get(row["type"]), generation, now) for row in rows)]


def _truth(value: bool) -> str:
    return "True" if value else "False"


def _timed(row: Object, old: Object | None, generation: int | None, now: float) -> Object:
    made: Object = {"lastProbeTime": None, **row}
    if generation:
        made["observedGeneration"] = generation
    same = old is not None and old.get("status") == row["status"]
    made["lastTransitionTime"] = (old or {}).get("lastTransitionTime") if same else moment.time(now)
    return made


def _initialized(pod: Object, seen: Seen, made: Object) -> Object:
    row: Object = {"type": "Initialized", "status": "True"}
    inits = pods.init_containers(pod)
    if not inits:
        return row
    if made["phase"] == "Succeeded":
        return row | {"reason": "PodCompleted"}
    if any(seen.latest(c["name"]) for c in pods.containers(pod)):
        return row
    by_name = {row["name"]: row for row in made.get("initContainerStatuses") or []}
    undone = [c["name"] for c in inits if not _is_initialized(c, by_name[c["name"]])]
    if not undone:
        return row
    message = f"containers with incomplete status: [{' '.join(undone)}]"
    return {"type": "Initialized", "status": "False", "reason": "ContainersNotInitialized", "message": message}


def _is_initialized(container: Object, shown: Object) -> bool:
    return bool(shown.get("started")) if pods.is_sidecar(container) else bool(shown["ready"])


def _containers_ready(pod: Object, made: Object) -> Object:
    row: Object = {"type": "ContainersReady", "status": "False"}
    if made["phase"] == "Succeeded":
        return row | {"reason": "PodCompleted"}
    if made["phase"] == "Failed":
        return row | {"reason": "PodFailed"}
    sidecars = {c["name"] for c in pods.init_containers(pod) if pods.is_sidecar(c)}
    shown = [c for c in made.get("initContainerStatuses") or [] if c["name"] in sidecars]
    unready = [c["name"] for c in (*shown, *made["containerStatuses"]) if not c["ready"]]
    if unready:
        return row | {
            "reason": "ContainersNotReady",
            "message": f"containers with unready status: [{' '.join(unready)}]",
        }
    return row | {"status": "True"}


def _ready(pod: Object, containers: Object, old: dict[str, Object]) -> Object:
    row = containers | {"type": "Ready"}
    if containers["status"] != "True":
        return row
    wrong = []
    for gate in pod["spec"].get("readinessGates") or []:
        found = old.get(gate["conditionType"])
        if found is None:
            wrong.append(f'corresponding condition of pod readiness gate "{gate["conditionType"]}" does not exist.')
        elif found["status"] != "True":
            wrong.append(
                f'the status of pod readiness gate "{gate["conditionType"]}" is not "True", but {found["status"]}'
            )
    if not wrong:
        return row
    return row | {"status": "False", "reason": "ReadinessGatesNotReady", "message": ", ".join(wrong)}


def lost_runs(pod: Object, known: set[str]) -> list[Container]:
    """Runs that the API remembers and the runtime does not: a reboot, or a cleaned machine. They count as ended."""
    found = []
    status = pod.get("status") or {}
    for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for row in status.get(kind) or []:
            id = str(row.get("containerID") or "").rpartition("/")[2]
            if id and id not in known:
                found.append(_lost(row, id))
    return found


def _lost(row: Object, id: str) -> Container:
    ending = (row.get("state") or {}).get("terminated") or (row.get("lastState") or {}).get("terminated")
    if not ending or str(ending.get("containerID") or "").rpartition("/")[2] != id:
        message = "The container could not be located when the pod was terminated"
        ending = {"exitCode": 137, "reason": "ContainerStatusUnknown", "message": message}
    times = {key: moment.seconds(ending[key]) if ending.get(key) else 0.0 for key in ("startedAt", "finishedAt")}
    return Container(
        id=id,
        name=row["name"],
        sandbox="",
        attempt=int(row.get("restartCount") or 0),
        state=EXITED,
        created=times["startedAt"],
        started=times["startedAt"],
        finished=times["finishedAt"],
        exit_code=int(ending.get("exitCode") or 0),
        reason=str(ending.get("reason") or ""),
        message=str(ending.get("message") or ""),
        image=str(row.get("image") or ""),
        image_id=str(row.get("imageID") or ""),
    )
