"""The scheduling queue: priority first, failures wait for a change and a while."""

from picok8s.scheduler.queue import Queue
from tests.make import pod


def fail(queue, now):
    entry = queue.take(now)
    queue.failed(entry, now, frozenset(), queue.moves)
    return entry


def test_higher_priority_first_then_the_older():
    queue = Queue()
    for name, priority in (("a", 0), ("b", 5), ("c", 0)):
        queue.add(pod(name, priority=priority), now=1)
    assert [queue.take(1).pod["metadata"]["name"] for _ in range(3)] == ["b", "a", "c"]


def test_what_found_no_node_waits_for_a_change_and_its_backoff():
    queue = Queue()
    queue.add(pod("a"), 0)
    fail(queue, 0)
    assert queue.take(100) is None
    queue.move(0.5)
    assert queue.take(0.9) is None
    assert queue.next_moment() == 1
    assert queue.take(1) is not None


def test_a_change_during_the_decision_is_not_missed():
    queue = Queue()
    queue.add(pod("a"), 0)
    entry = queue.take(0)
    begun = queue.moves
    queue.move(0)
    queue.failed(entry, 0, frozenset(), begun)
    assert queue.take(1) is entry


def test_after_five_minutes_it_is_tried_anyway():
    queue = Queue()
    queue.add(pod("a"), 0)
    fail(queue, 0)
    assert queue.next_moment() == 300
    assert queue.take(300) is not None


def test_a_deleted_pod_is_forgotten():
    queue = Queue()
    queue.add(pod("a"), 0)
    entry = queue.take(0)
    queue.drop("a-uid")
    queue.failed(entry, 0, frozenset(), queue.moves)
    queue.move(10)
    assert queue.take(100) is None
