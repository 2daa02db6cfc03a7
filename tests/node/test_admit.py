"""Pods that the node must refuse."""

from picok8s.node import admit
from tests.node.test_pods import needs
from tests.node.test_step import pod

ROOM = {"cpu": "2", "memory": "1Gi", "pods": "3", "ephemeral-storage": "1Gi"}


def test_room_for_cpu_memory_and_pods():
    one = pod(needs(requests={"cpu": "1500m"}))
    assert admit.refusal(one, [], ROOM, ()) is None
    reason, message = admit.refusal(one, [one], ROOM, ())
    assert reason == "OutOfcpu" and message.endswith("resource: cpu, requested: 1500, used: 1500, capacity: 2000")
    assert admit.refusal(pod(), [pod()] * 3, ROOM, ())[0] == "OutOfpods"


def test_finished_pods_take_no_room():
    ended = {**pod(needs(requests={"cpu": "2"})), "status": {"phase": "Succeeded"}}
    assert admit.refusal(pod(needs(requests={"cpu": "2"})), [ended], ROOM, ()) is None


def test_sysctls():
    asked = pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]})
    assert admit.refusal(asked, [], ROOM, ())[0] == "SysctlForbidden"
