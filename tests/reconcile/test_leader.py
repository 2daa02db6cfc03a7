"""Leader election: who may write the lease, and when."""

from picok8s.reconcile.leader import Candidate, look, release, step

ME = Candidate("me", "controllers")


def test_makes_a_lease_that_is_missing():
    lease = step(ME, None, 100)
    assert lease["spec"]["holderIdentity"] == "me" and "resourceVersion" not in lease["metadata"]
    assert lease["spec"]["leaseTransitions"] == 0


def test_leaves_another_holder_alone_until_it_is_silent():
    lease = step(Candidate("other", "controllers"), None, 100)
    seen = look(ME, lease, 200)
    assert step(seen, lease, 214) is None
    assert step(look(seen, lease, 214), lease, 216)["spec"]["leaseTransitions"] == 1


def test_a_sign_of_life_starts_the_wait_anew():
    first = step(Candidate("other", "controllers"), None, 100)
    second = step(Candidate("other", "controllers"), first, 110)
    seen = look(look(ME, first, 200), second, 210)
    assert step(seen, second, 216) is None


def test_a_released_lease_is_free_at_once():
    lease = release(step(Candidate("other", "controllers"), None, 100), 101)
    assert step(look(ME, lease, 101), lease, 101)["spec"]["holderIdentity"] == "me"
