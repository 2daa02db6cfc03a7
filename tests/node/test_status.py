"""The status of a pod: its phase, its conditions, the states of its containers."""

from dataclasses import replace

from picok8s.node import status
from picok8s.node.state import EXITED, Backoff, Sandbox, Seen, Trouble
from tests.node.test_step import NOW, pod, ran, seen

MACHINE = {"ips": ["192.0.2.1"], "runtime": "containerd"}


def shown(p: dict, s: Seen) -> dict:
    return status.status(p, s, MACHINE, NOW)


def conditions(made: dict) -> dict[str, str]:
    return {row["type"]: row["status"] for row in made["conditions"]}


def state(made: dict, index: int = 0) -> dict:
    return made["containerStatuses"][index]["state"]


def test_a_new_pod_is_pending_and_creates_its_containers():
    made = shown(pod(), seen(box=None))
    assert made["phase"] == "Pending" and state(made) == {"waiting": {"reason": "ContainerCreating"}}
    assert conditions(made) == {
        "PodReadyToStartContainers": "False",
        "Initialized": "True",
        "Ready": "False",
        "ContainersReady": "False",
        "PodScheduled": "True",
    }


def test_with_init_containers_it_is_initializing():
    made = shown(pod(inits=({"name": "i"},)), seen(ran("i")))
    assert state(made) == {"waiting": {"reason": "PodInitializing"}}
    row = next(r for r in made["conditions"] if r["type"] == "Initialized")
    assert row["status"] == "False" and row["message"] == "containers with incomplete status: [i]"


def test_running_and_ready():
    made = shown(pod(), seen(ran("c")))
    assert made["phase"] == "Running" and made["podIP"] == "10.1.0.2" and conditions(made)["Ready"] == "True"
    row = made["containerStatuses"][0]
    assert row["ready"] and row["started"] and row["containerID"] == "containerd://c-0"


def test_not_ready_until_the_readiness_probe_says_so():
    probed = pod({"name": "c", "image": "i", "readinessProbe": {"exec": {}}})
    assert conditions(shown(probed, seen(ran("c"))))["Ready"] == "False"
    assert conditions(shown(probed, seen(ran("c"), probes={("c-0", "readiness"): True})))["Ready"] == "True"


def test_a_readiness_gate_holds_the_pod_back():
    gated = pod(readinessGates=[{"conditionType": "x/y"}])
    row = next(r for r in shown(gated, seen(ran("c")))["conditions"] if r["type"] == "Ready")
    assert row["reason"] == "ReadinessGatesNotReady"
    gated["status"] = {"conditions": [{"type": "x/y", "status": "True"}]}
    assert conditions(shown(gated, seen(ran("c"))))["Ready"] == "True"


def test_a_crash_loop_shows_the_wait_and_the_last_end():
    dead = ran("c", EXITED, code=3, attempt=2)
    made = shown(pod(), seen(dead, restarts={"c": Backoff(20.0, NOW + 9, 40.0)}, counted={dead.id}))
    assert state(made)["waiting"]["reason"] == "CrashLoopBackOff"
    assert state(made)["waiting"]["message"] == "back-off 20s restarting failed container=c pod=web_default(u1)"
    row = made["containerStatuses"][0]
    assert row["lastState"]["terminated"]["exitCode"] == 3 and row["restartCount"] == 2
    assert made["phase"] == "Running"


def test_what_keeps_a_container_from_starting_is_its_waiting_reason():
    made = shown(pod(), seen(troubles={"c": Trouble("ImagePullBackOff", "no such image", NOW + 5)}))
    assert state(made) == {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}


def test_finished_pods_succeed_or_fail():
    once = pod(restartPolicy="Never")
    good = shown(once, seen(ran("c", EXITED)))
    assert good["phase"] == "Succeeded" and state(good)["terminated"]["reason"] == "Completed"
    bad = shown(once, seen(ran("c", EXITED, code=1)))
    assert bad["phase"] == "Failed" and state(bad)["terminated"]["reason"] == "Error"
    assert next(r for r in bad["conditions"] if r["type"] == "Ready")["reason"] == "PodFailed"


def test_a_final_phase_stays():
    once = pod(restartPolicy="Never")
    once["status"] = {"phase": "Succeeded"}
    assert shown(once, seen(box=None))["phase"] == "Succeeded"


def test_a_rejected_pod_fails_with_the_reason():
    made = shown(pod(), seen(box=None, rejected=("OutOfcpu", "no room")))
    assert (made["phase"], made["reason"], made["message"]) == ("Failed", "OutOfcpu", "no room")


def test_a_condition_keeps_its_time_while_it_says_the_same():
    old = pod()
    old["status"] = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}]}
    row = next(r for r in shown(old, seen(ran("c")))["conditions"] if r["type"] == "Ready")
    assert row["lastTransitionTime"] == "2020-01-01T00:00:00Z"


def test_an_image_stop_reason_of_the_runtime_is_shown():
    killed = replace(ran("c", EXITED, code=137), reason="OOMKilled")
    assert state(shown(pod(restartPolicy="Never"), seen(killed)))["terminated"]["reason"] == "OOMKilled"


def test_runs_that_the_runtime_lost_count_as_ended():
    lost = pod()
    lost["status"] = {
        "containerStatuses": [
            {"name": "c", "containerID": "containerd://old", "restartCount": 4, "state": {"running": {}}}
        ]
    }
    (run,) = status.lost_runs(lost, set())
    assert (run.exit_code, run.reason, run.attempt, run.state) == (137, "ContainerStatusUnknown", 4, EXITED)
    assert status.lost_runs(lost, {"old"}) == []


def test_a_pod_in_the_network_of_the_host_has_its_addresses():
    made = shown(pod(hostNetwork=True), seen(ran("c"), box=Sandbox("box", True, 0, 1.0)))
    assert made["podIPs"] == [{"ip": "192.0.2.1"}]


def test_durations_are_go_s():
    assert [status.go_duration(s) for s in (10, 80, 300)] == ["10s", "1m20s", "5m0s"]
