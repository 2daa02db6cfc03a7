"""How long something takes, in the short words that people read: `5m3s`, `2d`, `3y40d`."""

from picok8s.api import moment

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400

UNKNOWN, INVALID = "<unknown>", "<invalid>"


def short(seconds: float) -> str:
    """At most two units, and the smaller one only while it matters."""
    whole = int(seconds)
    if whole < -1:
        return INVALID
    if whole < 2 * MINUTE:
        return f"{max(whole, 0)}s"
    if whole < 10 * MINUTE:
        return _two(whole, MINUTE, "m", 1, "s")
    if whole < 3 * HOUR:
        return f"{whole // MINUTE}m"
    if whole < 8 * HOUR:
        return _two(whole, HOUR, "h", MINUTE, "m")
    if whole < 2 * DAY:
        return f"{whole // HOUR}h"
    if whole < 8 * DAY:
        return _two(whole, DAY, "d", HOUR, "h")
    if whole < 2 * YEAR:
        return f"{whole // DAY}d"
    if whole < 8 * YEAR:
        return _two(whole, YEAR, "y", DAY, "d")
    return f"{whole // YEAR}y"


def _two(whole: int, unit: int, word: str, smaller: int, smaller_word: str) -> str:
    rest = whole % unit // smaller
    return f"{whole // unit}{word}" + (f"{rest}{smaller_word}" if rest else "")


def since(time: str | None, now: float) -> str:
    """The age of what happened at `time`, a Time or MicroTime of an object."""
    return short(now - moment.seconds(time)) if time else UNKNOWN
