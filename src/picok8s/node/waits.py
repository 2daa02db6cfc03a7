"""The waits between two tries, and the mark by which a container is seen to have changed. Pure."""

import hashlib
from typing import Any

from picok8s.node.state import Backoff, Container, Trouble

Object = dict[str, Any]

FIRST_SECONDS, LONGEST_SECONDS = 10.0, 300.0
FORGET_SECONDS = 600.0  # A container that ran for so long starts its waits from the beginning.


def is_due(trouble: Trouble | None, now: float) -> bool:
    return trouble is None or now >= trouble.retry_at


def after_exit(last: Container, old: Backoff | None) -> Backoff:
    """The wait after a run ended: none the first time, then 10 s, doubling up to 5 minutes."""
    if old is None or last.finished - last.started >= FORGET_SECONDS:
        return Backoff(wait=0.0, until=0.0, next=FIRST_SECONDS)
    return Backoff(wait=old.next, until=last.finished + old.next, next=doubled(old.next))


def doubled(old: float) -> float:
    """The next wait after one of `old` seconds (0: there was none)."""
    return min(old * 2, LONGEST_SECONDS) if old else FIRST_SECONDS


def container_hash(container: Object) -> str:
    """Changes with what a running container cannot take over: only its image can be edited, of what is in its spec."""
    text = f"{container['name']}\0{container.get('image', '')}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]
