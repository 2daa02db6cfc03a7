"""The cache keeps what it was told to, for as long as it was told to, within its bounds."""

from picok8s.dns.cache import BYTES_MAX, LIFE_MAX_S, REPLIES_MAX, Cache
from picok8s.dns.forward import Reply


def reply(ttl, size=50):
    return Reply(b"x" * size, 0, ttl, (), 0)


def key(name):
    return (name, 1, 1, False, False, 0)


def test_until_its_time():
    cache = Cache()
    cache.put(key("a"), reply(10), now=100)
    assert cache.get(key("a"), 104.5)[1] == 4
    assert cache.get(key("a"), 110) is None and cache.bytes == 0


def test_never_for_long_and_not_at_all_without_a_ttl():
    cache = Cache()
    cache.put(key("a"), reply(86400), now=0)
    cache.put(key("b"), reply(0), now=0)
    assert cache.get(key("a"), LIFE_MAX_S) is None and cache.get(key("b"), 0) is None


def test_bounds():
    cache = Cache()
    for number in range(REPLIES_MAX + 10):
        cache.put(key(str(number)), reply(60), now=0)
    assert len(cache.kept) == REPLIES_MAX and cache.get(key("0"), 0) is None
    for number in range(100):
        cache.put(key(f"big-{number}"), reply(60, size=60000), now=0)
    assert cache.bytes <= BYTES_MAX and cache.get(key("big-99"), 0)
