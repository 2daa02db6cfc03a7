"""Waits between restarts: none at first, then doubling, forgotten after a long run."""

from dataclasses import replace

from picok8s.node import waits
from picok8s.node.state import EXITED
from tests.node.test_step import ran

SHORT = replace(ran("c", EXITED), started=100.0, finished=101.0)


def test_waits_double_up_to_five_minutes():
    wait, seen = None, []
    for _ in range(8):
        wait = waits.after_exit(SHORT, wait)
        seen.append(wait.wait)
    assert seen == [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]


def test_a_long_run_forgets_the_waits():
    third = waits.after_exit(SHORT, waits.after_exit(SHORT, None))
    assert third.until == 111.0
    assert waits.after_exit(replace(SHORT, finished=700.0), third).wait == 0.0


def test_only_what_can_be_edited_changes_the_mark():
    one = waits.container_hash({"name": "c", "image": "a", "resources": {}})
    assert one == waits.container_hash({"name": "c", "image": "a"}) != waits.container_hash({"name": "c", "image": "b"})
