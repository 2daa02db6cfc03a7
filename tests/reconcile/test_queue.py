"""The queue: each key once, never twice at a time, failures ever later."""

from picok8s.reconcile.queue import BACKOFF_MAX_SECONDS, Queue


def test_a_key_waits_once_however_often_it_is_added():
    queue = Queue()
    for key in "abab":
        queue.add(key)
    assert [queue.take(0), queue.take(0), queue.take(0)] == ["a", "b", None]


def test_a_key_that_becomes_due_while_it_runs_runs_again_afterwards():
    queue = Queue()
    queue.add("a")
    queue.take(0)
    queue.add("a")
    assert queue.take(0) is None
    queue.done("a")
    assert queue.take(0) == "a"


def test_failures_double_the_pause_up_to_a_bound():
    queue = Queue()
    pauses = []
    for _ in range(30):
        queue.add("a")
        queue.take(0)
        pauses.append(queue.failed("a", 0))
    assert pauses[:4] == [0.005, 0.01, 0.02, 0.04]
    assert pauses[-1] == BACKOFF_MAX_SECONDS


def test_success_forgets_failures():
    queue = Queue()
    queue.add("a")
    queue.take(0)
    queue.failed("a", 0)
    assert queue.take(1) == "a"
    queue.done("a")
    queue.add("a")
    queue.take(1)
    assert queue.failed("a", 1) == 0.005


def test_a_delayed_key_keeps_its_earliest_moment():
    queue = Queue()
    queue.add_at("a", 9)
    queue.add_at("a", 5)
    queue.add_at("a", 7)
    assert queue.next_moment() == 5
    assert queue.take(4.9) is None
    assert queue.take(5) == "a"
    assert queue.next_moment() is None
