"""Which resolver comes next."""

from picok8s.dns.resolvers import SILENT_S, Resolvers


def test_who_was_silent_comes_last_for_a_while():
    two = Resolvers(("a", "b"))
    two.failed("a", now=100)
    assert two.order(101) == ("b", "a")
    assert two.order(100 + SILENT_S) == ("a", "b")


def test_while_all_are_silent_one_question_tries():
    one = Resolvers(("a",))
    one.failed("a", now=100)
    assert one.all_silent(101) and one.order(101) == ("a",)
    one.probing = 1
    assert one.order(101) == ()
    one.answered("a")
    assert one.order(101) == ("a",)


def test_none():
    assert Resolvers().order(0) == ()
