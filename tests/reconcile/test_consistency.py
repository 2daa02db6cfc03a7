"""A key is held until the View has shown its own writes."""

from picok8s.reconcile.consistency import Awaited, Held
from tests.make import pod


class Shown:
    def __init__(self, revision: str, *objects: dict) -> None:
        self.at, self.objects = revision, {o["metadata"]["name"]: o for o in objects}

    def get(self, resource: str, name: str, namespace: str = ""):
        return self.objects.get(name)

    def revision(self, resource: str) -> str:
        return self.at


def test_waits_for_the_newest_revision_that_it_wrote():
    awaited = Awaited()
    awaited.wrote("pods", "7")
    awaited.wrote("pods", "5")
    assert not awaited.settle(Shown("6"))
    assert awaited.settle(Shown("7"))


def test_waits_until_what_it_deleted_is_gone_or_marked():
    awaited = Awaited()
    awaited.removed("pods", pod("a"))
    assert not awaited.settle(Shown("9", pod("a")))
    assert awaited.settle(Shown("9", pod("a", deleted=True)))
    awaited.removed("pods", pod("a"))
    assert awaited.settle(Shown("9", pod("a", uid="another")))


def test_a_hold_ends_at_last():
    held, awaited = Held(), Awaited()
    awaited.wrote("pods", "7")
    held.hold("key", awaited, until=10)
    assert held.release(Shown("6"), 9) == []
    assert held.next_moment() == 10
    assert held.release(Shown("6"), 10) == ["key"]
