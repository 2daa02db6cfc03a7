"""Ends of containers are told once, and not to who went away."""

from picok8s.node.ends import Ends


def test_each_is_told_once_unless_it_left():
    ends, heard = Ends(), []
    ends.at("a", lambda: heard.append(1))
    leave = ends.at("a", lambda: heard.append(2))
    leave()
    ends.tell("a")
    ends.tell("a")
    assert heard == [1]
