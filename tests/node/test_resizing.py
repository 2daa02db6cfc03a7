"""Resources changed in place."""

from dataclasses import replace

from picok8s.node import commands as do
from picok8s.node import resizing, status
from tests.node.test_pods import needs
from tests.node.test_status import MACHINE
from tests.node.test_step import NOW, pod, ran, seen

SMALL, LARGE = needs(requests={"cpu": "100m"}), needs(requests={"cpu": "200m"})
RUN = replace(ran("c"), resources=resizing.text(SMALL))


def test_nothing_to_do_while_they_are_the_same():
    assert resizing.commands(pod(SMALL), seen(RUN), NOW) == []
    assert resizing.commands(pod(LARGE), seen(ran("c")), NOW) == []  # Made by somebody else: left alone.


def test_a_change_is_made_in_place_or_by_a_restart():
    assert resizing.commands(pod(LARGE), seen(RUN), NOW) == [do.Resize("c-0", "c")]
    rule = {"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]}
    (stop,) = resizing.commands(pod({**LARGE, **rule}), seen(RUN), NOW)
    assert isinstance(stop, do.StopContainer)


def test_what_was_changed_is_remembered():
    assert resizing.commands(pod(LARGE), seen(RUN, resized={"c-0": resizing.text(LARGE)}), NOW) == []


def test_the_status_tells_of_it():
    made = status.status(pod(LARGE), seen(RUN), MACHINE, NOW)
    assert made["conditions"][0]["type"] == "PodResizeInProgress"
    assert made["containerStatuses"][0]["resources"]["requests"]["cpu"] == "100m"
    refused = status.status(pod(LARGE), seen(RUN, resize_refusal=("Deferred", "full")), MACHINE, NOW)
    assert (refused["conditions"][0]["type"], refused["conditions"][0]["reason"]) == ("PodResizePending", "Deferred")
