"""The step of a pod: what is done first, what waits for what, what follows an end."""

from typing import Any

from picok8s.node import commands as do
from picok8s.node import waits
from picok8s.node.state import CREATED, EXITED, RUNNING, Backoff, Container, Memory, Sandbox, Seen, Trouble
from picok8s.node.step import step

NOW = 1000.0
BOX = Sandbox("box", True, 0, 1.0, ("10.1.0.2",))


def pod(*containers: dict[str, Any], inits: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    meta = {"name": "web", "namespace": "default", "uid": "u1", **more.pop("meta", {})}
    given = list(containers) or [{"name": "c", "image": "i"}]
    return {"metadata": meta, "spec": {"containers": given, "initContainers": list(inits), **more}, "status": {}}


def ran(name: str, state: str = RUNNING, code: int = 0, attempt: int = 0, **more: Any) -> Container:
    id = more.pop("id", f"{name}-{attempt}")
    finished = 900.0 if state == EXITED else 0.0
    return Container(
        id, name, more.pop("sandbox", "box"), attempt, state, 800.0 + attempt, 890.0, finished, code, **more
    )


def seen(*runs: Container, box: Sandbox | None = BOX, gone: bool = False, **memory: Any) -> Seen:
    return Seen((box,) if box else (), runs, Memory(volumes=True, **memory), gone)


def given(made: Any) -> list[Any]:
    return made.commands


def test_a_new_pod_first_gets_its_volumes_and_then_its_sandbox():
    bare = Seen((), (), Memory())
    assert given(step(pod(), bare, NOW)) == [do.MountVolumes()]
    bare.memory.volumes = True
    assert given(step(pod(), bare, NOW)) == [do.CreateSandbox(0)]


def test_what_is_under_way_is_not_asked_for_again():
    assert given(step(pod(), seen(busy={"start:c"}), NOW)) == []


def test_containers_start_one_after_the_other():
    two = pod({"name": "a"}, {"name": "b"})
    assert given(step(two, seen(), NOW)) == [do.StartContainer("a", 0, "box")]
    assert given(step(two, seen(ran("a")), NOW)) == [do.StartContainer("b", 0, "box")]


def test_the_next_container_waits_for_the_post_start_hook():
    two = pod({"name": "a"}, {"name": "b"})
    assert given(step(two, seen(ran("a"), hooked={"a-0"}), NOW)) == []


def test_a_container_that_cannot_start_does_not_hold_up_the_others():
    two = pod({"name": "a"}, {"name": "b"})
    made = step(two, seen(troubles={"a": Trouble("ErrImagePull", "no", NOW + 5)}), NOW)
    assert given(made) == [do.StartContainer("b", 0, "box")] and made.wake_at == NOW + 5


def test_init_containers_run_in_order_and_before_the_others():
    two = pod(inits=({"name": "i1"}, {"name": "i2"}))
    assert given(step(two, seen(), NOW)) == [do.StartContainer("i1", 0, "box")]
    assert given(step(two, seen(ran("i1")), NOW)) == []
    assert given(step(two, seen(ran("i1", EXITED)), NOW)) == [do.StartContainer("i2", 0, "box")]
    assert given(step(two, seen(ran("i1", EXITED), ran("i2", EXITED)), NOW)) == [do.StartContainer("c", 0, "box")]


def test_a_failed_init_container_is_run_again_or_ends_the_pod():
    failed = ran("i1", EXITED, code=1)
    assert given(step(pod(inits=({"name": "i1"},)), seen(failed), NOW)) == [do.StartContainer("i1", 1, "box")]
    never = pod(inits=({"name": "i1"},), restartPolicy="Never")
    assert given(step(never, seen(failed), NOW)) == [do.StopSandbox("box")]


def test_a_sidecar_lets_the_next_one_in_as_soon_as_it_has_started():
    side = {"name": "s", "restartPolicy": "Always", "startupProbe": {"exec": {}}}
    two = pod(inits=(side, {"name": "i"}))
    assert given(step(two, seen(ran("s")), NOW)) == []
    started = seen(ran("s"), probes={("s-0", "startup"): True})
    assert given(step(two, started, NOW)) == [do.StartContainer("i", 0, "box")]


def test_a_sidecar_that_ended_is_started_again_while_the_pod_runs():
    two = pod(inits=({"name": "s", "restartPolicy": "Always"},))
    assert given(step(two, seen(ran("s", EXITED), ran("c")), NOW)) == [do.StartContainer("s", 1, "box")]


def test_an_ended_container_waits_before_its_restart():
    wait = {"c": Backoff(10.0, NOW + 3, 20.0)}
    made = step(pod(), seen(ran("c", EXITED, code=1), restarts=wait), NOW)
    assert given(made) == [] and made.wake_at == NOW + 3
    assert given(step(pod(), seen(ran("c", EXITED, code=1), restarts=wait), NOW + 3)) == [
        do.StartContainer("c", 1, "box")
    ]


def test_on_failure_restarts_only_failures():
    once = pod(restartPolicy="OnFailure")
    assert given(step(once, seen(ran("c", EXITED, code=2)), NOW)) == [do.StartContainer("c", 1, "box")]
    assert given(step(once, seen(ran("c", EXITED)), NOW)) == [do.StopSandbox("box")]


def test_a_rule_restarts_what_the_policy_would_not():
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    ruled = pod({"name": "c", "restartPolicy": "Never", "restartPolicyRules": [rule]}, restartPolicy="Never")
    assert given(step(ruled, seen(ran("c", EXITED, code=42)), NOW)) == [do.StartContainer("c", 1, "box")]
    assert given(step(ruled, seen(ran("c", EXITED, code=41)), NOW)) == [do.StopSandbox("box")]


def test_a_finished_pod_is_torn_down_once():
    ended = pod(restartPolicy="Never")
    box = Sandbox("box", False, 0, 1.0)
    assert given(step(ended, seen(ran("c", EXITED), box=box), NOW)) == [do.TearDown()]
    assert given(step(ended, seen(ran("c", EXITED), box=box, torn_down=True), NOW)) == []


def test_a_lost_sandbox_is_replaced_and_the_containers_with_it():
    lost = Sandbox("box", False, 0, 1.0)
    assert isinstance(given(step(pod(), seen(ran("c"), box=lost), NOW))[0], do.StopContainer)
    dead = ran("c", EXITED, code=137)
    assert given(step(pod(), seen(dead, box=lost), NOW)) == [do.StopSandbox("box")]
    assert given(step(pod(), seen(dead, box=lost, stopped={"box"}), NOW)) == [do.CreateSandbox(1)]
    fresh = Sandbox("new", True, 1, 2.0)
    assert given(step(pod(), Seen((lost, fresh), (dead,), Memory(volumes=True)), NOW)) == [
        do.StartContainer("c", 1, "new")
    ]


def test_a_failed_probe_stops_the_container_with_its_own_grace():
    failing = seen(ran("c"), failing={"c-0": ("Container c failed liveness probe, will be restarted", 3)})
    (stop,) = given(step(pod(), failing, NOW))
    assert (stop.id, stop.grace) == ("c-0", 3)


def test_a_changed_image_replaces_the_container():
    (stop,) = given(step(pod({"name": "c", "image": "new"}), seen(ran("c", hash="0000")), NOW))
    assert stop.why == "Container c definition changed, will be restarted"
    same = waits.container_hash({"name": "c", "image": "new"})
    assert given(step(pod({"name": "c", "image": "new"}), seen(ran("c", hash=same)), NOW)) == []


def test_a_deleted_pod_stops_its_containers_then_its_sidecars_from_the_last():
    sides = ({"name": "s1", "restartPolicy": "Always"}, {"name": "s2", "restartPolicy": "Always"})
    leaving = pod(inits=sides, meta={"deletionTimestamp": "t", "deletionGracePeriodSeconds": 7})
    every = (ran("s1"), ran("s2"), ran("c"))
    assert [(c.name, c.grace) for c in given(step(leaving, seen(*every), NOW))] == [("c", 7)]
    assert [c.name for c in given(step(leaving, seen(ran("s1"), ran("s2"), ran("c", EXITED)), NOW))] == ["s2"]
    ended = (ran("s1", EXITED), ran("s2", EXITED), ran("c", EXITED))
    assert given(step(leaving, seen(*ended), NOW)) == [do.StopSandbox("box")]
    off = Sandbox("box", False, 0, 1.0)
    assert given(step(leaving, seen(*ended, box=off), NOW)) == [do.TearDown()]
    assert given(step(leaving, seen(*ended, box=off, torn_down=True), NOW)) == [do.Finish()]


def test_a_pod_that_the_api_no_longer_has_ends_the_same_way():
    assert isinstance(given(step(pod(), seen(ran("c"), gone=True), NOW))[0], do.StopContainer)


def test_nothing_is_torn_down_while_something_is_being_made():
    leaving = pod(meta={"deletionTimestamp": "t"})
    assert given(step(leaving, seen(busy={"sandbox"}), NOW)) == []


def test_the_deadline_fails_the_pod_when_it_is_over():
    limited = pod(activeDeadlineSeconds=60)
    limited["status"] = {"startTime": "1970-01-01T00:16:00Z"}
    made = step(limited, seen(ran("c")), NOW)
    assert made.wake_at == 1020.0
    (reject,) = given(step(limited, seen(ran("c")), 1020.0))
    assert reject.reason == "DeadlineExceeded"
    rejected = seen(ran("c"), rejected=("DeadlineExceeded", ""))
    assert isinstance(given(step(limited, rejected, 1021.0))[0], do.StopContainer)


def test_only_the_newest_dead_run_is_kept():
    made = step(pod(), seen(ran("c", EXITED, attempt=0), ran("c", EXITED, attempt=1), ran("c", attempt=2)), NOW)
    assert given(made) == [do.RemoveContainer("c-0")]


def test_a_start_that_was_cut_short_is_cleared_away():
    (stop,) = given(step(pod(), seen(ran("c", CREATED)), NOW))
    assert stop.id == "c-0"
