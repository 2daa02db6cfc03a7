"""Events: the same again is counted, a flood is cut."""

from picok8s.reconcile.events import BURST, Recorder
from picok8s.reconcile.writes import Create, Event, Patch
from tests.make import pod


def test_the_same_event_is_counted():
    recorder, event = Recorder("tester"), Event(pod("a"), "Normal", "Pulled", "image is there")
    first = recorder.note(event, 100)
    assert isinstance(first, Create) and first.obj["count"] == 1
    recorder.written(first.obj)
    again = recorder.note(event, 101)
    assert isinstance(again, Patch) and again.patch["count"] == 2


def test_messages_that_differ_are_combined_from_the_tenth_on():
    recorder = Recorder("tester")
    made = [recorder.note(Event(pod("a"), "Warning", "Failed", f"message {n}"), 100) for n in range(12)]
    assert made[9].obj["message"] == "message 9"
    assert made[10].obj["message"] == "(combined from similar events): message 10"


def test_a_flood_about_one_object_is_cut():
    recorder = Recorder("tester")
    made = [recorder.note(Event(pod("a"), "Normal", f"Reason{n}", "m"), 100) for n in range(BURST + 5)]
    assert sum(write is not None for write in made) == BURST
    assert recorder.note(Event(pod("b"), "Normal", "Other", "m"), 100) is not None
    assert recorder.note(Event(pod("a"), "Normal", "Later", "m"), 100 + 301) is not None
